import BlipJSON
import Foundation

/// The shards that a name with braces stands for: `train-{000000..000099}.tar`, `{a,b}.tar`.
enum ShardNames {
    static let limit = 1_000_000

    /// - Throws: ``DataError/unknownFormat(path:reason:)`` for braces that are no range and no list.
    static func expanded(_ pattern: String) throws(DataError) -> [String] {
        guard let open = pattern.firstIndex(of: "{") else { return [pattern] }
        guard let close = pattern[open...].firstIndex(of: "}") else { throw .unknownFormat(path: pattern, reason: "a \"{\" is not closed") }
        let inner = pattern[pattern.index(after: open)..<close]
        let tails = try expanded(String(pattern[pattern.index(after: close)...]))
        let middles = try inner.contains(",") ? inner.split(separator: ",").map(String.init) : range(inner, pattern)
        let (count, overflow) = middles.count.multipliedReportingOverflow(by: tails.count)
        guard !overflow, count <= limit else { throw .unknownFormat(path: pattern, reason: "it stands for more than \(limit) shards") }
        return middles.flatMap { middle in tails.map { pattern[..<open] + middle + $0 } }
    }

    /// Numbers are written with as many digits as the longer of the ends.
    private static func range(_ text: Substring, _ pattern: String) throws(DataError) -> [String] {
        let ends = text.split(separator: ".", omittingEmptySubsequences: false)
        guard ends.count == 3, ends[1].isEmpty, let first = number(ends[0]), let last = number(ends[2]), first <= last else {
            throw .unknownFormat(path: pattern, reason: "expected a range such as {000000..000099} or a list such as {a,b} in braces")
        }
        guard last - first < limit else { throw .unknownFormat(path: pattern, reason: "it stands for more than \(limit) shards") }
        let isPadded = (ends[0].first == "0" && ends[0].count > 1) || ends[0].count == ends[2].count
        let width = isPadded ? max(ends[0].count, ends[2].count) : 0
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// The list of a dataset's shards, as webdataset's index files have it (`wids-shard-index-v1`).
struct ShardList {
    static let kind = "wids-shard-index-v1"

    struct Shard {
        var file: String
        var samples: Int
        var bytes: Int
    }

    var shards: [Shard]

    /// The paths in a list's file, which lie beside it.
    static func paths(_ url: URL) throws -> [String] {
        let list = RecordFields(try RecordFile.jsonValue(url, at: []) ?? .null, place: url.lastPathComponent)
        let places = PicturePlaces(url.deletingLastPathComponent().path)
        return try list.objects("shardlist").map { try places.path($0.text("url"), $0) }
    }

    var text: String {
        var line = JSONLine()
        line.add("__kind__", .text(Self.kind))
        line.add("wids_version", .integer(1))
        line.add(
            "shardlist",
            .array(
                shards.map {
                    .object(JSONObject([("url", .text($0.file)), ("nsamples", .integer($0.samples)), ("filesize", .integer($0.bytes))]))
                }))
        return line.text ?? ""
    }
}
