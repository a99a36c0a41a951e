import Foundation

/// Why a PyTorch file (`.pth`, `.pt`, `.bin`) was refused. Nothing in such a file is ever executed.
public enum PickleError: Error, Sendable, Equatable {
    /// The pickle names a class or function that no tensor needs; this is how malicious files run programs.
    case refusedGlobal(path: String, name: String, offset: Int)
    /// The pickle uses an instruction that files of tensors do not need.
    case refusedOpcode(path: String, name: String, offset: Int)
    case badPickle(path: String, offset: Int, expected: String, found: String)
    case tooLarge(path: String, what: String, limit: Int)
    case badArchive(path: String, record: String?, expected: String, found: String)
    case badStorage(path: String, storage: String, expected: String, found: String)
    case badTensor(path: String, tensor: String, expected: String, found: String)
    /// The file is of another kind.
    case notTensors(path: String, found: String)
}

extension PickleError: CustomStringConvertible, LocalizedError {
    public var errorDescription: String? { description }

    public var description: String {
        switch self {
        case .refusedGlobal(let path, let name, let offset):
            "\(path) is refused: its pickle asks for \(Self.quoted(name)) (at byte \(offset)), which no tensor needs and which could run a "
                + "program; get the file from its publisher, as safetensors if possible"
        case .refusedOpcode(let path, let name, let offset):
            "\(path) is refused: its pickle uses the instruction \(name) (at byte \(offset)), which files of tensors do not need; "
                + "save it again with torch.save(model.state_dict(), ...)"
        case .badPickle(let path, let offset, let expected, let found):
            "\(path) is damaged: at byte \(offset) of its pickle, expected \(expected), found \(found); fetch the file again"
        case .tooLarge(let path, let what, let limit):
            "\(path) is refused: \(what) exceeds the limit of \(limit); files of tensors stay far below it"
        case .badArchive(let path, let record, let expected, let found):
            "\(path) is not a whole PyTorch file: " + (record.map { "record \(Self.quoted($0)): " } ?? "")
                + "expected \(expected), found \(found); fetch the file again"
        case .badStorage(let path, let storage, let expected, let found):
            "\(path): storage \(Self.quoted(storage)): expected \(expected), found \(found); fetch the file again"
        case .badTensor(let path, let tensor, let expected, let found):
            "\(path): tensor \(Self.quoted(tensor)): expected \(expected), found \(found)"
        case .notTensors(let path, let found):
            "\(path) is \(found), expected a file that torch.save wrote"
        }
    }

    /// A name out of a file, which may be hostile: shortened, with control characters escaped.
    static func quoted(_ text: String) -> String { SafetensorsError.quoted(text) }
}
