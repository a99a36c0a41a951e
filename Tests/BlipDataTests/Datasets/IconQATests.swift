import BlipData
import Testing

@Suite("IconQA is read from its official files")
struct IconQATests {
    @Test("the questions with a choice of texts, in the order of the split")
    func problems() throws {
        #expect(
            try DatasetFixtures.samples("iconqa", .test) == [
                Sample(
                    id: "7", images: [.file(DatasetFixtures.path("iconqa/iconqa_data/iconqa/test/choose_txt/7/image.png"))],
                    task: .question(
                        VisualQuestion(
                            "How likely is it that you draw a blue one?", answers: [WeightedAnswer("impossible")],
                            options: ["certain", "unlikely", "impossible", "probable"], correct: 2)),
                    facts: [
                        "image_id": "7", "ques_type": "choose_txt", "grade": "grade1", "label": "S2", "skills": "probability,commonsense",
                    ]),
                Sample(
                    id: "3", images: [.file(DatasetFixtures.path("iconqa/iconqa_data/iconqa/test/choose_txt/3/image.png"))],
                    task: .question(
                        VisualQuestion("Is ½ more than ⅓?", answers: [WeightedAnswer("yes")], options: ["yes", "no"], correct: 0)),
                    facts: ["image_id": "3", "ques_type": "choose_txt", "grade": "grade3", "label": "P4"]),
            ])
        #expect(try DatasetFixtures.samples("iconqa", .train).map(\.id) == ["0"])
        #expect(try DatasetFixtures.samples("iconqa", .validation).isEmpty)
    }

    @Test("the prompt names the options in letters")
    func prompt() throws {
        let definition = try DatasetCatalog.dataset("iconqa")
        let prompt = try #require(definition.prompt)
        let instruction = try InstructionWriter().instruction(prompt.template, try DatasetFixtures.samples("iconqa", .test)[1])
        #expect(instruction == "Question: Is ½ more than ⅓? Options: (a) yes (b) no. Short answer:")
        #expect(prompt.answering == .rank)
    }

    @Test("the data beside each picture stands in for the lists")
    func folders() throws {
        func data(_ question: String) -> String {
            #"{"question": "\#(question)", "choices": ["a", "b"], "answer": 1, "ques_type": "choose_txt", "grade": "grade1", "label": "S2"}"#
        }
        let base = "iconqa/iconqa_data/iconqa/test/choose_txt"
        try withDatasets(["\(base)/10/data.json": data("Ten?"), "\(base)/9/data.json": data("Nine?"), "\(base)/11/data.json": "{}"]) {
            root in
            let samples = try DatasetCatalog.dataset("iconqa").open(root, .test)
            #expect(samples.count == 3)
            #expect(
                try samples.sample(1)
                    == Sample(
                        id: "10", images: [.file("\(root)/\(base)/10/image.png")],
                        task: .question(VisualQuestion("Ten?", answers: [WeightedAnswer("b")], options: ["a", "b"], correct: 1)),
                        facts: ["image_id": "10", "ques_type": "choose_txt", "grade": "grade1", "label": "S2"]))
            #expect(try samples.sample(0).id == "9")
            #expect(failure("iconqa", .test, 2, below: root) == "\(root)/\(base)/11/data.json: it has no \"choices\"")
        }
    }

    @Test("a broken problem says where it stands, and the next is readable")
    func broken() throws {
        let files = [
            "iconqa/iconqa_data/problems.json":
                #"{"1": {"question": "?", "choices": ["a"], "answer": 1}, "2": {"question": "?", "choices": ["a"], "answer": 0}}"#,
            "iconqa/iconqa_data/pid_splits.json": #"{"choose_txt_test": ["1", "2", "3"]}"#,
        ]
        try withDatasets(files) { root in
            #expect(
                failure("iconqa", .test, 0, below: root)
                    == "problems.json, record 1 (byte 1): its \"answer\" 1 is none of its 1 choices")
            #expect(failure("iconqa", .test, 1, below: root) == nil)
            #expect(
                failure("iconqa", .test, 2, below: root)
                    == "pid_splits.json, record 3 (byte 31): no problem of \(root)/iconqa/iconqa_data/problems.json has the id 3")
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing(
            "iconqa", .test, path: "iconqa/iconqa_data/problems.json",
            url: "https://iconqa2021.s3.us-west-1.amazonaws.com/iconqa_data.zip")
    }
}
