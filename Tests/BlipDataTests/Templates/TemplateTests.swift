import BlipData
import Testing

@Suite("Templates are the paper's, and their holes are filled")
struct TemplateTests {
    @Test("13 captions, 10 questions, 6 for question generation, with the holes they need")
    func counts() {
        let paper = TemplateSet.paper
        #expect(paper.captions.count == 13 && paper.captions.allSatisfy { $0.holes.isEmpty })
        #expect(paper.questions.count == 10 && paper.questions.allSatisfy { $0.holes == [.question] })
        #expect(paper.questionGeneration.count == 6 && paper.questionGeneration.allSatisfy { $0.holes == [.answer] })
        #expect(Set((paper.captions + paper.questions + paper.questionGeneration).map(\.text)).count == 29)
    }

    @Test("braces may be doubled, unknown and open holes are refused")
    func braces() throws {
        #expect(try Template("{{x}} {question}").filled { _ in "why?" } == "{x} why?")
        for (text, reason) in [("{quest}", "no hole {quest}"), ("{question", "not closed"), ("a } b", "not opened"), ("{}", "no hole {}")] {
            #expect { _ = try Template(text) } throws: { "\($0)".contains(reason) }
        }
    }

    @Test("what a question has is written where the paper writes it")
    func question() throws {
        let writer = InstructionWriter()
        var question = VisualQuestion("Which is red?", options: ["the hat", "the coat"], ocrTokens: ["EXIT", "12"], context: "Winter.")
        func write(_ template: Template) throws -> String {
            try writer.instruction(template, Sample(id: "1", images: [], task: .question(question)))
        }
        #expect(
            try write("Q: {question} A:")
                == "OCR tokens: EXIT, 12. Context: Winter. Q: Which is red? Options: (a) the hat (b) the coat. A:")
        #expect(
            try write("Context: {context} Question: {question} Options: {options}. OCR: {ocr} Answer:")
                == "Context: Winter. Question: Which is red? Options: (a) the hat (b) the coat. OCR: EXIT, 12 Answer:")
        question = VisualQuestion("And now?", candidates: ["yes", "no"], history: [Exchange("Is it red?", "no")], caption: "A hat.")
        #expect(
            try write("Dialog history: {history}\n Question: {question} Short answer:")
                == "Dialog history: A hat. Is it red? no\n Question: And now? Short answer:")
        #expect(try write("{question}") == "Dialog history: A hat. Is it red? no\n And now?")
        #expect(throws: DataError.emptyHole(template: "{options}", hole: "options", sample: "1")) { try write("{options}") }
    }

    @Test("of words read in a picture the first thirty are told")
    func words() throws {
        let captions = Captions(["x"], ocrTokens: (1...40).map(String.init))
        let text = try InstructionWriter().instruction("A photo of", Sample(id: "1", images: [], task: .caption(captions)))
        #expect(text == "OCR tokens: " + (1...30).map(String.init).joined(separator: ", ") + ". A photo of")
    }

    @Test("options beyond z go on with aa")
    func letters() {
        let text = InstructionWriter.lettered((0..<29).map { "o\($0)" })
        #expect(text.hasPrefix("(a) o0 (b) o1") && text.hasSuffix("(z) o25 (aa) o26 (ab) o27 (ac) o28"))
    }
}
