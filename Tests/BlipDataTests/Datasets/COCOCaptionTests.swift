import BlipData
import Foundation
import Testing

@Suite("COCO Caption is read from Karpathy's file or the official ones")
struct COCOCaptionTests {
    @Test("Karpathy's train has restval in it")
    func karpathyTrain() throws {
        let samples = try DatasetFixtures.samples("coco_caption", .train)
        #expect(
            samples == [
                Sample(
                    id: "60623",
                    images: [.file(DatasetFixtures.path("coco/val2014/COCO_val2014_000000060623.jpg"), identity: "coco/60623")],
                    task: .caption(Captions(["A girl eats cake. "])), facts: ["image_id": "60623", "split": "restval"]),
                Sample(
                    id: "57870",
                    images: [.file(DatasetFixtures.path("coco/train2014/COCO_train2014_000000057870.jpg"), identity: "coco/57870")],
                    task: .caption(Captions(["A table.", "A table.", "Chairs \"around\" a table."])),
                    facts: ["image_id": "57870", "split": "train"]),
            ])
        // Mixtures balance by captions.
        #expect(try DatasetCatalog.dataset("coco_caption").open(DatasetFixtures.root, .train).size == 4)
    }

    @Test("Karpathy's validation and test")
    func karpathyEvaluation() throws {
        #expect(try DatasetFixtures.samples("coco_caption", .validation).map(\.id) == ["184613"])
        let test = try DatasetFixtures.samples("coco_caption", .test)
        #expect(test.map(\.id) == ["391895"])
        #expect(test[0].task == .caption(Captions(["A man with a red helmet.", "Ein “Café” – déjà vu."])))
        #expect(test[0].facts == ["image_id": "391895", "split": "test"])
    }

    @Test("the official captions meet their pictures")
    func official() throws {
        try withDatasets("coco/annotations") { datasets in
            let train = try datasets.samples("coco_caption", .train)
            #expect(
                train == [
                    Sample(
                        id: "57870",
                        images: [.file(datasets.path("coco/train2014/COCO_train2014_000000057870.jpg"), identity: "coco/57870")],
                        task: .caption(Captions(["A table.\n"])), facts: ["image_id": "57870"]),
                    Sample(
                        id: "9", images: [.file(datasets.path("coco/train2014/COCO_train2014_000000000009.jpg"), identity: "coco/9")],
                        task: .caption(Captions(["Two bowls.", "Broccoli, naturally"])), facts: ["image_id": "9"]),
                ])
            #expect(try datasets.open("coco_caption", .train).size == 3)
            #expect(try datasets.samples("coco_caption", .validation).map(\.id) == ["184613"])
            // There is no official split to test on whose captions are public.
            #expect(throws: DataError.self) { try datasets.open("coco_caption", .test) }
        }
    }

    @Test("an official caption whose picture cannot be read fails alone, behind the pictures")
    func brokenCaption() throws {
        try withDatasets("coco/annotations") { datasets in
            try datasets.replace("coco/annotations/captions_train2014.json", "{\"image_id\": 9, \"id\": 661611", "{\"id\": 661611")
            let samples = try datasets.open("coco_caption", .train)
            #expect(samples.count == 3)
            #expect(try samples.sample(1).task == .caption(Captions(["Broccoli, naturally"])))
            let error = #expect(throws: DataError.self) { try samples.sample(2) }
            #expect(error?.description.contains("captions_train2014.json, record 1") == true)
        }
    }

    @Test("a picture without a caption is an error, not a sample without references")
    func pictureWithoutCaption() throws {
        try withDatasets("coco/annotations") { datasets in
            try datasets.replace("coco/annotations/captions_train2014.json", "\"image_id\": 57870", "\"image_id\": 57871")
            let samples = try datasets.open("coco_caption", .train)
            let error = #expect(throws: DataError.self) { try samples.sample(0) }
            #expect(error?.description.contains("no caption has its id 57870") == true)
            #expect(try samples.sample(1).id == "9")
        }
    }
}
