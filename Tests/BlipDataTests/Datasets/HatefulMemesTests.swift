import BlipData
import Testing

@Suite("HatefulMemes is read from its official files")
struct HatefulMemesTests {
    @Test("a meme is a choice of yes and no, with the text written on it")
    func development() throws {
        let samples = try DatasetFixtures.samples("hatefulmemes", .validation)
        #expect(
            samples == [
                Sample(
                    id: "8291", images: [.file(DatasetFixtures.path("hatefulmemes/img/08291.png"))],
                    task: .question(
                        VisualQuestion(
                            "Is it hateful?", answers: [WeightedAnswer("yes")], candidates: ["yes", "no"], correct: 0,
                            context: "herons, am i right?")),
                    facts: ["image_id": "8291", "label": "1"]),
                Sample(
                    id: "46971", images: [.file(DatasetFixtures.path("hatefulmemes/img/46971.png"))],
                    task: .question(
                        VisualQuestion(
                            "Is it hateful?", answers: [WeightedAnswer("no")], candidates: ["yes", "no"], correct: 1,
                            context: "it’s a \"kettle\"")),
                    facts: ["image_id": "46971", "label": "0"]),
            ])
        let prompt = try #require(try DatasetCatalog.dataset("hatefulmemes").prompt)
        #expect(
            try InstructionWriter().instruction(prompt.template, samples[1])
                == "This is an image with: \"it’s a \"kettle\"\" written on it. Is it hateful? Answer:")
    }

    @Test("the first phase's file has no labels, the second phase's are another dataset")
    func phases() throws {
        #expect(
            try DatasetFixtures.samples("hatefulmemes", .test) == [
                Sample(
                    id: "16395", images: [.file(DatasetFixtures.path("hatefulmemes/img/16395.png"))],
                    task: .question(VisualQuestion("Is it hateful?", candidates: ["yes", "no"], context: "handcrafted kettles")),
                    facts: ["image_id": "16395"])
            ])
        let unseen = try DatasetFixtures.samples("hatefulmemes_unseen", .test)
        #expect(unseen.map(\.id) == ["83745"])
        #expect(unseen[0].question?.correct == 1)
    }

    @Test("a broken meme says where it stands, and the next is readable")
    func broken() throws {
        let lines =
            #"{"id": 1, "img": "img/1.png", "label": 3, "text": ""}"# + "\n" + #"{"id": 2, "img": "img/2.png", "label": 1, "text": ""}"#
        try withDatasets(["hatefulmemes/train.jsonl": lines]) { root in
            #expect(
                failure("hatefulmemes", .train, 0, below: root)
                    == "train.jsonl, line 1: its \"label\" is 3, which is neither 0 nor 1")
            #expect(failure("hatefulmemes", .train, 1, below: root) == nil)
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing("hatefulmemes", .validation, path: "hatefulmemes/dev_seen.jsonl", url: "https://hatefulmemeschallenge.com")
        #expect(throws: DataError.missingSplit(dataset: "hatefulmemes_unseen", split: "train", available: ["val", "test"])) {
            try DatasetCatalog.dataset("hatefulmemes_unseen").open("/", .train)
        }
    }
}
