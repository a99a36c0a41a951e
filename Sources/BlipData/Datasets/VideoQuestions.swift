import Foundation
import Synchronization

/// Questions about videos in the format of Xu et al.: an array of `id`, `video_id`, `question` and `answer`. MSVD-QA and MSRVTT-QA are
/// published so.
///
/// Source: xudejing/video-question-answering.
struct VideoQuestions: SampleCollection {
    private let questions: RecordFile
    /// What is ranked; nil for training.
    private let vocabulary: AnswerVocabulary?
    private let video: @Sendable (_ number: Int, _ record: RecordFields) throws -> SampleImage

    /// - Parameter video: the video of a `video_id`.
    init(
        _ questions: RecordFile, vocabulary: AnswerVocabulary?,
        video: @escaping @Sendable (_ number: Int, _ record: RecordFields) throws -> SampleImage
    ) {
        self.questions = questions
        self.vocabulary = vocabulary
        self.video = video
    }

    var count: Int { questions.count }

    func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(questions, index)
        let answer = try record.text("answer")
        let number = try record.integer("video_id")
        var question = VisualQuestion(try record.text("question"), answers: [WeightedAnswer(answer)])
        if let vocabulary {
            question.candidates = try vocabulary.answers()
            // An answer that training never gave cannot be chosen: the question counts as wrong, as it does for the authors.
            question.correct = try vocabulary.place(of: answer)
        }
        var facts = ["video_id": String(number)]
        facts["category_id"] = try record.optionalIdentifier("category_id")
        return Sample(id: try record.identifier("id"), images: [try video(number, record)], task: .question(question), facts: facts)
    }
}

/// The answers given most often in a training split, most frequent first, of equally frequent ones the one that came first.
final class AnswerVocabulary: Sendable {
    /// Source: `create_answerset` in Xu et al.'s preprocessing.
    static let size = 1_000

    private struct Content {
        var answers: [String]
        var places: [[UInt8]: Int]
    }

    private let questions: RecordFile
    private let content = Mutex<Result<Content, any Error>?>(nil)

    init(_ questions: RecordFile) { self.questions = questions }

    /// The first time, the training questions are all read.
    func answers() throws -> [String] { try read().answers }

    /// Nil if it is not among them.
    func place(of answer: String) throws -> Int? { try read().places[Array(answer.utf8)] }

    private func read() throws -> Content {
        try content.withLock { content in
            let result = content ?? Result { try count() }
            content = result
            return try result.get()
        }
    }

    private func count() throws -> Content {
        let given = try (0..<questions.count).map { try RecordFields(questions, $0).text("answer") }
        let counted = WeightedAnswer.counted(given).enumerated().sorted { first, second in
            (second.element.weight, first.offset) < (first.element.weight, second.offset)
        }
        let answers = counted.prefix(Self.size).map(\.element.text)
        return Content(
            answers: answers, places: Dictionary(uniqueKeysWithValues: answers.enumerated().map { (Array($0.element.utf8), $0.offset) }))
    }
}

extension DatasetFolder {
    /// A video below the folder.
    func clip(_ relative: String, identity: String? = nil) -> SampleImage { SampleImage(.clip(path(relative)), identity: identity) }
}
