import BlipJSON
import Foundation
import Testing

/// The files written by Scripts/fixtures/records.py.
enum RecordFixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/records")

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: try bytes(name)) }

    static func entries(_ name: String) throws -> [JSONValue] { try #require(try json(name).array) }
}

/// A small generator with a fixed seed (SplitMix64).
struct RecordGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// The same file again and again with other bytes.
struct ScratchFile {
    let url: URL

    func write(_ bytes: [UInt8]) throws -> URL {
        try Data(bytes).write(to: url)
        return url
    }
}
