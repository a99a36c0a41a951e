import ArgumentParser
import BlipData
import BlipScenes
import Foundation

struct DataList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the paper's 26 datasets and the built-in scenes: category, splits, metric, and whether their files are here.",
        discussion: """
            FOUND names the splits whose annotation files lie below --root; a star says that their pictures do not. What is missing and where to
            fetch it: instructblip data show NAME. Scenes need no files.
            """)

    @OptionGroup var root: DataRoot

    @Flag(help: "List other forms of these and sets of BLIP-2's pre-training too.")
    var all = false

    @Flag(help: "Write one JSON object: root, datasets.")
    var json = false

    func validate() throws {
        // Every set would be said not to be there.
        guard FileManager.default.fileExists(atPath: root.path) else {
            throw ValidationError(
                "There is no folder \(root.path); --root, or \(DataRoot.variable), names the one that holds the datasets.")
        }
    }

    func run() throws {
        let definitions = (all ? DatasetCatalog.all : DatasetCatalog.paper) + SceneCatalog.all
        if json { return try writeJSON(Listing(root: root.path, datasets: definitions.map { Entry($0, root.path) })) }
        let rows = definitions.map { definition in
            let card = definition.card
            return [
                card.name, card.category.rawValue, card.role.rawValue,
                card.splits.map { facts in facts.size.map { "\(facts.split.rawValue) \(grouped($0))" } ?? facts.split.rawValue }.joined(
                    separator: ", "),
                card.evaluation.map { "\(card.metric ?? "") (\($0.rawValue))" } ?? "-", Self.found(definition, root.path),
            ]
        }
        try writeOutput(TextTable(["NAME", "CATEGORY", "ROLE", "SPLITS", "EVALUATED BY", "FOUND"], rows).text)
    }

    /// The splits whose annotations are there, with a star where pictures are not.
    static func found(_ definition: DatasetDefinition, _ root: String) -> String {
        let splits = definition.card.splits.map(\.split).compactMap { split -> String? in
            guard definition.isThere(below: root, for: split) else { return nil }
            return split.rawValue + (definition.missing(below: root, for: split).contains { $0.kind != .annotations } ? "*" : "")
        }
        return splits.isEmpty ? "no" : splits.joined(separator: ", ")
    }

    private struct Listing: Encodable {
        let root: String
        let datasets: [Entry]
    }

    private struct Entry: Encodable {
        struct Part: Encodable {
            let split: String
            let size: Int?
            let found: Bool
            let pictures: Bool
        }

        let name: String
        let title: String
        let category: String
        let role: String
        let evaluation: String?
        let metric: String?
        let splits: [Part]

        init(_ definition: DatasetDefinition, _ root: String) {
            let card = definition.card
            (name, title, category, role) = (card.name, card.title, card.category.rawValue, card.role.rawValue)
            (evaluation, metric) = (card.evaluation?.rawValue, card.metric)
            splits = card.splits.map { facts in
                let missing = definition.missing(below: root, for: facts.split)
                return Part(
                    split: facts.split.rawValue, size: facts.size, found: definition.isThere(below: root, for: facts.split),
                    pictures: !missing.contains { $0.kind != .annotations })
            }
        }
    }
}
