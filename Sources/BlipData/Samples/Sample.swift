import BlipJSON

/// One record of a dataset: pictures and what is said about them, before any template.
public struct Sample: Sendable, Equatable {
    /// Unique in its dataset and the same in every run: the official id where there is one.
    public var id: String
    /// In the order the text speaks of them; none for a sample of text alone.
    public var images: [SampleImage]
    public var task: SampleTask
    /// What metrics and breakdowns need besides, under the official names: `answer_type`, `question_type`, `category`.
    public var facts: [String: String]
    /// What is in the pictures, one for each picture or frame; none where nobody knows. A sample of text alone may have them too.
    public var descriptions: [PictureDescription]

    public init(
        id: String, images: [SampleImage], task: SampleTask, facts: [String: String] = [:], descriptions: [PictureDescription] = []
    ) {
        self.id = id
        self.images = images
        self.task = task
        self.facts = facts
        self.descriptions = descriptions
    }
}

/// What a sample asks for.
public enum SampleTask: Sendable, Equatable {
    case caption(Captions)
    case question(VisualQuestion)
    /// The question is what is wanted, its answer is what is given.
    case questionGeneration(VisualQuestion)
    /// Instructions written by the dataset itself: no template is put around them.
    case instruction(WrittenInstruction)
}

/// Texts that describe a picture, each as good as the others.
public struct Captions: Sendable, Equatable {
    /// None where a split keeps its references secret.
    public var references: [String]
    /// Words that a reader of text found in the picture, in its order.
    public var ocrTokens: [String]

    public init(_ references: [String], ocrTokens: [String] = []) {
        self.references = references
        self.ocrTokens = ocrTokens
    }
}

/// A question about a picture.
public struct VisualQuestion: Sendable, Equatable {
    public var text: String
    /// None where a split keeps its answers secret.
    public var answers: [WeightedAnswer]
    /// Options that belong to the question and are read with it, in their order; empty for an open question.
    public var options: [String]
    /// Answers to choose from that the question does not name: the candidates of a dialog's turn, or true and false.
    public var candidates: [String] = []
    /// The place of the right one among ``choices``; nil where it is secret or the question is open.
    public var correct: Int?
    /// How relevant each of ``choices`` is, from 0 to 1; empty unless people rated them (Visual Dialog).
    public var relevance: [Double] = []
    public var ocrTokens: [String]
    /// A text to read besides the question: a hint, or what is written on the picture.
    public var context: String?
    /// What was said before, oldest first.
    public var history: [Exchange]
    /// What opens a dialog: a caption that both speakers have read.
    public var caption: String?

    /// What an answer is chosen from, where there is a choice.
    public var choices: [String] { candidates.isEmpty ? options : candidates }

    public init(
        _ text: String, answers: [WeightedAnswer] = [], options: [String] = [], candidates: [String] = [], correct: Int? = nil,
        ocrTokens: [String] = [], context: String? = nil, history: [Exchange] = [], caption: String? = nil
    ) {
        self.text = text
        self.answers = answers
        self.options = options
        self.candidates = candidates
        self.correct = correct
        self.ocrTokens = ocrTokens
        self.context = context
        self.history = history
        self.caption = caption
    }
}

/// An answer, and by how many people it was given.
public struct WeightedAnswer: Sendable, Equatable {
    public var text: String
    public var weight: Double

    public init(_ text: String, weight: Double = 1) {
        self.text = text
        self.weight = weight
    }

    /// What annotators said, one entry each: equal answers are counted together, in the order in which they first came.
    public static func counted(_ answers: [String]) -> [WeightedAnswer] {
        var places: [JSONString: Int] = [:]
        var counted: [WeightedAnswer] = []
        for answer in answers {
            // Keyed by bytes, since texts that look alike to Swift are different answers to a tokenizer.
            let key = JSONString(stringLiteral: answer)
            if let place = places[key] {
                counted[place].weight += 1
            } else {
                places[key] = counted.count
                counted.append(WeightedAnswer(answer))
            }
        }
        return counted
    }
}

/// One turn of a dialog: what was asked and what was answered.
public struct Exchange: Sendable, Equatable {
    public var question: String
    public var answer: String

    public init(_ question: String, _ answer: String) {
        self.question = question
        self.answer = answer
    }
}

/// An instruction as somebody wrote it, and the response expected.
public struct WrittenInstruction: Sendable, Equatable {
    /// What was said before, oldest first.
    public var history: [Exchange]
    public var instruction: String
    /// Nil where none is known.
    public var response: String?

    public init(_ instruction: String, response: String?, history: [Exchange] = []) {
        self.instruction = instruction
        self.response = response
        self.history = history
    }
}
