import BlipTestSupport
import Foundation
import Testing

@testable import BlipSceneModel

@Suite("Recorded scores") struct RecordedScoresTests {
    private func entry(_ set: String, _ value: Double, _ stderr: Double, count: Int = 100) -> RecordedScores.Entry {
        RecordedScores.Entry(set: set, metric: "accuracy", value: value, count: count, stderr: stderr, commit: "abc")
    }

    @Test("a score passes down to two standard errors below what was recorded")
    func margin() {
        let recorded = RecordedScores([entry("a", 0.8, 0.04), entry("b", 1, 0), entry("c", 0, 0)])
        #expect(recorded.sets == ["a", "b", "c"])
        #expect(recorded.complaints(measured(["a": 0.7201, "b": 0.99, "c": 0])).isEmpty)
        #expect(recorded.complaints(measured(["a": 1, "b": 1, "c": 0.4])).isEmpty, "better is never wrong")
        let complaints = recorded.complaints(measured(["a": 0.7199, "b": 0.98, "c": 0]))
        #expect(complaints.count == 2)
        #expect(complaints[0] == "a: accuracy was 0.8000 with a standard error of 0.0400, and is 0.7199")
    }

    private func measured(_ values: [String: Double]) -> [String: [String: Double]] { values.mapValues { ["accuracy": $0] } }

    @Test("what was not measured, or is no number, does not pass")
    func missing() {
        let recorded = RecordedScores([entry("a", 0.8, 0.04), entry("b", 0.5, 0.05)])
        #expect(recorded.complaints(measured(["a": .nan])).count == 2)
        #expect(recorded.complaints(measured(["a": 0.8])) == ["b: accuracy was not measured"])
        #expect(recorded.complaints(["a": ["cider": 0.8], "b": ["accuracy": 0.5]]) == ["a: accuracy was not measured"])
    }

    @Test(
        "a file that is no record is refused",
        arguments: [
            ("", "holds no recorded scores"), ("{}", "scores is missing"), (#"{"scores": [{"set": "a"}]}"#, "metric is missing"),
            (#"{"scores": [{"set": "a", "metric": "m", "value": 1, "count": 0, "stderr": 0, "commit": "c"}]}"#, "that none can be"),
            (#"{"scores": [{"set": "a", "metric": "m", "value": 1, "count": 1, "stderr": -1, "commit": "c"}]}"#, "that none can be"),
        ])
    func refused(_ text: String, _ reason: String) async throws {
        try await withTemporaryFolder { folder in
            try Data(text.utf8).write(to: folder.appendingPathComponent(RecordedScores.fileName))
            let error = try #require(throws: SceneModelError.self) { try RecordedScores(in: folder) }
            #expect(error.description.contains(reason) && error.description.contains("record them anew"), "\(error)")
        }
        await #expect(throws: SceneModelError.self) { try await withTemporaryFolder { try RecordedScores(in: $0) } }
    }

    @Test("a metric of a set stands in it once")
    func twice() async throws {
        try await withTemporaryFolder { folder in
            let data = try JSONEncoder().encode(RecordedScores([entry("a", 1, 0), entry("a", 1, 0)]))
            try data.write(to: folder.appendingPathComponent(RecordedScores.fileName))
            #expect(throws: SceneModelError.self) { try RecordedScores(in: folder) }
        }
    }
}
