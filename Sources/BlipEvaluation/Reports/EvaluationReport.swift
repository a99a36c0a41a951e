import BlipData
public import BlipMetrics
public import Foundation

/// Everything that a run over some benchmarks came to, ready to be written down.
public struct EvaluationReport: Sendable {
    /// A benchmark's part.
    public struct Part: Sendable {
        public let benchmark: EvaluationBenchmark
        public let samples: EvaluationSamples
        public let outcomes: EvaluationRun.Outcomes
        public let scores: BenchmarkScores

        public init(_ benchmark: EvaluationBenchmark, _ samples: EvaluationSamples, _ outcomes: EvaluationRun.Outcomes) throws {
            (self.benchmark, self.samples, self.outcomes) = (benchmark, samples, outcomes)
            scores = try BenchmarkScores(benchmark, samples, outcomes)
        }

        /// The value that stands for the benchmark, as papers print it: percent, or CIDEr times 100.
        public var printed: Double { 100 * (scores.metrics.first?.value ?? .nan) }

        /// The metrics of tables: the one that stands for the benchmark and, of captions of scenes, what of them is right.
        public var tabulated: [MetricScore] {
            scores.metrics.prefix(1) + scores.metrics.dropFirst().filter { $0.name == MetricCatalog.captionFacts.name }
        }
    }

    /// What was evaluated, and how.
    public struct Subject: Sendable {
        /// As the user named it.
        public var model: String
        /// Type, quantisation, batch and so on: whatever changes the numbers or the time.
        public var arguments: [String: String]
        /// The row of the paper's table that it is; nil for others.
        public var publishedRow: String?
        public var commit: String?
        public var versions: [String: String]

        public init(
            model: String, arguments: [String: String] = [:], publishedRow: String? = nil, commit: String? = nil,
            versions: [String: String] = [:]
        ) {
            (self.model, self.arguments, self.publishedRow) = (model, arguments, publishedRow)
            (self.commit, self.versions) = (commit, versions)
        }
    }

    public let subject: Subject
    public let parts: [Part]
    public let start: Date
    public let end: Date

    public init(_ subject: Subject, _ parts: [Part], start: Date, end: Date) {
        (self.subject, self.parts, self.start, self.end) = (subject, parts, start, end)
    }

    /// Samples without a prediction.
    public var failureCount: Int { parts.map(\.scores.failures.count).reduce(0, +) }

    /// The end, as file names have it.
    var stamp: String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate, .withTime, .withColonSeparatorInTime]
        return formatter.string(from: end).replacingOccurrences(of: ":", with: "-")
    }

    /// Writes `results_<date>.json`, `samples_<benchmark>_<date>.jsonl`, `results.md` and `report.html` into a folder.
    ///
    /// - Parameter shownSamples: at most so many samples of each benchmark have their pictures in the HTML report.
    /// - Returns: the files.
    @discardableResult
    public func write(to folder: URL, shownSamples: Int = 100) throws -> [URL] {
        var files: [URL] = []
        func write(_ name: String, _ data: Data) throws {
            let file = folder.appendingPathComponent(name)
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try data.write(to: file, options: .atomic)
            } catch { throw EvaluationError.unwritable(path: file.path, reason: error.localizedDescription) }
            files.append(file)
        }
        for part in parts { try write("samples_\(part.benchmark.name)_\(stamp).jsonl", SamplesFile(part).data) }
        try write("results_\(stamp).json", ResultsFile(self).data())
        try write("results.md", Data(MarkdownTable(self).text.utf8))
        try write("report.html", Data(HTMLReport(self, shownSamples: shownSamples).text.utf8))
        return files
    }
}
