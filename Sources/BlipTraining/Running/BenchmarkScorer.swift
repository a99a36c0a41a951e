public import Blip

/// Somebody who scores a network that is being trained on benchmarks. Which there are, and how they are asked, the trainer need not know.
public protocol BenchmarkScorer: AnyObject {
    /// Asks the network, as it is now, what the plan's benchmarks ask.
    ///
    /// All processes call it at the same time, share the work, and get the same records.
    ///
    /// - Throws: what ends training; what is wrong with single samples is counted.
    func score(_ network: NetworkAnswerer, _ workers: any Workers) throws -> [BenchmarkRecord]
}

/// What a network came to in a benchmark.
public struct BenchmarkRecord: Sendable, Codable, Equatable {
    public var name: String
    /// The metric that stands for it.
    public var metric: String
    public var value: Double
    public var standardError: Double?
    /// All metrics, by name.
    public var metrics: [String: Double]
    /// Samples that were scored, and those that could not be asked or answered.
    public var samples: Int
    public var failures: Int
    public var firstFailure: String?

    public init(
        name: String, metric: String, value: Double, standardError: Double? = nil, metrics: [String: Double] = [:], samples: Int,
        failures: Int = 0, firstFailure: String? = nil
    ) {
        (self.name, self.metric, self.value, self.standardError) = (name, metric, value, standardError)
        (self.metrics, self.samples, self.failures, self.firstFailure) = (metrics, samples, failures, firstFailure)
    }

    enum CodingKeys: String, CodingKey {
        case name, metric, value, metrics, samples, failures
        case standardError = "standard_error"
        case firstFailure = "first_failure"
    }
}

extension [BenchmarkRecord] {
    /// A benchmark's own metric by the benchmark's name, or any of its metrics as `name/metric`.
    func value(of name: String) -> Double? {
        if let record = first(where: { $0.name == name }) { return record.value }
        return lazy.compactMap { record in
            name.hasPrefix(record.name + "/") ? record.metrics[String(name.dropFirst(record.name.count + 1))] : nil
        }.first
    }

    var metricNames: [String] { flatMap { record in [record.name] + record.metrics.keys.sorted().map { "\(record.name)/\($0)" } } }
}
