import BlipData
import Testing

@Suite("Examples are drawn from samples")
struct ExampleMakerTests {
    let maker = ExampleMaker(dataset: "vqav2", category: "Image question answering", title: "VQAv2")
    let sample = Sample(
        id: "7", images: [.file("/p.jpg")],
        task: .question(VisualQuestion("What?", answers: [WeightedAnswer("Net.", weight: 7), WeightedAnswer("web", weight: 3)])))

    private func examples(_ sample: Sample, _ maker: ExampleMaker, _ count: Int) throws -> [Example] {
        try (0..<count).map { index in
            var generator = SeededGenerator(seed: 1, 0, UInt64(index))
            return try maker.example(sample, &generator)
        }
    }

    @Test("answers are as likely as annotators gave them, templates equally; casing stays")
    func frequencies() throws {
        let examples = try examples(sample, maker, 10_000)
        #expect(abs(examples.count { $0.answer == "Net." } - 7_000) < 200)
        let templates = Dictionary(grouping: examples, by: \.instruction).mapValues(\.count)
        #expect(templates.count == 10 && templates.values.allSatisfy { abs($0 - 1_000) < 150 })
        #expect(templates["Question: What? Short answer:"] != nil)
    }

    @Test("the same keys give the same example")
    func repeatable() throws {
        #expect(try examples(sample, maker, 100) == examples(sample, maker, 100))
    }

    @Test("a generated question is asked for the answer that was drawn")
    func generation() throws {
        guard case .question(let question) = sample.task else { return }
        let backwards = Sample(id: "7", images: [], task: .questionGeneration(question))
        let examples = try examples(backwards, maker, 2_000)
        #expect(examples.allSatisfy { $0.answer == "What?" })
        #expect(abs(examples.count { $0.instruction.contains("web") } - 600) < 100)
        #expect(examples.allSatisfy { $0.instruction.contains("web") != $0.instruction.contains("Net.") })
    }

    @Test("an instruction of the dataset's own gets no template, and its history goes before it")
    func written() throws {
        let task = SampleTask.instruction(WrittenInstruction("Why?", response: "Because.", history: [Exchange("What is it?", "A net.")]))
        let example = try examples(Sample(id: "8", images: [], task: task), maker, 1)[0]
        #expect(example.instruction == "What is it? A net. Why?" && example.answer == "Because.")
    }

    @Test("without templates the input is plain, or has a prefix")
    func styles() throws {
        let plain = ExampleMaker(dataset: "coco", category: "Image captioning", title: "COCO Caption", style: .plain)
        let prefixed = ExampleMaker(dataset: "coco", category: "Image captioning", title: "COCO Caption", style: .prefixed)
        let caption = Sample(id: "9", images: [], task: .caption(Captions(["A Net"])))
        #expect(try examples(caption, plain, 1)[0].instruction == "")
        #expect(try examples(caption, prefixed, 1)[0].instruction == "[Image captioning:COCO Caption]")
        #expect(try examples(sample, prefixed, 1)[0].instruction == "[Image captioning:COCO Caption] What?")
    }

    @Test("a secret answer cannot be trained on; of options the right one is the answer")
    func answers() throws {
        #expect(throws: DataError.noAnswer(sample: "1")) {
            try examples(Sample(id: "1", images: [], task: .question(VisualQuestion("What?"))), maker, 1)
        }
        #expect(throws: DataError.noAnswer(sample: "2")) {
            try examples(Sample(id: "2", images: [], task: .caption(Captions([]))), maker, 1)
        }
        let choice = Sample(id: "3", images: [], task: .question(VisualQuestion("What?", options: ["a", "b"], correct: 1)))
        #expect(try examples(choice, maker, 1)[0].answer == "b")
    }
}

@Suite("BLIP-2's second stage learns captions")
struct CaptionStyleTests {
    private func maker(_ style: InstructionStyle) -> ExampleMaker {
        ExampleMaker(dataset: "coco", category: "Image captioning", title: "COCO Caption", style: style)
    }

    private func examples(_ sample: Sample, _ style: InstructionStyle, _ count: Int) throws -> [Example] {
        try (0..<count).map { index in
            var generator = SeededGenerator(seed: 1, 0, UInt64(index))
            return try maker(style).example(sample, &generator)
        }
    }

    private func caption(_ text: String, ocr: [String] = []) -> Sample {
        Sample(id: "9", images: [], task: .caption(Captions([text], ocrTokens: ocr)))
    }

    @Test("whole captions have no instruction, not even words read in the picture")
    func whole() throws {
        let example = try examples(caption("A Net.", ocr: ["net"]), .captions, 1)[0]
        #expect(example.instruction.isEmpty && example.answer == "A Net.")
    }

    @Test("a caption is cut before each of its words as often, and nothing of it is lost")
    func split() throws {
        let text = "a  red circle,\tand a house "
        let examples = try examples(caption(text), .splitCaptions, 6_000)
        let counts = Dictionary(grouping: examples, by: \.instruction).mapValues(\.count)
        #expect(Set(counts.keys) == ["", "a", "a  red", "a  red circle,", "a  red circle,\tand", "a  red circle,\tand a"])
        #expect(counts.values.allSatisfy { abs($0 - 1_000) < 150 })
        func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
        #expect(examples.allSatisfy { words($0.instruction) + words($0.answer) == words(text) && !$0.answer.isEmpty })
        #expect(try self.examples(caption(text), .splitCaptions, 100) == Array(examples.prefix(100)))
    }

    @Test("a caption of one word, or of none, is not cut", arguments: ["net", " net ", "", "  "])
    func short(_ text: String) throws {
        let examples = try examples(caption(text), .splitCaptions, 10)
        #expect(examples.allSatisfy { $0.instruction.isEmpty && $0.answer == text })
    }

    @Test("other tasks are refused", arguments: [InstructionStyle.captions, .splitCaptions])
    func others(_ style: InstructionStyle) {
        let question = VisualQuestion("What?", answers: [WeightedAnswer("a net")])
        for task in [
            SampleTask.question(question), .questionGeneration(question), .instruction(WrittenInstruction("Why?", response: "So.")),
        ] {
            #expect(throws: DataError.notACaption(sample: "7")) { try examples(Sample(id: "7", images: [], task: task), style, 1) }
        }
    }
}
