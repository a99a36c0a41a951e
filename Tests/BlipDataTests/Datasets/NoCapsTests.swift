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
}
