import ArgumentParser
import BlipData
import BlipScenes
import BlipTraining
import Foundation

/// The folder of the catalog's datasets.
struct DataRoot: ParsableArguments {
    static let variable = "INSTRUCTBLIP_DATA"

    @Option(
        help: ArgumentHelp(
            "The folder that holds all datasets, laid out as their cards say (default: the variable \(variable), else the current folder).",
            valueName: "folder"))
    var root: String?

    var path: String { (root.map(Self.url) ?? Self.ofEnvironment ?? Self.url(".")).path }

    /// The folder that the variable names.
    static var ofEnvironment: URL? {
        ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : url($0) }
    }

    private static func url(_ path: String) -> URL { URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL }
}

/// A dataset of the catalog, or data of one's own.
struct DataPlace: ParsableArguments {
    @Argument(help: ArgumentHelp("A dataset of the catalog, or a file or folder of your own.", valueName: "name|file"))
    var place: String

    @OptionGroup var root: DataRoot

    @Option(
        help: ArgumentHelp("Which split of a dataset of the catalog: train, val, test, test-dev (default: its first).", valueName: "split"))
    var split: String?

    @Option(
        help: ArgumentHelp(
            "How data of your own is written: \(OwnDataFormat.allCases.map(\.rawValue).joined(separator: ", ")) (default: recognised).",
            valueName: "format"))
    var format: String?

    @Option(help: ArgumentHelp("What pictures of your own data are relative to (default: where the data is).", valueName: "folder"))
    var images: String?

    @Option(help: ArgumentHelp("Of VQA questions of your own, the file of answers (default: found beside them).", valueName: "file"))
    var annotations: String?

    @Flag(help: "Let data of your own name pictures outside its folder. Say so only where you trust who wrote it.")
    var trustPaths = false

    struct Opened {
        /// What messages and pages call it.
        var name: String
        /// Nil for data of one's own.
        var definition: DatasetDefinition?
        var split: Split?
        var samples: any SampleCollection
        var maker: ExampleMaker
        /// What its pictures lie below.
        var folder: String
        /// What was read, which nothing may be written over.
        var files: [String]

        /// - Throws: ``DataError/unwritable(path:reason:)`` for an output that is one of the files read.
        func checkOutput(_ path: String) throws {
            let output = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            guard files.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path == output }) else { return }
            throw DataError.unwritable(path: path, reason: "it is what is read; choose another name")
        }
    }

    /// The dataset that is meant, if it is one of the catalog.
    ///
    /// - Throws: ``DataError/unknownDataset(name:nearest:)`` for what is neither in the catalog nor on the disk.
    func definition() throws -> DatasetDefinition? {
        do { return try NamedDatasets.dataset(place) } catch {
            // A path may have a fragment that names an entry of its file.
            let path = place.split(separator: "#", maxSplits: 1).first.map(String.init) ?? place
            if path.contains("{") || FileManager.default.fileExists(atPath: path) { return nil }
            // What has a dot or a slash is meant as a file; the catalog's names have neither.
            guard path.contains("/") || path.contains(".") else { throw error }
            throw DataError.missingFile(dataset: "this command", path: path, remedy: "check the path")
        }
    }

    func open() throws -> Opened {
        guard let definition = try definition() else {
            if split != nil { throw ValidationError("--split is for datasets of the catalog; name the file of the split instead.") }
            let opened = try OwnData.open(place, format: try ownFormat(), images: images, annotations: annotations, trustsPaths: trustPaths)
            let name = URL(fileURLWithPath: place).lastPathComponent
            // Named as a plan names it, so that templates are drawn as training draws them.
            let dataset = DataPlan.Source(.path(place)).name
            return Opened(
                name: name, samples: opened.samples, maker: ExampleMaker(dataset: dataset, category: "Own data", title: dataset),
                folder: URL(fileURLWithPath: opened.images).standardizedFileURL.path, files: opened.files)
        }
        if format != nil || images != nil || annotations != nil || trustPaths {
            throw ValidationError(
                "--format, --images, --annotations and --trust-paths are for data of your own; \(definition.name) is read as it was published."
            )
        }
        let split = try chosenSplit(definition)
        let card = definition.card
        return Opened(
            name: "\(definition.name)/\(split.rawValue)", definition: definition, split: split,
            samples: try definition.open(root.path, split),
            maker: ExampleMaker(dataset: definition.name, category: card.category.rawValue, title: card.title),
            folder: root.path, files: card.files.map { DatasetFolder(root: root.path, card: card).path($0.path) })
    }

    private func chosenSplit(_ definition: DatasetDefinition) throws -> Split {
        let available = definition.card.splits.map(\.split)
        guard let split else { return available.first ?? .train }
        guard let chosen = Split(rawValue: split), available.contains(chosen) else {
            throw DataError.missingSplit(dataset: definition.name, split: split, available: available.map(\.rawValue))
        }
        return chosen
    }

    private func ownFormat() throws -> OwnDataFormat? {
        guard let format else { return nil }
        guard let known = OwnDataFormat(rawValue: format) else {
            throw ValidationError(
                "--format must be one of \(OwnDataFormat.allCases.map(\.rawValue).joined(separator: ", ")), found \(format).")
        }
        return known
    }
}
