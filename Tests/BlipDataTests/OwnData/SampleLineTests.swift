import BlipData
import Foundation
import Testing

@Suite("A sample as a line of JSON")
struct SampleLineTests {
    @Test("every member of the documented form is read")
    func form() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("jsonl/samples.jsonl"))
        #expect(opened.format == .jsonl)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 9)
        #expect(
            outcomes[0].sample
                == Sample(
                    id: "1", images: [.file(OwnDataFixtures.path("jsonl/a.png"))],
                    task: .question(
                        VisualQuestion(
                            "What is it?", answers: [WeightedAnswer("cat"), WeightedAnswer("kitten", weight: 3)], options: ["cat", "dog"],
                            correct: 0, ocrTokens: ["EXIT"], context: "", history: [Exchange("Who?", "Me.")], caption: "A cat.")),
                    facts: ["question_type": "what is"]))
        let big = OwnDataFixtures.path("jsonl/big.bin")
        #expect(
            outcomes[1].sample?.images == [
                .file(OwnDataFixtures.path("jsonl/a.png"), identity: "coco/9"),
                SampleImage(.part(FilePart(path: big, offset: 10, count: 20, encoding: .base64))), SampleImage(.bytes(Array("abc".utf8))),
                SampleImage(.clip(OwnDataFixtures.path("jsonl/c.mp4"))),
            ])
        #expect(outcomes[2] == OwnDataFixtures.written("3", [], "Say yes.", nil))
        var backwards = VisualQuestion("Why?", candidates: ["a", "b"], correct: 1)
        backwards.relevance = [0.5, 1]
        #expect(outcomes[3].sample?.task == .questionGeneration(backwards))
        #expect(outcomes[4].bad == "samples.jsonl, line 5: it has no \"captions\"")
        #expect(outcomes[5].bad?.contains("its \"task\" is \"poem\"; expected \"caption\"") == true)
        #expect(outcomes[6].bad?.contains("its \"correct\" is 1, and it has 1 to choose from") == true)
        #expect(outcomes[7].bad?.contains("which no file has") == true)
        #expect(outcomes[8].bad?.contains("no file \"jpg\" beside it in the tar shard") == true)
    }

    @Test("plain rows, and those of LAVIS, are read by the names they have")
    func plainRows() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("jsonl/plain.jsonl"))
        #expect(opened.format == .jsonl)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 6)
        #expect(outcomes[0] == OwnDataFixtures.written("0", ["jsonl/a.png"], "What is it?", "A cat."))
        #expect(outcomes[1].sample?.task == .instruction(WrittenInstruction("Describe.", response: "A cat.")))
        #expect(outcomes[1].sample?.facts == ["image_id": "coco_9"])
        #expect(outcomes[2].sample?.task == .question(VisualQuestion("How many?", answers: [WeightedAnswer("2")])))
        #expect(outcomes[3].bad?.contains("it has nothing to read") == true)
        #expect(outcomes[4].sample?.task == .caption(Captions(["Right."])))
        #expect(try opened.samples.unknownKeys(inRecord: 4) == ["captoin"])
        #expect(outcomes[5].bad?.contains("it is not an object") == true)
        let questions = try OwnDataFixtures.outcomes("jsonl/vqa_train.json")
        #expect(
            questions[0].sample
                == Sample(
                    id: "9001",
                    images: [.file(OwnDataFixtures.path("jsonl/train2014/COCO_train2014_000000000009.jpg"), identity: "coco/9")],
                    task: .question(VisualQuestion("Is it red?", answers: [WeightedAnswer("yes", weight: 9), WeightedAnswer("no")])),
                    facts: ["dataset": "vqa"]))
        let captions = try OwnDataFixtures.outcomes("jsonl/coco_karpathy_val.json")
        #expect(captions[0].sample?.task == .caption(Captions(["One.", "Two."])))
    }

    @Test("a row says what it is by its names: options by letter, other people's tasks, conversations in any spelling")
    func rowKinds() throws {
        func outcomes(_ text: String) throws -> [OwnDataFixtures.Outcome] {
            try withFile(text) { OwnDataFixtures.outcomes(try OwnData.open($0.path, format: .jsonl).samples) }
        }
        for answer in [#""B""#, #""b""#, #""(b)""#, "1"] {
            let lettered = try outcomes(#"{"question": "?", "options": ["x", "y"], "answer": \#(answer)}"#)
            #expect(lettered[0].sample?.task == .question(VisualQuestion("?", options: ["x", "y"], correct: 1)), "\(answer)")
        }
        // What is a text, or an option itself, is no place.
        let counted = try outcomes(#"{"question": "?", "options": ["2", "1"], "answer": 1}"#)
        #expect(
            counted[0].sample?.task
                == .question(VisualQuestion("?", answers: [WeightedAnswer("1")], options: ["2", "1"], correct: 1)))
        let text = try outcomes(#"{"question": "?", "options": ["x", "y"], "answer": "1"}"#)
        #expect(text[0].sample?.task == .question(VisualQuestion("?", answers: [WeightedAnswer("1")], options: ["x", "y"])))
        let beyond = try outcomes(#"{"question": "?", "options": ["x", "y"], "answer": "C"}"#)
        #expect(beyond[0].sample?.task == .question(VisualQuestion("?", answers: [WeightedAnswer("C")], options: ["x", "y"])))
        let tasked = try outcomes(#"{"task": "vqa", "question": "?", "answer": 2.5}"#)
        #expect(tasked[0].sample?.task == .question(VisualQuestion("?", answers: [WeightedAnswer("2.5")])))
        // Three answers, whatever the name is spelt with.
        let turns =
            #"[{"from": "human", "value": "1"}, {"from": "gpt", "value": "a"}, {"from": "human", "value": "2"}, {"from": "gpt", "value": "b"}]"#
        #expect(try outcomes("{\"c\\u006fnversations\": \(turns)}\n{\"conversations\": \(turns)}").count == 4)
    }

    @Test("what is written is read back equal, whatever is in it")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            var random = RandomSamples(folder: folder.path)
            let samples = (0..<400).map { _ in random.sample() }
            let path = folder.appending(path: "all.jsonl").path
            let bad = BadSamples(limit: 0)
            let (count, files) = try LineWriter(path).write(ListedSamples(samples), name: "random", bad: bad)
            #expect(count == 400)
            #expect(files == [path])
            let opened = try OwnData.open(path, format: .jsonl, trustsPaths: true)
            #expect(opened.samples.count == samples.count)
            for (index, sample) in samples.enumerated() {
                let read = try opened.samples.sample(index)
                #expect(read == sample)
                // Swift calls texts equal that have other bytes; the lines show those.
                #expect(try Array(SampleLine.text(read).utf8) == Array(SampleLine.text(sample).utf8))
            }
        }
    }

    @Test("pictures below the folder are named relative to it, so that both can be moved")
    func relative() throws {
        let sample = Sample(id: "1", images: [.file("/data/a/b.jpg"), .file("/database/c.jpg")], task: .caption(Captions(["x\n"])))
        #expect(
            try SampleLine.text(sample, relativeTo: "/data")
                == "{\"id\": \"1\", \"images\": [\"a/b.jpg\", \"/database/c.jpg\"], \"task\": \"caption\", \"captions\": [\"x\\n\"]}\n")
    }

    @Test("a number that JSON cannot hold is the sample's fault")
    func notFinite() {
        let sample = Sample(id: "1", images: [], task: .question(VisualQuestion("?", answers: [WeightedAnswer("x", weight: .infinity)])))
        #expect(throws: DataError.self) { try SampleLine.text(sample) }
    }

    @Test("pictures that are called as COCO calls them are COCO's, unless the line says otherwise")
    func cocoNames() throws {
        let images =
            #"["val2017/000000391895.jpg", {"file": "COCO_val2014_000000000042.jpg"}, {"file": "val2017/000000391895.jpg", "identity": "mine"}]"#
        try withFile(#"{"id": "1", "images": \#(images), "task": "caption", "captions": ["x"]}"#) { url in
            let sample = try OwnData.open(url.path, format: .jsonl).samples.sample(0)
            #expect(sample.images.map(\.identity) == ["coco/391895", "coco/42", "mine"])
        }
    }
}

/// Samples with anything in them that a sample may have.
struct RandomSamples {
    let folder: String
    private var generator = SeededGenerator(seed: 7)

    init(folder: String) { self.folder = folder }

    mutating func sample() -> Sample {
        Sample(
            id: text(), images: list(3) { $0.image() }, task: task(),
            facts: Dictionary(list(3) { ($0.text(), $0.text()) }) { first, _ in first })
    }

    private mutating func task() -> SampleTask {
        switch generator.below(4) {
        case 0: .caption(Captions(list(3) { $0.text() }, ocrTokens: list(3) { $0.text() }))
        case 1: .question(question())
        case 2: .questionGeneration(question())
        default: .instruction(WrittenInstruction(text(), response: optional { $0.text() }, history: exchanges()))
        }
    }

    private mutating func question() -> VisualQuestion {
        var question = VisualQuestion(
            text(), answers: list(4) { WeightedAnswer($0.text(), weight: $0.number()) }, options: list(4) { $0.text() },
            candidates: list(4) { $0.text() }, ocrTokens: list(3) { $0.text() }, context: optional { $0.text() }, history: exchanges(),
            caption: optional { $0.text() })
        if !question.choices.isEmpty {
            question.correct = optional { $0.generator.below(question.choices.count) }
            if generator.below(2) == 0 { question.relevance = question.choices.map { _ in number() } }
        }
        return question
    }

    private mutating func exchanges() -> [Exchange] { list(3) { Exchange($0.text(), $0.text()) } }

    private mutating func image() -> SampleImage {
        let path =
            (generator.below(2) == 0 ? folder + "/" : "/elsewhere/")
            + ["a.jpg", "é.png", "b/c d.webp", "\"quoted\".gif"][generator.below(4)]
        let source: SampleImage.Source =
            switch generator.below(4) {
            case 0: .file(path)
            case 1: .clip(path)
            case 2:
                .part(
                    FilePart(
                        path: path, offset: generator.below(1 << 40), count: generator.below(9),
                        encoding: generator.below(2) == 0 ? .raw : .base64))
            default: .bytes((0...generator.below(9)).map { _ in UInt8(generator.below(256)) })
            }
        return SampleImage(source, identity: optional { $0.text() })
    }

    private mutating func text() -> String {
        let pieces = ["", "a", "cat", "\"", "\\", "\n", "\t", "\u{0}", "\u{1F}", "é", "e\u{301}", "😀", "\u{2028}", "</", "<image>", " "]
        return list(5) { pieces[$0.generator.below(pieces.count)] }.joined()
    }

    private mutating func number() -> Double { [1, 0, 3, 0.1, 1e-300, 1e22, .leastNonzeroMagnitude, generator.unit()][generator.below(8)] }

    private mutating func list<T>(_ most: Int, _ element: (inout RandomSamples) -> T) -> [T] {
        (0..<generator.below(most + 1)).map { _ in element(&self) }
    }

    private mutating func optional<T>(_ value: (inout RandomSamples) -> T) -> T? { generator.below(2) == 0 ? nil : value(&self) }
}
