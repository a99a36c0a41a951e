public import Foundation

/// Several runs side by side.
///
/// ```swift
/// let comparison = try RunComparison([URL(filePath: "runs")])
/// try comparison.plot().write(to: URL(filePath: "curves.svg"))
/// ```
public struct RunComparison: Sendable, Equatable {
    /// A run with the name that tells it from the others.
    public struct Run: Sendable, Equatable {
        public let name: String
        public let url: URL
        public let history: RunHistory

        /// The end of the curve that is drawn of a step's number: smoothed, or as it is for the learning rate. Nil without a value.
        public func lastTraining(_ metric: String, smoothing: Double) -> Double? {
            let values = history.trainingCurve(metric).map(\.value)
            return RunComparison.kind(metric) == .exact ? values.last : Smoothing.smoothed(values, weight: smoothing).last
        }
    }

    /// In the order given; runs of one folder by name.
    public let runs: [Run]

    /// - Parameter places: folders of runs, logs, or folders of folders of runs. What is named twice counts once.
    /// - Throws: ``RunError/noRun(path:)`` for a place without one, and what ``RunHistory`` throws.
    public init(_ places: [URL]) throws(RunError) {
        var found: [URL] = []
        for place in places {
            for url in try Self.runs(at: place) {
                // Without the slash at the end that says of some that they are folders.
                let plain = URL(fileURLWithPath: url.standardizedFileURL.path)
                if !found.contains(where: { $0.path == plain.path }) { found.append(plain) }
            }
        }
        guard !found.isEmpty else { throw .noRuns }
        let names = Self.names(found.map(\.path))
        var runs: [Run] = []
        for (name, url) in zip(names, found) { runs.append(Run(name: name, url: url, history: try RunHistory(url))) }
        self.runs = runs
    }

    /// Every metric of any run: numbers of the steps, then metrics of validations that have a name of their own.
    public var metricNames: [String] {
        let all = runs.flatMap(\.history.trainingNames) + runs.flatMap(\.history.validationNames).sorted()
        return all.reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }

    /// The loss, and every metric that some run was validated by.
    public var chosenMetrics: [String] {
        let validated = Set(runs.flatMap(\.history.validationNames)).subtracting(["loss"])
        return ["loss"] + validated.sorted()
    }

    /// The curves of some metrics, a panel each; training and validation share the panel of their name.
    ///
    /// - Parameters:
    ///   - metrics: nil for ``chosenMetrics``.
    ///   - smoothing: as ``CurvePlot/smoothing``.
    /// - Throws: ``RunError/unknownMetric(name:known:)`` for a metric that no run has.
    public func plot(
        metrics: [String]? = nil, title: String? = nil, smoothing: Double = 0.9, hasLogarithmicAxis: Bool = false
    ) throws(RunError) -> CurvePlot {
        let known = metricNames
        for name in metrics ?? [] where !known.contains(name) { throw .unknownMetric(name: name, known: known) }
        let panels = (metrics ?? chosenMetrics).map { metric in
            CurvePanel(
                title: metric,
                curves: runs.flatMap { run in
                    [
                        Curve(run: run.name, kind: Self.kind(metric), points: run.history.trainingCurve(metric)),
                        Curve(run: run.name, kind: .validation, points: run.history.validationCurve(metric)),
                    ].filter { !$0.points.isEmpty }
                })
        }
        let heading = title ?? (runs.count == 1 ? runs[0].name : "\(runs.count) runs")
        return CurvePlot(title: heading, panels: panels, smoothing: smoothing, hasLogarithmicAxis: hasLogarithmicAxis)
    }

    /// Smoothing would bend the corners of a schedule.
    private static func kind(_ metric: String) -> Curve.Kind { metric == "learning_rate" ? .exact : .training }

    /// The place itself if it is a run, else the runs directly below it.
    private static func runs(at place: URL) throws(RunError) -> [URL] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder) else { throw .noRun(path: place.path) }
        if !isFolder.boolValue { return [place.lastPathComponent == RunLog.fileName ? place.deletingLastPathComponent() : place] }
        func hasLog(_ folder: URL) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: RunLog.fileName).path) }
        if hasLog(place) { return [place] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: place.path) } catch {
            throw .unreadable(path: place.path, reason: error.localizedDescription)
        }
        let below = names.sorted().map { place.appending(path: $0) }.filter(hasLog)
        guard !below.isEmpty else { throw .noRun(path: place.path) }
        return below
    }

    /// The last component of each path, with as many before it as it takes to tell them apart.
    static func names(_ paths: [String]) -> [String] {
        let parts = paths.map { $0.split(separator: "/") }
        return zip(paths, parts).map { path, own in
            for count in own.indices.map({ $0 + 1 }) {
                let suffix = own.suffix(count)
                if parts.count(where: { $0.suffix(count) == suffix }) == 1 { return suffix.joined(separator: "/") }
            }
            return path
        }
    }
}
