import BlipData
import Testing

@Suite("ScienceQA is read from its official files")
struct ScienceQATests {
    @Test("the questions with a picture, in the order of the split")
    func problems() throws {
        let samples = try DatasetFixtures.samples("scienceqa", .test)
        #expect(
            samples == [
                Sample(
                    id: "3", images: [.file(DatasetFixtures.path("scienceqa/images/test/3/image.png"))],
                    task: .question(
                        VisualQuestion(
                            "What is the name of the colony shown?", answers: [WeightedAnswer("Façade")], options: ["Façade", "Orchard"],
                            correct: 0, context: "Two magnets are placed as shown.\nLike poles repel.")),
                    facts: [
                        "image_id": "3", "task": "closed choice", "grade": "grade8", "subject": "natural science", "topic": "physics",
                        "category": "Magnets", "skill": "Predict forces", "lecture": "", "solution": "",
                    ]),
                Sample(
                    id: "1", images: [.file(DatasetFixtures.path("scienceqa/images/test/1/image.png"))],
                    task: .question(
                        VisualQuestion(
                            "Which of these states is farthest north?", answers: [WeightedAnswer("Maine")],
                            options: ["Ohio", "Utah", "Iowa", "Maine"], correct: 3)),
                    facts: [
                        "image_id": "1", "task": "closed choice", "grade": "grade2", "subject": "social science", "topic": "geography",
                        "category": "Geography", "skill": "Read a map: cardinal directions",
                        "lecture": "Maps have four cardinal directions.\nNorth is up.", "solution": "Maine lies farthest north.",
                    ]),
            ])
        #expect(try DatasetFixtures.samples("scienceqa", .train).isEmpty)
    }

    @Test("the prompt is the author's, with the context where there is one")
    func prompt() throws {
        let samples = try DatasetFixtures.samples("scienceqa", .test)
        let template = try #require(try DatasetCatalog.dataset("scienceqa").prompt).template
        #expect(
            try samples.map { try InstructionWriter().instruction(template, $0) } == [
                "Context: Two magnets are placed as shown.\nLike poles repel. Question: What is the name of the colony shown? "
                    + "Options: (a) Façade (b) Orchard. Answer:",
                "Question: Which of these states is farthest north? Options: (a) Ohio (b) Utah (c) Iowa (d) Maine. Answer:",
            ])
    }

    @Test("a broken problem says where it stands, and the next is readable")
    func broken() throws {
        let files = [
            "scienceqa/problems.json":
                #"{"1": {"question": "?", "choices": ["a", "b"], "answer": -1, "hint": "", "image": "image.png"}, "#
                + #""2": {"question": "?", "choices": ["a", "b"], "answer": 1, "hint": "", "image": "image.png"}}"#,
            "scienceqa/pid_splits.json": #"{"test": ["1", 4, "2"]}"#,
        ]
        try withDatasets(files) { root in
            let samples = try DatasetCatalog.dataset("scienceqa").open(root, .test)
            #expect(samples.count == 3)
            #expect(
                failure("scienceqa", .test, 0, below: root)
                    == "problems.json, record 1 (byte 1): its \"answer\" -1 is none of its 2 choices")
            #expect(failure("scienceqa", .test, 1, below: root) == "pid_splits.json, record 2 (byte 15): it is no id in quotes")
            #expect(try samples.sample(2).id == "2")
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing(
            "scienceqa", .test, path: "scienceqa/problems.json",
            url: "https://raw.githubusercontent.com/lupantech/ScienceQA/main/data/scienceqa/problems.json")
    }
}
