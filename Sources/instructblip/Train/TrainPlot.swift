import ArgumentParser
import BlipRuns
import Foundation

struct TrainPlot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw the curves of training runs, and compare them.",
        discussion: """
            A run is the folder that training wrote, with its log.jsonl, or a folder of such folders. A run that is still going on can be drawn, \
            too.

              instructblip train plot runs/mine
              instructblip train plot runs --metrics loss,accuracy --output curves.png
            """)

    @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run"))
    var runs: [String]

    @Option(name: [.short, .long], help: ArgumentHelp("The picture, as SVG or as PNG.", valueName: "curves.svg|curves.png"))
    var output = "curves.svg"

    @Option(
        help: ArgumentHelp(
            "How much a step's curve is smoothed, from 0 to below 1, as by TensorBoard. The faint line behind is not.", valueName: "weight")
    )
    var smoothing = 0.9

    @Option(
        help: ArgumentHelp(
            "What is drawn, a pair of axes each; without it the loss and every metric of a validation.", valueName: "name,name"))
    var metrics: String?

    @Flag(help: "Draw values on a logarithmic axis.")
    var logAxis = false

    @Flag(help: "Write one JSON object for each run instead of the table of last values.")
    var json = false

    func validate() throws {
        if runs.isEmpty { throw ValidationError("Give the folder of at least one run.") }
        if !(smoothing >= 0 && smoothing < 1) { throw ValidationError("--smoothing must be at least 0 and below 1, found \(smoothing).") }
        if !["svg", "png"].contains(URL(fileURLWithPath: output).pathExtension.lowercased()) {
            throw ValidationError("--output must end in .svg or .png, found \(output).")
        }
        if metrics != nil, names?.isEmpty != false { throw ValidationError("--metrics needs at least one name.") }
    }

    func run() throws {
        let comparison = try RunComparison(runs.map { URL(fileURLWithPath: $0) })
        let plot = try comparison.plot(metrics: names, smoothing: smoothing, hasLogarithmicAxis: logAxis)
        try plot.write(to: URL(fileURLWithPath: output))
        let metrics = names ?? comparison.chosenMetrics
        if json {
            for run in comparison.runs { try writeJSON(Summary(run, metrics, smoothing)) }
        } else {
            try writeOutput(Self.table(comparison, metrics, smoothing) + "\(output)\n")
        }
    }

    /// The names of the option, each once.
    private var names: [String]? {
        metrics?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .reduce(into: []) { names, name in if !name.isEmpty && !names.contains(name) { names.append(name) } }
    }

    /// The last values of each run, those of the steps smoothed as they are drawn.
    private static func table(_ comparison: RunComparison, _ metrics: [String], _ smoothing: Double) -> String {
        let hasTraining = metrics.map { name in comparison.runs.contains { !$0.history.trainingCurve(name).isEmpty } }
        let hasValidation = metrics.map { name in comparison.runs.contains { !$0.history.validationCurve(name).isEmpty } }
        var headings = ["run", "steps"]
        for (index, name) in metrics.enumerated() {
            if hasTraining[index] { headings.append(name) }
            if hasValidation[index] { headings.append(hasTraining[index] ? "validation \(name)" : name) }
        }
        let rows = comparison.runs.map { run in
            var row = [run.name, grouped(run.history.lastStep)]
            for (index, name) in metrics.enumerated() {
                if hasTraining[index] { row.append(shown(run.lastTraining(name, smoothing: smoothing))) }
                if hasValidation[index] { row.append(shown(run.history.validationCurve(name).last?.value)) }
            }
            return row
        }
        return TextTable(headings, rows, rightAligned: Set(1..<headings.count)).text
    }

    private static func shown(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "-" }

    private struct Summary: Encodable {
        let run: String
        let folder: String
        let steps: Int
        /// Of the steps, smoothed; NaN and infinity, which JSON has not, are null.
        let training: [String: Double?]
        let validation: [String: Double?]

        init(_ run: RunComparison.Run, _ metrics: [String], _ smoothing: Double) {
            self.run = run.name
            folder = run.url.path
            steps = run.history.lastStep
            var (training, validation): ([String: Double?], [String: Double?]) = ([:], [:])
            for name in metrics {
                if let value = run.lastTraining(name, smoothing: smoothing) { training[name] = .some(value.isFinite ? value : nil) }
                if let point = run.history.validationCurve(name).last { validation[name] = .some(point.value.isFinite ? point.value : nil) }
            }
            (self.training, self.validation) = (training, validation)
        }
    }
}
