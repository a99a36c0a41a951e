import BlipData
import Foundation
import Testing

@Suite("OCR-VQA is read from its official file")
struct OCRVQATests {
    @Test("a book's questions are samples")
    func train() throws {
        let samples = try DatasetFixtures.samples("ocrvqa", .train)
        let facts = ["image_id": "761183272", "title": "Mom's Café Planner 2016", "authorName": "Nobody", "genre": "Calendars"]
        let image = SampleImage.file(DatasetFixtures.path("ocrvqa/images/761183272.jpg"))
        #expect(
            samples == [
                Sample(
                    id: "761183272#0", images: [image],
                    task: .question(VisualQuestion("Who wrote this book?", answers: [WeightedAnswer("Nobody")])), facts: facts),
                Sample(
                    id: "761183272#1", images: [image],
                    task: .question(
                        VisualQuestion("What is the title of this book?", answers: [WeightedAnswer("Mom's Café Planner 2016")])),
                    facts: facts),
                Sample(
                    id: "761183272#2", images: [image],
                    task: .question(VisualQuestion("Is this a calendar?", answers: [WeightedAnswer("Yes")])), facts: facts),
            ])
    }

    @Test("the other splits, and a picture that is not a JPEG")
    func others() throws {
        #expect(try DatasetFixtures.samples("ocrvqa", .validation).map(\.id) == ["1449#0", "1449#1"])
        let test = try DatasetFixtures.samples("ocrvqa", .test)
        #expect(test.map(\.id) == ["B01GOB7FYO#0"])
        #expect(test[0].images == [.file(DatasetFixtures.path("ocrvqa/images/B01GOB7FYO.gif"))])
    }
}
