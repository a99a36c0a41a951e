import BlipJSON
import Foundation

/// Why a data file, or one record of it, cannot be read or written. Offsets count bytes from the beginning of the file.
public enum RecordError: Error, Sendable, Equatable {
    /// The system refused; `code` is its `errno`.
    case system(operation: String, path: String, code: Int32)
    /// A folder, device or pipe, or a place on another machine, where a file is needed.
    case notAFile(path: String, found: String)
    /// A file in a compressed, UTF-16 or other form that is not read here.
    case unreadableForm(path: String, found: String, remedy: String)
    /// The file became shorter than it was when it was opened.
    case changed(path: String, offset: Int)
    /// The file's outer structure is broken, so that its records cannot be told apart.
    case structure(path: String, offset: Int, expected: String, found: String)
    /// Nothing stands at the place in the JSON document that was asked for. `members` are the names that do, the first few of them.
    case missingMember(path: String, member: String, members: [String])
    /// Something of another kind stands there.
    case wrongKind(path: String, member: String, expected: String, found: String, members: [String])
    /// A name on the way to the records stands twice in one object.
    case duplicateMember(path: String, member: String, offset: Int)
    case tooDeep(path: String, offset: Int, limit: Int)
    /// A record, a table's row or a name of more than `limit` bytes.
    case tooLong(place: String, limit: Int)
    /// One record is not JSON; the offset in `reason` counts from the record's first byte. The other records are readable.
    case brokenRecord(place: String, reason: JSONError)
    /// One record is not UTF-8. The other records are readable.
    case notText(place: String)
    /// One row has more fields than the table has columns. The other rows are readable.
    case wrongFieldCount(place: String, expected: Int, found: Int)
    case duplicateColumn(path: String, column: String)
    /// The table has no such column.
    case missingColumn(path: String, column: String, columns: [String])
    /// A tar archive is damaged or uses what is not read here.
    case tar(path: String, offset: Int, expected: String, found: String)
    /// A tar member cannot be written.
    case tarMember(path: String, member: String, expected: String, found: String)
}

extension RecordError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "Cannot \(operation) \(path): \(String(cString: strerror(code)))\(Self.remedy(for: code))"
        case .notAFile(let path, let found): "\(path) is \(found), where a file is needed"
        case .unreadableForm(let path, let found, let remedy): "\(path) is \(found); \(remedy)"
        case .changed(let path, let offset):
            "\(path) became shorter while it was read: nothing is left at byte \(offset); open it again when nobody writes into it"
        case .structure(let path, let offset, let expected, let found):
            "\(path) is broken at byte \(offset): expected \(expected), found \(found); fetch the file again if it was cut short"
        case .missingMember(let path, let member, let members):
            "\(path) has no member \(member); expected it beside \(Self.list(members))"
        case .wrongKind(let path, let member, let expected, let found, let members):
            "\(path): expected \(expected) as \(member), found \(found)"
                + (members.isEmpty ? "" : " with the members \(Self.list(members))") + "; is this the right file?"
        case .duplicateMember(let path, let member, let offset):
            "\(path) names \(member) twice (second time at byte \(offset)); remove one of them"
        case .tooDeep(let path, let offset, let limit):
            "\(path) is nested more than \(limit) deep at byte \(offset), which no data set is; is this the right file?"
        case .tooLong(let place, let limit):
            "\(place) is longer than \(limit) bytes; expected many short records, so look whether this is the right file and form"
        case .brokenRecord(let place, let reason): "\(place) is not JSON, counting bytes from there: \(reason)"
        case .notText(let place): "\(place) is not UTF-8 text; convert the file to UTF-8"
        case .wrongFieldCount(let place, let expected, let found):
            "\(place) has \(found) fields where the table has \(expected) columns; put fields that contain the separator in quotes"
        case .duplicateColumn(let path, let column): "\(path) names the column \"\(column)\" twice; rename one of them"
        case .missingColumn(let path, let column, let columns):
            "\(path) has no column \"\(column)\"; its columns are \(Self.list(columns))"
        case .tar(let path, let offset, let expected, let found):
            "\(path) is not a sound tar archive at byte \(offset): expected \(expected), found \(found); fetch or pack it again"
        case .tarMember(let path, let member, let expected, let found):
            "Cannot put \"\(member)\" into \(path): expected \(expected), found \(found)"
        }
    }

    public var errorDescription: String? { description }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    private static func remedy(for code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "; check the path"
        case EACCES, EPERM: "; give this user the right to read or write it"
        case ENOSPC, EDQUOT: "; free some space"
        case EMFILE, ENFILE: "; raise the limit of open files"
        default: ""
        }
    }
}
