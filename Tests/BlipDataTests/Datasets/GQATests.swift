import BlipData
import Testing

@Suite("GQA is read from its official files")
struct GQATests {
    @Test("a question has its answer and what the official evaluation groups by")
    func development() throws {
        let samples = try DatasetFixtures.samples("gqa", .testDevelopment)
        #expect(
            samples == [
                Sample(
                    id: "201307251", images: [.file(DatasetFixtures.path("gqa/images/n161313.jpg"), identity: "gqa/n161313")],
                    task: .question(VisualQuestion("Is the “café” kiosk teal?", answers: [WeightedAnswer("no")])),
                    facts: [
                        "image_id": "n161313", "fullAnswer": "No, the kiosk is brown.",
                        "semanticStr": "select: kiosk (-)->verify color: teal [0]", "types.structural": "verify", "types.semantic": "attr",
                        "types.detailed": "verifyAttr", "groups.local": "06-kiosk_teal", "entailed": "201307252,201307253",
                        "equivalent": "201307251", "steps": "2",
                    ]),
                Sample(
                    id: "02930152", images: [.file(DatasetFixtures.path("gqa/images/2354786.jpg"), identity: "visual_genome/2354786")],
                    task: .question(VisualQuestion("What is left of the heron?", answers: [WeightedAnswer("Jet Ski")])),
                    facts: [
                        "image_id": "2354786", "fullAnswer": "The Jet Ski is left of the heron.",
                        "semanticStr": "select: heron (1231028)->relate: _,left of,s (1231029) [0]->query: name [1]",
                        "types.structural": "query", "types.semantic": "rel", "types.detailed": "relS", "groups.global": "vehicle",
                        "groups.local": "13-heron_left of,s", "entailed": "", "equivalent": "02930152", "steps": "3",
                    ]),
            ])
    }

    @Test("the test split has no answers")
    func test() throws {
        #expect(
            try DatasetFixtures.samples("gqa", .test) == [
                Sample(
                    id: "201640614", images: [.file(DatasetFixtures.path("gqa/images/n288870.jpg"), identity: "gqa/n288870")],
                    task: .question(VisualQuestion("Who is wearing the poncho?")), facts: ["image_id": "n288870"])
            ])
    }

    @Test("a broken question says where it stands, and the next is readable")
    func broken() throws {
        let text = #"{"1": {"imageId": "5", "question": "Why?"}, "2": {"imageId": "5", "question": "Who?", "answer": "a heron"}}"#
        try withDatasets(["gqa/questions1.2/val_balanced_questions.json": text]) { root in
            let place = "val_balanced_questions.json, record 1 (byte 1)"
            #expect(failure("gqa", .validation, 0, below: root) == place + ": it has no \"answer\"")
            #expect(failure("gqa", .validation, 1, below: root) == nil)
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing(
            "gqa", .testDevelopment, path: "gqa/questions1.2/testdev_balanced_questions.json",
            url: "https://downloads.cs.stanford.edu/nlp/data/gqa/questions1.2.zip")
    }
}
