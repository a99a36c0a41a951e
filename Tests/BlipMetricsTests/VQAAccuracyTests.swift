import BlipJSON
import Testing

@testable import BlipMetrics

/// VQA accuracy against LAVIS's copy of the official evaluation.
@Suite("VQA accuracy")
struct VQAAccuracyTests {
    @Test("Two thousand answers are rewritten as the official script rewrites them")
    func normalization() throws {
        let texts = try #require(try MetricFixtures.json("answers.json")["texts"]?.array)
        #expect(texts.count > 2_000)
        for text in texts {
            let row = try #require(text.array).compactMap(\.string)
            #expect(VQAAnswer.normalized(row[0]).utf8.elementsEqual(row[1].utf8), "\(row[0])")
            #expect(VQAAnswer.withoutPunctuation(row[0]).utf8.elementsEqual(row[2].utf8), "\(row[0])")
        }
    }

    @Test("Every question has the official accuracy, and so have all of them, each answer type and each question type")
    func reference() throws {
        let document = try MetricFixtures.json("answers.json")
        var (predictions, references): ([String], [VQAReference]) = ([], [])
        for question in try #require(document["questions"]?.array) {
            predictions.append(try #require(question["prediction"]?.string))
            references.append(
                VQAReference(
                    answers: try question.strings("answers"), answerType: question["answer_type"]?.string,
                    questionType: question["question_type"]?.string))
            let accuracy = try VQAAccuracy.accuracy(of: predictions[predictions.count - 1], among: references[references.count - 1].answers)
            #expect(isClose(100 * accuracy, try question.number("accuracy")), "\(question)")
        }
        let scores = try VQAEvaluation(predictions, references).scores(byQuestionType: true, quick)
        #expect(isClose(100 * scores[0].value, try document.number("overall")))
        for (group, prefix) in [("by_answer_type", ""), ("by_question_type", "question_")] {
            let groups = try #require(document[JSONString(bytes: Array(group.utf8))]?.object)
            for (name, value) in groups.members {
                let score = scores.first { $0.name == "vqa_accuracy_\(prefix)\(MetricCard.snakeCase(name.description))" }
                #expect(isClose(100 * (try #require(score).value), try #require(value.double)))
            }
        }
        #expect(scores.map(\.name).contains("vqa_accuracy_yes_no") && scores.map(\.name).contains("vqa_accuracy_question_how_many"))
        #expect(scores.count == 8)
    }

    @Test("An answer counts three tenths for each of ten people who gave it, at most 1")
    func agreement() throws {
        for same in 0...10 {
            let references = (0..<10).map { $0 < same ? "dog" : "cat \($0)" }
            let expected = [0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1][same]
            #expect(isClose(try VQAAccuracy.accuracy(of: "A dog!", among: references), expected))
            #expect(isClose(try VQAAccuracy.accuracy(of: "dog", among: references.reversed()), expected))
        }
        #expect(try VQAAccuracy.accuracy(of: "dog", among: ["dog"]) == 0)
    }

    @Test("VizWiz's \"unanswerable\" is counted however it is written")
    func unanswerable() throws {
        let reference = VQAReference(answers: Array(repeating: "unanswerable", count: 10))
        let evaluation = try VQAEvaluation(["Unanswerable.", "a cat"], [reference, reference])
        #expect(try evaluation.unanswerableRate(quick).value == 0.5)
        #expect(evaluation.accuracies.values == [1, 0])
    }

    @Test("No questions, no references and lists of different length are errors")
    func nothing() {
        #expect(throws: MetricError.nothingToScore(what: "there are no questions")) { try VQAEvaluation([], []) }
        #expect(throws: MetricError.nothingToScore(what: "the question has no reference answers")) {
            try VQAAccuracy.accuracy(of: "a", among: [])
        }
        #expect(throws: MetricError.wrongCount(what: "predictions", expected: 1, found: 2)) {
            try VQAEvaluation(["a", "b"], [VQAReference(answers: ["a"])])
        }
    }
}
