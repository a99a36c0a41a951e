public import Foundation

/// What a run's log tells, read back.
public struct RunHistory: Sendable, Equatable {
    /// In order of their steps: when a step is told twice, as in logs put together by hand, the later telling and what follows it count.
    public let lines: [RunLine]

    /// The log ends in the beginning of a line: the run was cut off while writing, or writes right now.
    public let hasTornEnd: Bool

    /// - Parameter url: the run's folder, or its log.
    /// - Throws: ``RunError/noRun(path:)``; ``RunError/badLine(path:line:reason:)`` for any broken line but the last.
    public init(_ url: URL) throws(RunError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { throw .noRun(path: url.path) }
        let file = isFolder.boolValue ? url.appending(path: RunLog.fileName) : url
        guard !isFolder.boolValue || FileManager.default.fileExists(atPath: file.path) else { throw .noRun(path: url.path) }
        let scan = try RunLogScan(file)
        var kept: [RunLine] = []
        for place in scan.lines {
            while let last = kept.last, last.step > place.line.step { kept.removeLast() }
            kept.append(place.line)
        }
        lines = kept
        hasTornEnd = scan.hasTornEnd
    }

    /// The steps' numbers.
    public var steps: [(step: Int, numbers: StepNumbers)] {
        lines.compactMap { line in if case .numbers(let numbers) = line.content { (line.step, numbers) } else { nil } }
    }

    /// The metrics of the validations.
    public var validations: [(step: Int, metrics: [String: Double])] {
        lines.compactMap { line in if case .validation(let metrics) = line.content { (line.step, metrics) } else { nil } }
    }

    /// The last line's step; 0 for an empty log.
    public var lastStep: Int { lines.last?.step ?? 0 }

    /// The values of a step's number over the steps: "loss", "learning_rate", or any other of the log.
    public func trainingCurve(_ name: String) -> [CurvePoint] {
        steps.compactMap { step, numbers in
            let value =
                switch name {
                case "loss": numbers.loss
                case "learning_rate": numbers.learningRate
                case "gradient_norm": numbers.gradientNorm
                case "target_tokens": numbers.targetTokens.map(Double.init)
                case "samples_per_s": numbers.samplesPerSecond
                case "tokens_per_s": numbers.tokensPerSecond
                case "seconds": numbers.seconds
                default: numbers.others[name]
                }
            return value.map { CurvePoint(step: step, value: $0) }
        }
    }

    /// The values of a metric over the validations.
    public func validationCurve(_ name: String) -> [CurvePoint] {
        validations.compactMap { step, metrics in metrics[name].map { CurvePoint(step: step, value: $0) } }
    }

    /// Names of the steps' numbers, in the order of the log's lines, then by name.
    public var trainingNames: [String] {
        let found = steps.reduce(into: Set<String>()) { names, step in names.formUnion(step.numbers.all.map(\.name)) }
        return StepNumbers.fixedNames.filter(found.contains) + found.subtracting(StepNumbers.fixedNames).sorted()
    }

    /// Names of the validations' metrics.
    public var validationNames: [String] {
        validations.reduce(into: Set<String>()) { names, validation in names.formUnion(validation.metrics.keys) }.sorted()
    }
}
