import BlipData
import Foundation
import Testing

@Suite("TextCaps is read from its official files")
struct TextCapsTests {
    @Test("a picture's five records are one sample, with the words read in it")
    func validation() throws {
        let samples = try DatasetFixtures.samples("textcaps", .validation)
        #expect(
            samples == [
                Sample(
                    id: "003a8ae2ef43b901",
                    images: [
                        .file(DatasetFixtures.path("textvqa/train_images/003a8ae2ef43b901.jpg"), identity: "openimages/003a8ae2ef43b901")
                    ],
                    task: .caption(Captions(["A clock shows 5:30.", "A clock in Zürich."], ocrTokens: ["Zürich", "5:30", "\"H₂O\""])),
                    facts: ["image_id": "003a8ae2ef43b901"]),
                Sample(
                    id: "00685bc495504d61",
                    images: [
                        .file(DatasetFixtures.path("textvqa/train_images/00685bc495504d61.jpg"), identity: "openimages/00685bc495504d61")
                    ],
                    task: .caption(Captions(["A blank sign.", "A blank sign."])), facts: ["image_id": "00685bc495504d61"]),
            ])
        #expect(try DatasetCatalog.dataset("textcaps").open(DatasetFixtures.root, .validation).size == 4)
    }

    @Test("train, and the test whose captions are secret")
    func others() throws {
        let train = try DatasetFixtures.samples("textcaps", .train)
        #expect(train.map(\.task) == [.caption(Captions(["A Samsung phone."], ocrTokens: ["SAMSUNG", "samsung"]))])
        let test = try DatasetFixtures.samples("textcaps", .test)
        #expect(test.map(\.task) == [.caption(Captions([], ocrTokens: ["EXIT"]))])
        #expect(test[0].images[0].source == .file(DatasetFixtures.path("textvqa/test_images/09ef2e0d4b6a4f7c.jpg")))
    }

    @Test("a picture whose words were not read is an error")
    func noWords() throws {
        try withDatasets("textcaps", "textvqa") { datasets in
            try datasets.replace("textvqa/TextVQA_Rosetta_OCR_v0.2_val.json", "00685bc495504d61", "00685bc495504d62")
            let samples = try datasets.open("textcaps", .validation)
            #expect(try samples.sample(0).id == "003a8ae2ef43b901")
            let error = #expect(throws: DataError.self) { try samples.sample(1) }
            #expect(error?.description.contains("no OCR record has its image_id 00685bc495504d61") == true)
        }
    }
}
