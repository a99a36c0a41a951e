import BlipJSON
import Foundation
import Testing

@testable import BlipMetrics

/// The files written by Scripts/fixtures/metrics.py.
enum MetricFixtures {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/metrics")

    static func json(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](try Data(contentsOf: folder.appending(path: name))))
    }

    /// Captions with their references, and what the official scorers gave for each.
    static func captions() throws -> (samples: [CaptionSample], document: JSONValue) {
        let document = try json("captions.json")
        let samples = try #require(document["samples"]?.array).map {
            CaptionSample(try #require($0["prediction"]?.string), references: try $0.strings("references"))
        }
        return (samples, document)
    }
}

extension JSONValue {
    func strings(_ key: String) throws -> [String] { try #require(self[JSONString(bytes: Array(key.utf8))]?.array).compactMap(\.string) }

    func numbers(_ key: String) throws -> [Double] { try #require(self[JSONString(bytes: Array(key.utf8))]?.array).compactMap(\.double) }

    func number(_ key: String) throws -> Double { try #require(self[JSONString(bytes: Array(key.utf8))]?.double) }
}

/// Whether two numbers are the same but for rounding.
func isClose(_ left: Double, _ right: Double, within tolerance: Double = 1e-9) -> Bool {
    abs(left - right) <= tolerance * max(1, abs(right))
}

/// Quick intervals for tests that do not look at them.
let quick = Bootstrap(resamples: 20)
