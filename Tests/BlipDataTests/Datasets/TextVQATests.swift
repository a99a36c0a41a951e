import BlipData
import Foundation
import Testing

@Suite("TextVQA is read from its official files")
struct TextVQATests {
    @Test("questions meet the words read in their picture")
    func validation() throws {
        let samples = try DatasetFixtures.samples("textvqa", .validation)
        #expect(
            samples[0]
                == Sample(
                    id: "34602",
                    images: [
                        .file(DatasetFixtures.path("textvqa/train_images/003a8ae2ef43b901.jpg"), identity: "openimages/003a8ae2ef43b901")
                    ],
                    task: .question(
                        VisualQuestion(
                            "what time is it?",
                            answers: [
                                WeightedAnswer("5:30", weight: 5),
                                WeightedAnswer("answering does not require reading text in the image", weight: 2),
                                WeightedAnswer("half past five"), WeightedAnswer("unanswerable"), WeightedAnswer("zürich"),
                            ], ocrTokens: ["Zürich", "5:30", "\"H₂O\""])), facts: ["image_id": "003a8ae2ef43b901"]))
        #expect(
            samples[2].task
                == .question(VisualQuestion("what does it say?", answers: [WeightedAnswer("nothing", weight: 10)], ocrTokens: [])))
    }

    @Test("train, and the test whose answers are secret")
    func others() throws {
        #expect(
            try DatasetFixtures.samples("textvqa", .train).map(\.task) == [
                .question(
                    VisualQuestion(
                        "what is the brand of phone?", answers: [WeightedAnswer("samsung", weight: 9), WeightedAnswer("Samsung")],
                        ocrTokens: ["SAMSUNG", "samsung"]))
            ])
        let test = try DatasetFixtures.samples("textvqa", .test)
        #expect(test.map(\.task) == [.question(VisualQuestion("where to?", ocrTokens: ["EXIT"]))])
        #expect(test[0].images[0].source == .file(DatasetFixtures.path("textvqa/test_images/09ef2e0d4b6a4f7c.jpg")))
    }

    @Test("a broken OCR record fails the questions about its picture alone")
    func brokenWords() throws {
        try withDatasets("textvqa") { datasets in
            try datasets.replace("textvqa/TextVQA_Rosetta_OCR_v0.2_val.json", "{\"image_id\": \"003a8ae2ef43b901\"", "{\"image\": \"\"")
            let samples = try datasets.open("textvqa", .validation)
            let error = #expect(throws: DataError.self) { try samples.sample(0) }
            #expect(error?.description.contains("TextVQA_Rosetta_OCR_v0.2_val.json, record 1") == true)
            #expect(try samples.sample(2).id == "34604")
        }
    }

    @Test("without the OCR file there is no set")
    func missingWords() throws {
        try withDatasets("textvqa/TextVQA_0.5.1_val.json") { datasets in
            let error = #expect(throws: DataError.self) { try datasets.open("textvqa", .validation) }
            #expect(error?.description.contains("https://dl.fbaipublicfiles.com/textvqa/data/TextVQA_Rosetta_OCR_v0.2_val.json") == true)
        }
    }
}
