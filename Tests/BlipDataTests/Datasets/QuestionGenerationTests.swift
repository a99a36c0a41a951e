import BlipData
import Testing

@Suite("Question generation reads training questions backwards")
struct QuestionGenerationTests {
    @Test("the answer is given, and the question is known as the other set's", arguments: ["vqav2", "okvqa", "aokvqa"])
    func reversed(_ base: String) throws {
        let questions = try DatasetFixtures.samples(base, .train)
        let reversed = try DatasetFixtures.samples(base + "_vqg", .train)
        #expect(!questions.isEmpty && reversed.map(\.id) == questions.map(\.id) && reversed.map(\.images) == questions.map(\.images))
        for (sample, question) in zip(reversed, questions) {
            guard case .question(let asked) = question.task else { throw DataError.noAnswer(sample: question.id) }
            #expect(sample.task == .questionGeneration(asked))
            #expect(sample.facts["question_identity"] == "\(base)/\(sample.id)")
        }
        #expect(throws: DataError.missingSplit(dataset: base + "_vqg", split: "val", available: ["train"])) {
            try DatasetCatalog.dataset(base + "_vqg").open(DatasetFixtures.root, .validation)
        }
    }
}
