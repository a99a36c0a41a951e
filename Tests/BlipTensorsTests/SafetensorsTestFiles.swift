import BlipJSON
import Foundation
import Testing

@testable import BlipTensors

/// A folder that goes away with this object.
final class ScratchFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "blip-safetensors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(at: url) } catch { Issue.record(error) }
    }

    func file(_ name: String) -> URL { url.appending(path: name) }

    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws -> URL {
        try Data(bytes).write(to: file(name))
        return file(name)
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: file(name))) }
}

enum SafetensorsFixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/safetensors")

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: bytes(name)) }

    /// A file from the text of its header.
    static func file(_ header: String, data: [UInt8] = []) -> [UInt8] { file(Array(header.utf8), data: data) }

    static func file(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
    }
}

extension SafetensorsHeader {
    init(_ bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { try SafetensorsHeader(parsing: $0, path: "test.safetensors") }
    }
}

/// SplitMix64, so that a failing mutation can be had again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What `body` throws, as text; an issue when it throws nothing or something else.
func safetensorsError(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as SafetensorsError {
        #expect(error.errorDescription == error.description)
        return error.description
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return ""
}

extension TensorBytes {
    var copied: [UInt8] { withBytes { Array($0) } }
}
