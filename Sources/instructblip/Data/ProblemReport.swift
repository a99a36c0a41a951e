import BlipData
import Foundation

/// The file in which a check writes every problem. It takes its name when it is complete.
struct ProblemReport {
    private let file: OutputFile

    init(_ path: String) throws { file = try OutputFile(URL(fileURLWithPath: path)) }

    private struct Line: Encodable {
        let kind: String
        let sample: Int
        let id: String?
        let message: String
    }

    private struct Last: Encodable {
        let samples: Int
        let problems: [String: Int]
    }

    func add(_ problem: SampleChecker.Problem) throws {
        try write(Line(kind: problem.kind.rawValue, sample: problem.index + 1, id: problem.id, message: problem.message))
    }

    func finish(samples: Int, _ counts: [SampleChecker.Kind: Int]) throws {
        try write(Last(samples: samples, problems: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })))
        try file.publish()
    }

    private func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try file.append([UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}
