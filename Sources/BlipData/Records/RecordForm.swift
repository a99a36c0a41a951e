import BlipJSON

/// How a file is divided into records.
public enum RecordForm: Sendable, Equatable {
    /// The elements, of any kind, of the JSON array at a path of member names; `[]` is the document itself.
    case jsonArray(at: [String] = [])
    /// The members of the JSON object at a path of member names.
    case jsonMembers(at: [String] = [])
    /// The lines that hold more than white space.
    case lines
    /// The rows of a table (RFC 4180), the header first; a quoted field may hold line breaks. Empty lines are left out.
    case rows(FieldSeparator)
}

/// What stands between the fields of a table.
public enum FieldSeparator: UInt8, Sendable {
    case comma = 0x2C
    case tab = 0x09
    case semicolon = 0x3B
    case bar = 0x7C
}

/// One record as it stands in its file.
public struct Record: Sendable {
    /// Counted from 0.
    public let index: Int
    /// Place of the first byte in the file; of a member of an object, the place of its name.
    public let offset: Int
    /// Line on which the record begins, counted from 1; nil in a JSON document, and where ``RecordFile`` does not know it.
    public let line: Int?
    /// The value's bytes, without white space around JSON and without the line's end.
    public let bytes: [UInt8]
    /// The member's name; nil for other forms.
    public let key: String?
    /// File, index and offset, for messages.
    public let place: String

    /// The bytes as JSON.
    public func json() throws(RecordError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .brokenRecord(place: place, reason: error)
        }
    }

    /// The bytes as text.
    public func text() throws(RecordError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(place: place) }
        return text
    }
}
