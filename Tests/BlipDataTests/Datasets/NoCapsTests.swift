import BlipData
import Foundation
import Testing

@Suite("NoCaps is read from its official files")
struct NoCapsTests {
    @Test("validation has captions, and domains where they are given")
    func validation() throws {
        let samples = try DatasetFixtures.samples("nocaps", .validation)
        #expect(
            samples[0]
                == Sample(
                    id: "0",
                    images: [.file(DatasetFixtures.path("nocaps/val/0013ea2087020901.jpg"), identity: "openimages/0013ea2087020901")],
                    task: .caption(Captions(["A baby.", "A baby in front of a house."])), facts: ["image_id": "0", "domain": "in-domain"]))
        #expect(
            samples.map(\.facts) == [
                ["image_id": "0", "domain": "in-domain"], ["image_id": "1", "domain": "near-domain"], ["image_id": "2"],
            ])
        #expect(samples[1].task == .caption(Captions(["A seal."])))
        #expect(samples[2].task == .caption(Captions(["Ein Bär."])))
    }

    @Test("the test's captions are secret")
    func test() throws {
        #expect(
            try DatasetFixtures.samples("nocaps", .test) == [
                Sample(
                    id: "0",
                    images: [.file(DatasetFixtures.path("nocaps/test/000f2a1b3c4d5e6f.jpg"), identity: "openimages/000f2a1b3c4d5e6f")],
                    task: .caption(Captions([])), facts: ["image_id": "0"])
            ])
    }

    @Test("a caption of no picture is a sample that fails")
    func strayCaption() throws {
        let text =
            #"{"images": [{"id": 0, "file_name": "a.jpg", "open_images_id": "a"}], "annotations": [{"image_id": 4, "caption": "A seal."}, {"image_id": 0, "caption": "A bear."}]}"#
        try withDatasets(["nocaps/nocaps_val_4500_captions.json": text]) { root in
            let samples = try DatasetCatalog.dataset("nocaps").open(root, .validation)
            try #require(samples.count == 2 && samples.size == 2)
            #expect(try samples.sample(0).task == .caption(Captions(["A bear."])))
            #expect(failure("nocaps", .validation, 1, below: root)?.contains("record 1 (byte ") == true)
            #expect(failure("nocaps", .validation, 1, below: root)?.hasSuffix("no image has its image_id 4") == true)
        }
    }
}
