import ArgumentParser
import BlipData
import BlipPictures
import BlipTraining
import Foundation

struct DataMixture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixture", abstract: "Print the table of a plan's mixture: sizes, probabilities, expected epochs.",
        discussion: """
            The probability of a dataset is proportional to the square root of its size, times its weight (data.balance: sqrt, proportional, uniform
            or fixed). Sizes are counted in the files, less what evaluation sets have; with --official they are those of the cards, and no file
            is needed.

              instructblip data mixture Recipes/paper-mixture.yaml --official
            """)

    @Argument(help: ArgumentHelp("A plan in YAML; its data is what is read.", valueName: "plan.yaml"))
    var plan: String

    @Option(help: ArgumentHelp("The folder of all datasets, in place of the plan's.", valueName: "folder"))
    var root: String?

    @Option(help: ArgumentHelp("Change a key of the plan, for example data.balance=uniform.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Samples drawn in all (default: the plan's training.steps times training.batch).", valueName: "n"))
    var draws: Int?

    @Flag(help: "Use the official sizes of the cards, without opening files.")
    var official = false

    @Flag(help: "Leave out pictures that look like one of an evaluation set too; reads every picture.")
    var compareContents = false

    @Flag(help: "Write one JSON object: balance, draws, rows, excluded, not_checked.")
    var json = false

    /// Far more than anybody draws, and counts of them are exact.
    private static let maximumDraws = 1_000_000_000_000

    func validate() throws {
        if let draws, !(1...Self.maximumDraws).contains(draws) {
            throw ValidationError("--draws must be between 1 and \(Self.maximumDraws), found \(draws).")
        }
        if official, compareContents {
            throw ValidationError("--compare-contents reads pictures, --official opens no files; leave one out.")
        }
    }

    func run() throws {
        let file = try PlanFile(URL(fileURLWithPath: plan), overrides: set)
        var keys = try file.root.mapping()
        let data = try DataPlan(keys.need("data"), in: file, root: root.map { URL(fileURLWithPath: $0) }, elsewhere: DataRoot.ofEnvironment)
        let draws = try self.draws ?? planned(&keys) ?? 1_000_000
        let table = try official ? MixtureTable(official: data, draws: draws) : counted(data, draws: draws)
        if json { return try writeJSON(table) }
        try writeOutput(Self.text(table))
    }

    private func counted(_ plan: DataPlan, draws: Int) throws -> MixtureTable {
        let fingerprint: @Sendable (SampleImage) throws -> PictureFingerprint = { image in try image.fingerprint() }
        let data = try TrainingData(plan, fingerprint: compareContents ? fingerprint : nil) { stage in
            switch stage {
            case .excluding(let name): writeRemark("reading \(name), to keep it out\n")
            case .opening(let name): writeRemark("reading \(name)\n")
            }
        }
        for entry in data.set.bad.entries { writeRemark("note: \(entry.dataset), sample \(entry.index + 1): \(entry.reason)\n") }
        return MixtureTable(data, draws: draws)
    }

    /// The samples that the plan's training draws; nil if the plan has none.
    private func planned(_ keys: inout PlanMapping) throws -> Int? {
        guard let value = keys.take("training") else { return nil }
        var training = try value.mapping()
        let usual = TrainingPlan.Training()
        let steps = try training.take("steps")?.integer(in: 1...Int.max) ?? usual.steps
        let batch = try training.take("batch")?.integer(in: 1...Int.max) ?? usual.batch
        let (draws, overflow) = steps.multipliedReportingOverflow(by: batch)
        if overflow || draws > Self.maximumDraws {
            throw PlanError.badValue(place: value.place, found: "too many", expected: "steps times batch at most \(Self.maximumDraws)")
        }
        return draws
    }

    static func text(_ table: MixtureTable) -> String {
        let rows = table.rows.map { row in
            [
                row.name, row.samples.map { grouped($0) } ?? "-", grouped(row.size) + (row.isOfficialSize ? " (card)" : ""),
                String(format: "%g", row.weight),
                String(format: "%.4f", row.probability), grouped(Int(row.expectedDraws.rounded())),
                String(format: "%.3g", row.expectedEpochs),
                grouped(row.removed),
            ]
        }
        let headings = ["DATASET", "SAMPLES", "SIZE", "WEIGHT", "PROBABILITY", "DRAWS", "EPOCHS", "LEFT OUT"]
        var text = TextTable(headings, rows, rightAligned: Set(1...7)).text
        text += "\nbalance \(table.balance), \(grouped(table.draws)) draws\n"
        if !table.excluded.isEmpty { text += "kept out: \(table.excluded.joined(separator: ", "))\n" }
        if !table.notChecked.isEmpty { text += "not there, so not kept out: \(table.notChecked.joined(separator: ", "))\n" }
        return text
    }
}
