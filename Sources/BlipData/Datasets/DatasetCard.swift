/// What is known of a dataset before any of its files is opened.
public struct DatasetCard: Sendable {
    /// How commands and plans call it.
    public var name: String
    /// How the paper calls it.
    public var title: String
    public var category: TaskCategory
    public var role: DatasetRole
    /// Where it was published.
    public var source: String
    /// Of the annotations, and of the pictures where it differs, in the owners' words; say so where none is stated.
    public var licence: String
    /// Official sizes, in the order of the splits.
    public var splits: [SplitFacts]
    /// The split that the paper evaluates on; nil for a training set.
    public var evaluation: Split?
    /// What the paper measures, for example "CIDEr"; nil for a training set.
    public var metric: String?
    public var files: [OfficialFile]
    /// What a reader should know: what is ambiguous, what is left out.
    public var notes: [String]

    public init(
        name: String, title: String, category: TaskCategory, role: DatasetRole, source: String, licence: String, splits: [SplitFacts],
        evaluation: Split? = nil, metric: String? = nil, files: [OfficialFile], notes: [String] = []
    ) {
        self.name = name
        self.title = title
        self.category = category
        self.role = role
        self.source = source
        self.licence = licence
        self.splits = splits
        self.evaluation = evaluation
        self.metric = metric
        self.files = files
        self.notes = notes
    }
}

/// The paper's eleven task categories. Source: the paper's figure 2.
public enum TaskCategory: String, Sendable, CaseIterable {
    case captioning = "Image captioning"
    case readingCaptioning = "Image captioning with reading"
    case visualReasoning = "Visual reasoning"
    case questionAnswering = "Image question answering"
    case knowledgeQuestions = "Knowledge-grounded question answering"
    case readingQuestions = "Question answering with reading"
    case questionGeneration = "Question generation"
    case instructions = "LLaVA-Instruct-150K"
    case videoQuestions = "Video question answering"
    case dialog = "Visual conversational question answering"
    case classification = "Image classification"
}

/// What the paper uses a dataset for.
public enum DatasetRole: String, Sendable {
    /// Trained on.
    case heldIn = "held-in"
    /// Kept for zero-shot evaluation.
    case heldOut = "held-out"
    /// Not among the paper's 26: another form of one of them, or a set of BLIP-2's pre-training.
    case extra
}

public enum Split: String, Sendable, CaseIterable, Codable {
    case train
    case validation = "val"
    case test
    case testDevelopment = "test-dev"
}

/// The official size of a split.
public struct SplitFacts: Sendable {
    public var split: Split
    /// Pairs of picture and text, which is what mixtures balance by: captions, questions, turns. Nil where it is not published.
    public var size: Int?
    /// What `size` counts, and where the figure is from where that is in doubt.
    public var note: String?

    public init(_ split: Split, _ size: Int?, note: String? = nil) {
        self.split = split
        self.size = size
        self.note = note
    }
}

/// A file or folder to fetch, and where it belongs.
public struct OfficialFile: Sendable {
    public enum Kind: Sendable {
        case annotations, images, videos
    }

    /// Below the folder of all datasets.
    public var path: String
    public var url: String
    public var kind: Kind
    /// The splits that need it; all where empty.
    public var splits: [Split]
    /// What to do with what was fetched, if not merely to unpack it; or which other file can stand for it.
    public var note: String?

    public init(_ path: String, from url: String, _ kind: Kind = .annotations, for splits: [Split] = [], note: String? = nil) {
        self.path = path
        self.url = url
        self.kind = kind
        self.splits = splits
        self.note = note
    }
}
