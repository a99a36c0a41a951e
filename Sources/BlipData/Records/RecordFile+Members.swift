import BlipJSON
import Foundation

extension RecordFile {
    /// One value elsewhere in a JSON file, such as `["info"]`; nil if a name on the way to it is missing.
    ///
    /// The file is read up to that value and no further, so this is for small members; a value of more than 256 MB is an error.
    public static func jsonValue(_ url: URL, at keys: [String]) throws(RecordError) -> JSONValue? {
        var finder = try finder(url)
        do throws(RecordError) {
            try finder.enter(keys)
        } catch .missingMember {
            return nil
        }
        let bytes = try finder.valueBytes(isMember: !keys.isEmpty)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .brokenRecord(place: "\(url.lastPathComponent), \(RecordFinder.shown(keys))", reason: error)
        }
    }

    /// The names of the members of the object at a path, the first 24; empty if an array or another value stands there.
    ///
    /// Tells file forms apart before one is chosen. Reads up to the last of these members.
    public static func jsonMemberNames(_ url: URL, at keys: [String] = []) throws(RecordError) -> [String] {
        var finder = try finder(url)
        try finder.enter(keys)
        return try finder.memberNames(limit: RecordFinder.listedNames)
    }

    private static func finder(_ url: URL) throws(RecordError) -> RecordFinder {
        try RecordFinder(
            DataFile(url), .jsonArray(), keepsBytes: true, chunkSize: ByteSource.usualChunkSize,
            recordLimit: RecordFile.usualRecordLimit)
    }
}
