import Foundation

/// Why a list of questions cannot be worked through at all. What is wrong with one question stands in the output instead.
public enum BatchError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unreadable(path: String, reason: String)
    case tooLarge(path: String, limit: Int)
    case noQuestions(path: String)
    case noPictures(path: String)
    case duplicateID(id: String, file: String, firstLine: Int, secondLine: Int)
    /// A question already has the member that its answer is to be written to.
    case takenMember(name: String, file: String, line: Int)
    /// A line of the output that answers none of the questions.
    case foreignLine(path: String, line: Int, reason: String)
    /// Answers that another model gave, or the same one in another way.
    case madeOtherwise(path: String, differing: [String])
    case busy(path: String)
    case notAFile(path: String)
    case unwritable(path: String, reason: String)
    case badShare(name: String, found: String, expected: String)
    /// A share of the work was asked for, but its answers have no file in which they meet the others.
    case shareWithoutFile(rank: Int, count: Int)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .tooLarge(let path, let limit): "\(path) has more than \(limit) bytes; split it"
        case .noQuestions(let path): "\(path) holds no questions; give one JSON object a line, with id, image and instruction"
        case .noPictures(let path): "there is no JPEG, PNG, WebP or GIF picture in \(path); give a folder of pictures, or picture files"
        case .duplicateID(let id, let file, let first, let second):
            "\(file) has the id \(id) twice, in lines \(first) and \(second); give every question an id of its own"
        case .takenMember(let name, let file, let line):
            "\(file) line \(line) already has a member \"\(name)\", which the output adds; rename it, or give the file without answers"
        case .foreignLine(let path, let line, let reason):
            "\(path) line \(line) does not belong to these questions (\(reason)); choose another output, or remove this file to begin again"
        case .madeOtherwise(let path, let differing):
            "\(path) was made with another \(differing.joined(separator: " and another ")); choose another output, or remove this file to begin again"
        case .busy(let path): "another run is writing \(path); wait for it, or choose another output"
        case .notAFile(let path): "\(path) is a folder or a device; choose a file to write the answers to"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .badShare(let name, let found, let expected): "\(name) is \(found); expected \(expected)"
        case .shareWithoutFile(let rank, let count):
            "this is process \(rank) of \(count) that share the work; give all of them one output file, in which the answers meet"
        }
    }

    public var errorDescription: String? { description }

    static func system(_ path: String, code: Int32 = errno) -> BatchError {
        .unwritable(path: path, reason: String(cString: strerror(code)))
    }
}
