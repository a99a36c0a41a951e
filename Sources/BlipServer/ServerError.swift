public import Foundation

/// Why a server does not start.
public enum ServerError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// Other machines could use it without a key.
    case openToOthers(host: String)
    case badSetting(name: String, found: String, expected: String)
    case cannotListen(host: String, port: Int, reason: String)
    case pageMissing(bundle: String, program: String)
    case modelFailed(name: String, reason: String)

    public var description: String {
        switch self {
        case .openToOthers(let host):
            "\(host) can be reached from other machines, and there is no key; give one, or listen at 127.0.0.1"
        case .badSetting(let name, let found, let expected): "\(name) is \(found); expected \(expected)"
        case .cannotListen(let host, let port, let reason):
            "cannot listen at \(host), port \(port): \(reason); choose another address or port, or end the program that has it"
        case .pageMissing(let bundle, let program):
            "the page is not beside this program; copy the folder \(bundle), which the build left beside the program, to \(program)"
        case .modelFailed(let name, let reason): "the model \(name) cannot be opened: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}
