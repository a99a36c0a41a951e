import BlipImages
import BlipJSON
import Foundation
import Testing

/// The files written by Scripts/fixtures/images.py.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/images")

    /// The files written by Scripts/fixtures/augmentation.py.
    static let augmentation = folder.deletingLastPathComponent().appending(path: "augmentation")

    static func bytes(_ name: String, in folder: URL = folder) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    static func json(_ name: String, in folder: URL = folder) throws -> JSONValue { try JSONValue(parsing: try bytes(name, in: folder)) }

    static func entries(_ name: String, in folder: URL = folder) throws -> [Entry] {
        try #require(try json(name, in: folder).array).map(Entry.init(json:))
    }

    /// One object of a list of references.
    struct Entry {
        let json: JSONValue

        func integer(_ key: JSONString) throws -> Int { try #require(json[key]?.integer) }
        func text(_ key: JSONString) throws -> String { try #require(json[key]?.string) }

        /// Compares with the reference: byte by byte where it is stored, else by checksum.
        func check(_ bytes: [UInt8], in store: [UInt8], _ label: String) throws {
            let count = try integer("count")
            #expect(bytes.count == count, "\(label)")
            if let offset = json["offset"]?.integer {
                let expected = store[offset..<offset + count]
                let wrong = zip(bytes, expected).filter { $0 != $1 }.count
                let most = zip(bytes, expected).map { abs(Int($0) - Int($1)) }.max() ?? 0
                #expect(wrong == 0, "\(label): \(wrong) of \(count) bytes differ, by up to \(most)")
            }
            #expect(checksum(bytes) == (try text("checksum")), "\(label)")
        }
    }

    /// FNV-1a with 64 bits, in hexadecimal.
    static func checksum(_ bytes: [UInt8]) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        bytes.withUnsafeBufferPointer { bytes in
            for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The noise that the script makes from the same seed.
    static func noise(width: Int, height: Int, seed: Int) -> RGBImage {
        var state = UInt32(truncatingIfNeeded: seed)
        let count = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for i in 0..<count {
                state = state &* 1_664_525 &+ 1_013_904_223
                target[i] = UInt8(state >> 24)
            }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}

/// Runs a test with a new folder, which is removed afterwards.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "BlipImages-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result = Result { try body(folder) }
    try FileManager.default.removeItem(at: folder)
    try result.get()
}

/// A small generator with a fixed seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
