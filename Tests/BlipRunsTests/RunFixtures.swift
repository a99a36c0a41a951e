import BlipJSON
import Foundation
import Testing

@testable import BlipRuns

/// The files written by Scripts/fixtures/event_files.py.
enum RunFixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/runs")

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    static func cases(_ name: String) throws -> [JSONValue] { try #require(try JSONValue(parsing: try bytes(name)).array) }
}

/// Runs a test with a new folder, which is removed afterwards.
func withRunFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "BlipRuns-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result = Result { try body(folder) }
    try FileManager.default.removeItem(at: folder)
    try result.get()
}

func numbers(_ step: Int, loss: Double) -> RunLine { RunLine(step: step, time: 1e9 + Double(step), .numbers(StepNumbers(loss: loss))) }

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
