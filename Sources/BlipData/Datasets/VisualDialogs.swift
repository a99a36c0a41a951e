import BlipJSON
import Foundation

/// Dialogs about pictures: questions and answers are listed once, and dialogs point into the lists. Source: visualdialog.org, "Dataset",
/// v1.0.
struct VisualDialogs: SampleCollection {
    /// Every dialog of the splits with answers.
    static let rounds = 10

    private let questions: RecordFile
    private let answers: RecordFile
    private let dialogs: RecordFile
    /// How relevant people found the candidates of one round of each dialog; nil where none were asked.
    private let relevance: KeyedRecords?
    private let split: Split
    private let folder: DatasetFolder

    init(_ url: URL, _ split: Split, _ folder: DatasetFolder) throws {
        questions = try .jsonArray(url, at: ["data", "questions"])
        answers = try .jsonArray(url, at: ["data", "answers"])
        dialogs = try .jsonArray(url, at: ["data", "dialogs"])
        relevance =
            split == .validation
            ? KeyedRecords(try .jsonArray(folder.file("visdial/visdial_1.0_val_dense_annotations.json"))) { try $0.identifier("image_id") }
            : nil
        self.split = split
        self.folder = folder
    }

    var count: Int { split == .test ? dialogs.count : dialogs.count * Self.rounds }

    func sample(_ index: Int) throws -> Sample {
        let place = split == .test ? index : index / Self.rounds
        let record = try RecordFields(dialogs, place)
        let image = try record.integer("image_id")
        let rounds = try record.objects("dialog")
        // A test dialog stops before the answer that is asked for; the others are complete.
        guard split == .test ? !rounds.isEmpty : rounds.count == Self.rounds else {
            throw record.bad("it has \(rounds.count) rounds" + (split == .test ? "" : " where \(Self.rounds) are expected"))
        }
        let round = split == .test ? rounds.count - 1 : index % Self.rounds
        var question = try question(rounds[round])
        question.caption = try record.text("caption")
        question.history = try rounds[..<round].map { past in
            Exchange(try text(questions, past, "question"), try text(answers, past, "answer"))
        }
        question.relevance = try relevance(image: image, round: round + 1, near: place, candidates: question.candidates.count)
        return Sample(
            id: "\(image)-\(round + 1)", images: [picture(image)], task: .question(question),
            facts: ["image_id": String(image), "round_id": String(round + 1)])
    }

    private func question(_ round: RecordFields) throws -> VisualQuestion {
        let options = try round.numbers("answer_options").map { try text(answers, at: Int(exactly: $0) ?? -1, round) }
        var question = VisualQuestion(try text(questions, round, "question"), candidates: options)
        if split != .test {
            question.answers = [WeightedAnswer(try text(answers, round, "answer"))]
            let correct = try round.integer("gt_index")
            guard options.indices.contains(correct) else {
                throw round.bad("its \"gt_index\" \(correct) is none of its \(options.count) options")
            }
            question.correct = correct
        }
        return question
    }

    /// Empty for a round that people did not rate. Rounds count from 1.
    private func relevance(image: Int, round: Int, near place: Int, candidates: Int) throws -> [Double] {
        guard let rated = try relevance?.record(String(image), near: place), try rated.integer("round_id") == round else { return [] }
        let relevance = try rated.numbers("gt_relevance")
        guard relevance.count == candidates else { throw rated.bad("it rates \(relevance.count) candidates of \(candidates)") }
        return relevance
    }

    private func text(_ list: RecordFile, _ record: RecordFields, _ key: String) throws -> String {
        try text(list, at: record.integer(key), record)
    }

    private func text(_ list: RecordFile, at place: Int, _ record: RecordFields) throws -> String {
        guard (0..<list.count).contains(place) else { throw record.bad("it points to text \(place) of \(list.count)") }
        guard let text = try list.json(place).string else {
            throw DataError.badRecord(place: list.place(place), reason: "it is not a text")
        }
        return text
    }

    private func picture(_ id: Int) -> SampleImage {
        switch split {
        case .train:
            // Its dialogs are about the pictures of both folders, and do not say which.
            let years: [COCOImages.Year] = [.train2014, .val2014]
            return COCOImages.image(id, years.first { folder.has(COCOImages.path(id, $0)) } ?? .train2014, in: folder)
        case .validation, .test, .testDevelopment:
            let name = "VisualDialog_\(split.rawValue)2018"
            let digits = String(id)
            let number = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
            return folder.image("visdial/\(name)/\(name)_\(number).jpg", identity: "visdial/\(id)")
        }
    }
}
