import BlipData
import Foundation
import Testing

@Suite("Visual Genome is read from its official files")
struct VisualGenomeTests {
    @Test("region descriptions are captions of their picture")
    func regions() throws {
        let samples = try DatasetFixtures.samples("visual_genome_caption", .train)
        #expect(
            samples == [
                Sample(
                    id: "1", images: [.file(DatasetFixtures.path("visual_genome/VG_100K_2/1.jpg"), identity: "visual_genome/1")],
                    task: .caption(Captions(["the clock is green in colour", "shade is along the street "])), facts: ["image_id": "1"]),
                Sample(
                    id: "2315353",
                    images: [.file(DatasetFixtures.path("visual_genome/VG_100K/2315353.jpg"), identity: "visual_genome/2315353")],
                    task: .caption(Captions(["A café"])),
                    facts: ["image_id": "2315353", "coco_id": "391895", "flickr_id": "5132546789"]),
            ])
        #expect(try DatasetCatalog.dataset("visual_genome_caption").open(DatasetFixtures.root, .train).size == 3)
    }

    @Test("questions keep their answers' full stops")
    func questions() throws {
        let samples = try DatasetFixtures.samples("visual_genome_qa", .train)
        #expect(samples.map(\.id) == ["986768", "986777", "5"])
        #expect(
            samples[0]
                == Sample(
                    id: "986768", images: [.file(DatasetFixtures.path("visual_genome/VG_100K_2/1.jpg"), identity: "visual_genome/1")],
                    task: .question(VisualQuestion("What color is the clock?", answers: [WeightedAnswer("Green.")])),
                    facts: ["image_id": "1"]))
        #expect(samples[2].task == .question(VisualQuestion("Where?", answers: [WeightedAnswer("Café.")])))
        #expect(samples[2].images[0].identity == "visual_genome/2315353")
    }
}
