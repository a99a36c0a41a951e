/// A dataset of the catalog: its card, its evaluation prompt and its reader.
public struct DatasetDefinition: Sendable {
    public let card: DatasetCard
    /// How the paper asks it without training on it.
    public let prompt: EvaluationPrompt?
    /// What its samples' pictures are described by; empty where they are not described.
    public let vocabulary: [DescriptionAspect]
    /// Opens a split for whichever card the folder has: another dataset may be made of this one.
    let reader: @Sendable (DatasetFolder, Split) throws -> any SampleCollection

    /// - Parameter reader: opens a split that the card lists.
    public init(
        _ card: DatasetCard, prompt: EvaluationPrompt? = nil, vocabulary: [DescriptionAspect] = [],
        reader: @escaping @Sendable (DatasetFolder, Split) throws -> any SampleCollection
    ) {
        self.card = card
        self.prompt = prompt
        self.vocabulary = vocabulary
        self.reader = reader
    }

    public var name: String { card.name }

    /// Opens a split.
    ///
    /// - Parameter root: the folder that holds all datasets, laid out as the cards say.
    /// - Throws: ``DataError/missingSplit(dataset:split:available:)``, ``DataError/missingFile(dataset:path:remedy:)``, or ``RecordError`` for a
    ///   file that is not what it should be.
    public func open(_ root: String, _ split: Split) throws -> any SampleCollection {
        guard card.splits.contains(where: { $0.split == split }) else {
            throw DataError.missingSplit(dataset: name, split: split.rawValue, available: card.splits.map(\.split.rawValue))
        }
        return try reader(DatasetFolder(root: root, card: card), split)
    }

    /// Whether a split can be opened below a folder.
    ///
    /// The card's files are looked for first. Where one is missing, opening tells whether another published form stands for it.
    public func isThere(below root: String, for split: Split) -> Bool {
        if !missing(below: root, for: split).contains(where: { $0.kind == .annotations }) { return true }
        do {
            _ = try open(root, split)
            return true
        } catch DataError.missingFile {
            return false
        } catch {
            // Broken files are there; whoever opens them is told what is wrong with them.
            return true
        }
    }

    /// The card's files that are not below a folder. Of pictures only the folder is looked for.
    public func missing(below root: String, for split: Split) -> [OfficialFile] {
        let folder = DatasetFolder(root: root, card: card)
        return card.files.filter { ($0.splits.isEmpty || $0.splits.contains(split)) && !folder.has($0.path) }
    }
}

/// The prompt a dataset is evaluated with, and how that is known.
public struct EvaluationPrompt: Sendable {
    public enum Answering: Sendable, Equatable {
        case generate
        /// Choose the likeliest of the sample's choices, or of the dataset's answer list.
        case rank
    }

    public var template: Template
    public var answering: Answering
    /// Who says so.
    public var evidence: String

    public init(_ template: Template, _ answering: Answering = .generate, evidence: String) {
        self.template = template
        self.answering = answering
        self.evidence = evidence
    }
}
