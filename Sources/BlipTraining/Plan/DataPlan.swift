import BlipData
import BlipScenes
public import Foundation

/// The `data` of a plan: which datasets, in which proportions, with which instructions.
public struct DataPlan: Sendable, Equatable {
    /// A dataset of the plan.
    public struct Source: Sendable, Equatable {
        public enum Origin: Sendable, Equatable {
            /// One of the catalog.
            case named(String)
            /// A file or folder of somebody's own.
            case path(String)
        }

        public var origin: Origin
        public var split: Split = .train
        /// How a file of one's own is written; recognised where nil.
        public var format: OwnDataFormat?
        /// The folder that pictures of one's own are relative to.
        public var images: String?
        /// Of VQA questions of one's own, the file of answers; found beside them where nil.
        public var annotations: String?
        /// Whether data of one's own may name pictures outside its folder.
        public var trustsPaths = false
        /// What tables and logs call it, in place of its file's name.
        public var label: String?
        /// Multiplies the chance that the balance gives.
        public var weight = 1.0
        /// The size that counts for the balance at most.
        public var cap: Int?
        /// Pairs of picture and text, for the balance, in place of those counted or on the card.
        public var size: Int?
        /// The most samples to draw from: so many of them, chosen by the seed.
        public var limit: Int?

        public init(_ origin: Origin) { self.origin = origin }

        /// How tables and logs call it.
        public var name: String {
            switch origin {
            case .named(let name): split == .train ? name : "\(name)/\(split.rawValue)"
            case .path(let path): label ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            }
        }
    }

    /// Which evaluation data must not be trained on.
    public enum Exclusion: Sendable, Equatable {
        /// The evaluation splits of the paper's datasets, so far as their files are there.
        case paper
        /// These, each with the split that the paper evaluates on, or the one named behind a slash.
        case named([String])
        case nothing
    }

    /// The folder of all datasets of the catalog.
    public var root: URL
    public var sources: [Source]
    public var balance = Mixture.Balance.squareRoot
    public var grain = MixtureStream.Grain.sample
    public var seed: UInt64 = 42
    public var style = InstructionStyle.templates(.paper)
    public var exclusion = Exclusion.paper
    public var maximumBadSamples = 100

    public init(root: URL, sources: [Source]) {
        self.root = root
        self.sources = sources
    }

    /// Reads a plan's `data`.
    ///
    /// - Parameters:
    ///   - root: the datasets' folder, in place of the plan's.
    ///   - elsewhere: the datasets' folder where the plan names none; the plan's own folder where nil.
    public init(_ value: PlanValue, in file: PlanFile, root: URL? = nil, elsewhere: URL? = nil) throws {
        var data = try value.mapping()
        let named = try data.take("root")?.text()
        self.root = root ?? named.map(file.url) ?? elsewhere ?? file.folder
        sources = []
        for source in try data.need("datasets").oneOrMore() { sources.append(try Self.source(source, file)) }
        if sources.isEmpty { throw PlanError.badValue(place: "\(data.place), datasets", found: "empty", expected: "at least one dataset") }
        if let value = data.take("balance") { balance = try value.choice() }
        if let value = data.take("draw") { grain = try Self.grain(value) }
        if let value = data.take("seed") { seed = UInt64(try value.integer()) }
        if let value = data.take("max_bad_samples") { maximumBadSamples = try value.integer() }
        let templates = data.take("templates")
        if let value = data.take("instructions") {
            style = try Self.style(value)
            if style.isForCaptions { try checkCaptions(value) }
            if let templates, style != .templates(.paper) {
                throw PlanError.badValue(
                    place: templates.place, found: "given", expected: "no templates where instructions are not templates")
            }
        }
        if let templates { style = .templates(try Self.templates(templates)) }
        if let value = data.take("exclude") { exclusion = try Self.exclusion(value) }
        try data.finish()
        let names = Dictionary(grouping: sources, by: \.name)
        if let twice = names.first(where: { $0.value.count > 1 })?.key {
            throw PlanError.badValue(
                place: "\(data.place), datasets", found: "\"\(twice)\" twice",
                expected: "each dataset once (a weight raises its share), and a name beside each path of your own")
        }
    }

    /// Datasets of the catalog say what they hold; one's own are looked at when they are opened.
    private func checkCaptions(_ style: PlanValue) throws {
        for case .named(let name) in sources.map(\.origin) {
            let category = try NamedDatasets.dataset(name).card.category
            guard category == .captioning || category == .readingCaptioning else {
                throw PlanError.badValue(
                    place: style.place, found: "\"\(try style.text())\"",
                    expected: "templates, plain or prefixed for \(name), which has no captions")
            }
        }
    }

    private static func source(_ value: PlanValue, _ file: PlanFile) throws -> Source {
        guard value.isMapping else { return Source(.named(try known(value))) }
        var keys = try value.mapping()
        let (name, path) = (keys.take("name"), keys.take("path"))
        var source: Source
        switch (name, path) {
        case (let name?, nil): source = Source(.named(try known(name)))
        case (let name, let path?):
            source = Source(.path(file.url(try path.text()).path))
            source.label = try name?.text()
        case (nil, nil):
            throw PlanError.badValue(place: keys.place, found: "not clear", expected: "a name of the catalog or a path of your own")
        }
        // Data of one's own has no splits, and what is not taken is told of.
        if path == nil, let value = keys.take("split") { source.split = try value.choice() }
        if let value = keys.take("weight") { source.weight = try value.number() }
        if let value = keys.take("cap") { source.cap = try value.integer(in: 1...Int.max) }
        if let value = keys.take("size") { source.size = try value.integer(in: 1...Int.max) }
        if let value = keys.take("limit") { source.limit = try value.integer(in: 1...Int.max) }
        if path != nil {
            source.format = try keys.take("format")?.choice()
            source.images = try keys.take("images").map { value in file.url(try value.text()).path }
            source.annotations = try keys.take("annotations").map { value in file.url(try value.text()).path }
            source.trustsPaths = try keys.take("trust_paths")?.flag() ?? false
        }
        try keys.finish()
        return source
    }

    private static func known(_ value: PlanValue) throws -> String {
        let name = try value.text()
        do { return try NamedDatasets.dataset(name).name } catch {
            throw PlanError.badValue(place: value.place, found: "\"\(name)\"", expected: "a dataset of the catalog (\(error))")
        }
    }

    private static func grain(_ value: PlanValue) throws(PlanError) -> MixtureStream.Grain {
        switch try value.text() {
        case "sample": return .sample
        // How many stand in a batch is the training's to say.
        case "batch": return .batch(of: 1)
        case let other: throw .badValue(place: value.place, found: "\"\(other)\"", expected: "sample or batch")
        }
    }

    private static func style(_ value: PlanValue) throws(PlanError) -> InstructionStyle {
        switch try value.text() {
        case "templates": return .templates(.paper)
        case "plain": return .plain
        case "prefixed": return .prefixed
        case "captions": return .captions
        case "split-captions": return .splitCaptions
        case let other:
            throw .badValue(
                place: value.place, found: "\"\(other)\"", expected: "templates, plain, prefixed, captions or split-captions")
        }
    }

    /// The paper's templates, with kinds replaced or added to.
    private static func templates(_ value: PlanValue) throws -> TemplateSet {
        var keys = try value.mapping()
        var set = TemplateSet.paper
        let adds = try keys.take("add")?.flag() ?? false
        for (key, member) in [
            ("captions", \TemplateSet.captions), ("questions", \TemplateSet.questions),
            ("question_generation", \TemplateSet.questionGeneration),
        ] as [(String, WritableKeyPath<TemplateSet, [Template]>)] {
            guard let list = keys.take(key) else { continue }
            let own = try list.list().map { item in
                do { return try Template(item.text()) } catch let error as DataError {
                    throw PlanError.badValue(place: item.place, found: "no template", expected: "\(error)")
                }
            }
            guard !own.isEmpty else { throw PlanError.badValue(place: list.place, found: "empty", expected: "at least one template") }
            set[keyPath: member] = adds ? set[keyPath: member] + own : own
        }
        try keys.finish()
        return set
    }

    private static func exclusion(_ value: PlanValue) throws -> Exclusion {
        if !value.isList {
            switch try value.text() {
            case "paper": return .paper
            case "nothing": return .nothing
            default: break
            }
        }
        return .named(try value.oneOrMore().map { value in try value.text() })
    }
}

extension DataPlan {
    /// What the pictures of all its datasets are described by; empty where one's are not.
    func vocabulary() throws -> [DescriptionAspect] {
        let vocabularies = try sources.map { source in
            guard case .named(let name) = source.origin else { return [DescriptionAspect]() }
            return try NamedDatasets.dataset(name).vocabulary
        }
        guard let first = vocabularies.first, vocabularies.allSatisfy({ $0 == first }) else { return [] }
        return first
    }
}
