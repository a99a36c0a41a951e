import Foundation

/// `fuzz TARGET [options of libFuzzer] [folders of inputs]`, and `fuzz TARGET FILE ...` to run single inputs again.
@main
enum Command {
    /// Set once, before the first input.
    nonisolated(unsafe) static var target: any FuzzTarget.Type = ImagesTarget.self

    static func main() {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        guard let found = FuzzTargets.all.first(where: { $0.name == name }) else {
            FileHandle.standardError.write(Data("fuzz: the first argument must be one of \(FuzzTargets.all.map(\.name).joined(separator: ", "))\n".utf8))
            exit(64)
        }
        target = found
        // libFuzzer keeps the arguments for as long as it runs, and that is until the end.
        let rest = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
        var count = CInt(rest.count)
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: rest.count + 1)
        for (place, argument) in rest.enumerated() { list[place] = strdup(argument) }
        list[rest.count] = nil
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = list
        exit(
            runFuzzer(&count, &arguments) { bytes, count in
                Command.target.run(UnsafeBufferPointer(start: bytes, count: count))
                return 0
            })
    }
}

/// What is given bytes.
protocol FuzzTarget {
    static var name: String { get }
    /// Reads the bytes as what they say they are. Ends the program where something holds that must not.
    static func run(_ bytes: UnsafeBufferPointer<UInt8>)
}

enum FuzzTargets {
    static let all: [any FuzzTarget.Type] = [ImagesTarget.self, ClipsTarget.self, SafetensorsTarget.self, TokenizersTarget.self, JSONTarget.self]
}

/// libFuzzer's own loop; it comes with the sanitizer's library.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
