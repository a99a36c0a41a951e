import BlipData
import Testing

/// The fixture's texts are those of `Scripts/fixtures/visual_dialog.py`.
@Suite("Visual Dialog is read from its official files")
struct VisualDialogTests {
    private static let questions = ["is it sunny", "how many herons are there", "what color is the café table", "is anyone near"]
    private static let answers = ["yes", "no", "1", "“brown”, i think"] + (4..<105).map { "answer \($0)" }

    private static func options(_ round: Int) -> [String] { (round..<round + 100).map { answers[$0 % 105] } }

    /// The right answer of a round stands at place 3 * round of its options.
    private static func exchange(_ round: Int) -> Exchange { Exchange(questions[round % 4], options(round)[3 * round]) }

    private static func question(_ round: Int, caption: String, relevance: [Double] = []) -> VisualQuestion {
        var question = VisualQuestion(
            questions[round % 4], answers: [WeightedAnswer(options(round)[3 * round])], candidates: options(round), correct: 3 * round,
            history: (0..<round).map(exchange), caption: caption)
        question.relevance = relevance
        return question
    }

    @Test("every round is a sample with its candidates, its history and the caption")
    func rounds() throws {
        let samples = try DatasetFixtures.samples("visdial", .validation)
        #expect(samples.count == 20)
        let picture = SampleImage.file(
            DatasetFixtures.path("visdial/VisualDialog_val2018/VisualDialog_val2018_000000185565.jpg"), identity: "visdial/185565")
        #expect(
            samples[0]
                == Sample(
                    id: "185565-1", images: [picture], task: .question(Self.question(0, caption: "a heron stands by a kettle")),
                    facts: ["image_id": "185565", "round_id": "1"]))
        #expect(samples[0].question?.answers == [WeightedAnswer("yes")])
        #expect(samples[0].question?.candidates.count == 100)
        #expect(
            samples[9]
                == Sample(
                    id: "185565-10", images: [picture], task: .question(Self.question(9, caption: "a heron stands by a kettle")),
                    facts: ["image_id": "185565", "round_id": "10"]))
        #expect(samples[9].question?.history.first == Exchange("is it sunny", "yes"))
        #expect(samples[9].question?.history.last == Exchange("is it sunny", "answer 32"))
        #expect(samples.dropFirst(10).map(\.facts) == (1...10).map { ["image_id": "284024", "round_id": "\($0)"] })
    }

    @Test("the rated round of each dialog has its relevance")
    func relevance() throws {
        let samples = try DatasetFixtures.samples("visdial", .validation)
        let rated = samples.enumerated().filter { $0.element.question?.relevance.isEmpty == false }
        #expect(rated.map(\.offset) == [1, 19])
        var expected = [Double](repeating: 0, count: 100)
        expected[3] = 1
        expected[4] = 0.4
        #expect(rated.first?.element.question == Self.question(1, caption: "a heron stands by a kettle", relevance: expected))
    }

    @Test("training dialogs are about pictures of COCO")
    func training() throws {
        let samples = try DatasetFixtures.samples("visdial", .train)
        #expect(samples.count == 10)
        #expect(
            samples[2].images == [.file(DatasetFixtures.path("coco/train2014/COCO_train2014_000000378466.jpg"), identity: "coco/378466")])
        #expect(samples[2].question == Self.question(2, caption: "a heron by a kettle"))
    }

    @Test("of a test dialog the last round is asked, without an answer")
    func test() throws {
        func asked(_ round: Int, _ caption: String) -> VisualQuestion {
            VisualQuestion(
                Self.questions[round % 4], candidates: Self.options(round), history: (0..<round).map(Self.exchange), caption: caption)
        }
        let samples = try DatasetFixtures.samples("visdial", .test)
        #expect(samples.map(\.id) == ["568676-3", "574189-1"])
        #expect(samples.map(\.question) == [asked(2, "a kettle"), asked(0, "a tram")])
        #expect(
            samples[1].images == [
                .file(
                    DatasetFixtures.path("visdial/VisualDialog_test2018/VisualDialog_test2018_000000574189.jpg"), identity: "visdial/574189"
                )
            ])
    }

    @Test("the prompt opens with the caption and what was said")
    func prompt() throws {
        let prompt = try #require(try DatasetCatalog.dataset("visdial").prompt)
        let sample = try DatasetFixtures.samples("visdial", .validation)[1]
        #expect(
            try InstructionWriter().instruction(prompt.template, sample)
                == "Dialog history: a heron stands by a kettle is it sunny yes\n Question: how many herons are there Short answer:")
        #expect(prompt.answering == .rank)
    }

    @Test("a broken dialog says where it stands")
    func broken() throws {
        func file(_ dialogs: String) -> String {
            #"{"version": "1.0", "split": "test2018", "data": {"questions": ["q"], "answers": ["a"], "dialogs": [\#(dialogs)]}}"#
        }
        let dialogs = [
            #"{"image_id": 1, "caption": "c", "dialog": []}"#,
            #"{"image_id": 2, "caption": "c", "dialog": [{"question": 0, "answer_options": [0, 1]}]}"#,
            #"{"image_id": 3, "caption": "c", "dialog": [{"question": 0, "answer_options": [0]}]}"#,
        ]
        try withDatasets(["visdial/visdial_1.0_test.json": file(dialogs.joined(separator: ", "))]) { root in
            #expect(failure("visdial", .test, 0, below: root)?.hasSuffix(": it has 0 rounds") == true)
            #expect(failure("visdial", .test, 1, below: root)?.hasSuffix("dialog 1: it points to text 1 of 1") == true)
            #expect(failure("visdial", .test, 2, below: root) == nil)
        }
        try withDatasets(["visdial/visdial_1.0_train.json": file(dialogs[2])]) { root in
            let samples = try DatasetCatalog.dataset("visdial").open(root, .train)
            #expect(samples.count == 10)
            #expect(failure("visdial", .train, 9, below: root)?.hasSuffix(": it has 1 rounds where 10 are expected") == true)
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing("visdial", .validation, path: "visdial/visdial_1.0_val.json", url: "https://www.dropbox.com/s/ibs3a0zhw74zisc")
        try expectMissing("visdial", .test, path: "visdial/visdial_1.0_test.json", url: "https://www.dropbox.com/s/o7mucbre2zm7i5n")
    }
}
