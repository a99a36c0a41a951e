import Foundation
import Testing

@testable import BlipRuns

@Suite struct RunComparisonTests {
    private static func write(_ folder: URL, steps: Int, metrics: [String: Double]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = try RunLog(folder: folder)
        for step in 1...steps {
            let numbers = StepNumbers(loss: 3 / Double(step), learningRate: 1e-5, others: ["mine": 1])
            try log.append(RunLine(step: step, time: nil, .numbers(numbers)))
        }
        try log.append(RunLine(step: steps, time: nil, .validation(metrics: metrics)))
    }

    private static func withRuns(_ body: (URL) throws -> Void) throws {
        try withRunFolder { folder in
            try write(folder.appending(path: "a/small"), steps: 5, metrics: ["accuracy": 0.5, "loss": 1])
            try write(folder.appending(path: "a/large"), steps: 9, metrics: ["accuracy": 0.7])
            try write(folder.appending(path: "b/large"), steps: 2, metrics: ["cider": 80])
            try body(folder)
        }
    }

    @Test func `runs are found by their folder, their log, or the folder around them`() throws {
        try Self.withRuns { folder in
            let around = try RunComparison([folder.appending(path: "a")])
            #expect(around.runs.map(\.name) == ["large", "small"] && around.runs.map(\.history.lastStep) == [9, 5])
            let named = try RunComparison([
                folder.appending(path: "a/small/log.jsonl"), folder.appending(path: "b/large"), folder.appending(path: "a"),
            ])
            #expect(named.runs.map(\.name) == ["small", "b/large", "a/large"])
        }
    }

    @Test func `the loss and what runs were validated by are drawn, a panel each`() throws {
        try Self.withRuns { folder in
            let comparison = try RunComparison([folder.appending(path: "a"), folder.appending(path: "b")])
            #expect(comparison.chosenMetrics == ["loss", "accuracy", "cider"])
            #expect(comparison.metricNames == ["loss", "learning_rate", "mine", "accuracy", "cider"])
            let plot = try comparison.plot(smoothing: 0.6, hasLogarithmicAxis: true)
            #expect(plot.title == "3 runs" && plot.smoothing == 0.6 && plot.hasLogarithmicAxis)
            #expect(plot.panels.map(\.title) == ["loss", "accuracy", "cider"])
            #expect(plot.panels[0].curves.map(\.kind) == [.training, .training, .validation, .training])
            #expect(plot.panels[0].curves.map { $0.points.count } == [9, 5, 1, 2])
            #expect(plot.panels[2].curves == [Curve(run: "b/large", kind: .validation, points: [CurvePoint(step: 2, value: 80)])])
            let chosen = try comparison.plot(metrics: ["learning_rate"], title: "mine")
            #expect(chosen.title == "mine" && chosen.panels[0].curves.allSatisfy { $0.kind == .exact })
            #expect(try RunComparison([folder.appending(path: "a/small")]).plot().title == "small")
        }
    }

    @Test func `places without a run, and metrics that no run has, are errors`() throws {
        try Self.withRuns { folder in
            #expect(throws: RunError.noRuns) { try RunComparison([]) }
            #expect(throws: RunError.noRun(path: folder.path)) { try RunComparison([folder]) }
            #expect(throws: RunError.self) { try RunComparison([folder.appending(path: "none")]) }
            let comparison = try RunComparison([folder.appending(path: "b")])
            let known = ["loss", "learning_rate", "mine", "cider"]
            #expect(throws: RunError.unknownMetric(name: "bleu", known: known)) { try comparison.plot(metrics: ["loss", "bleu"]) }
        }
    }

    @Test func `an empty log is a run without data`() throws {
        try withRunFolder { folder in
            try Data().write(to: folder.appending(path: "log.jsonl"))
            let plot = try RunComparison([folder]).plot()
            #expect(plot.panels == [CurvePanel(title: "loss", curves: [])])
            #expect(plot.svg().contains("no data"))
        }
    }
}
