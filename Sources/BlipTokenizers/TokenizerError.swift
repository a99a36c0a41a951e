import Foundation

/// Why a tokenizer could not be opened or used.
public enum TokenizerError: Error, Equatable, CustomStringConvertible, LocalizedError {
    /// The folder holds none of the files a tokenizer can be read from.
    case noTokenizer(folder: String, lookedFor: [String])
    case unreadable(file: String, reason: String)
    /// A file that is no JSON.
    case broken(file: String, reason: String)
    case tooLarge(file: String, bytes: Int, limit: Int)
    /// Something in a file is not what the format asks for.
    case malformed(file: String, place: String, expected: String, found: String)
    /// A component this module does not implement.
    case unsupported(file: String, place: String, kind: String, known: [String])
    case noPaddingToken
    case rowTooLong(row: Int, count: Int, length: Int)
    case cannotWrite(file: String, reason: String)
    case invalidRequest(reason: String)

    public var description: String {
        switch self {
        case .noTokenizer(let folder, let lookedFor):
            "\(folder) holds no tokenizer: put one of \(lookedFor.joined(separator: ", ")) there"
        case .unreadable(let file, let reason): "cannot read \(file): \(reason); check that the file exists and is complete"
        case .broken(let file, let reason): "cannot read \(file): \(reason); download or save the file again"
        case .tooLarge(let file, let bytes, let limit):
            "\(file) has \(bytes) bytes, more than the \(limit) a tokenizer may have; is it the right file?"
        case .malformed(let file, let place, let expected, let found):
            "\(file) is broken at \(place): expected \(expected), found \(found); download or save the file again"
        case .unsupported(let file, let place, let kind, let known):
            "\(file) asks at \(place) for \"\(kind)\", which is not supported; supported: \(known.joined(separator: ", "))"
        case .noPaddingToken: "the tokenizer has no padding token: set pad_token in tokenizer_config.json, or encode one text at a time"
        case .rowTooLong(let row, let count, let length):
            "row \(row) has \(count) tokens and cannot be padded to \(length): truncate it first (maximumLength) or pad to a greater length"
        case .cannotWrite(let file, let reason): "cannot write \(file): \(reason); check the folder and the free space"
        case .invalidRequest(let reason): reason
        }
    }

    public var errorDescription: String? { description }
}
