import BlipData
import Foundation
import Testing

@Suite("VizWiz is read from its official files")
struct VizWizTests {
    @Test("every annotator's answer counts, unanswerable too")
    func publicSplits() throws {
        let train = try DatasetFixtures.samples("vizwiz", .train)
        #expect(
            train == [
                Sample(
                    id: "VizWiz_train_00000000.jpg", images: [.file(DatasetFixtures.path("vizwiz/train/VizWiz_train_00000000.jpg"))],
                    task: .question(
                        VisualQuestion(
                            "What's the name of this product?",
                            answers: [WeightedAnswer("basil leaves", weight: 5), WeightedAnswer("basil", weight: 5)])),
                    facts: ["image_id": "VizWiz_train_00000000.jpg", "answer_type": "other", "answerable": "1"])
            ])
        let validation = try DatasetFixtures.samples("vizwiz", .validation)
        #expect(
            validation.map(\.task) == [
                .question(
                    VisualQuestion(
                        "Ok. There is another picture I hope it is a better one.",
                        answers: [WeightedAnswer("unanswerable", weight: 9), WeightedAnswer("unsuitable")])),
                .question(
                    VisualQuestion(
                        "Can you tell me what is in this can please?",
                        answers: [
                            WeightedAnswer("soda", weight: 4), WeightedAnswer("coca cola", weight: 3), WeightedAnswer("unsuitable image"),
                            WeightedAnswer("coke 0%"), WeightedAnswer("Café"),
                        ])),
            ])
        #expect(validation[0].facts["answerable"] == "0")
    }

    @Test("the tests are one file without answers", arguments: [Split.test, .testDevelopment])
    func secretSplits(_ split: Split) throws {
        #expect(
            try DatasetFixtures.samples("vizwiz", split) == [
                Sample(
                    id: "VizWiz_test_00000000.jpg", images: [.file(DatasetFixtures.path("vizwiz/test/VizWiz_test_00000000.jpg"))],
                    task: .question(VisualQuestion("What is this?")), facts: ["image_id": "VizWiz_test_00000000.jpg"])
            ])
    }
}
