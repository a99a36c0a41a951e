import BlipData
import Testing

@Suite("VSR is read from its official files")
struct VSRTests {
    @Test("a statement is a choice of true and false about a picture of COCO")
    func zeroShot() throws {
        #expect(
            try DatasetFixtures.samples("vsr", .test) == [
                Sample(
                    id: "test-0", images: [.file(DatasetFixtures.path("coco/train2017/000000517691.jpg"), identity: "coco/517691")],
                    task: .question(
                        VisualQuestion(
                            "The heron is behind the café table.", answers: [WeightedAnswer("true")], candidates: ["true", "false"],
                            correct: 0)),
                    facts: ["image_id": "517691", "relation": "behind", "subj": "heron", "obj": "café table", "annotator_id": "2"]),
                Sample(
                    id: "test-1", images: [.file(DatasetFixtures.path("coco/val2017/000000001675.jpg"), identity: "coco/1675")],
                    task: .question(
                        VisualQuestion(
                            "The heron is on the kettle.", answers: [WeightedAnswer("false")], candidates: ["true", "false"], correct: 1)),
                    facts: ["image_id": "1675", "relation": "on", "annotator_id": "29"]),
            ])
    }

    @Test("the random split is a dataset of its own")
    func random() throws {
        let samples = try DatasetFixtures.samples("vsr_random", .validation)
        #expect(samples.map(\.id) == ["val-0"])
        #expect(samples[0].question?.text == "The kettle is left of the tram.")
        #expect(samples[0].question?.correct == 1)
    }

    @Test("the authors' selection of pictures is used where it is there")
    func selection() throws {
        let line = #"{"image": "000000000650.jpg", "image_link": "", "caption": "It is.", "label": 1}"#
        try withDatasets(["vsr/data/splits/zeroshot/dev.jsonl": line, "vsr/data/images/000000000650.jpg": ""]) { root in
            let sample = try DatasetCatalog.dataset("vsr").open(root, .validation).sample(0)
            #expect(sample.images == [.file(root + "/vsr/data/images/000000000650.jpg", identity: "coco/650")])
        }
    }

    @Test("a broken statement says where it stands, and the next is readable")
    func broken() throws {
        let link = #""image": "000000000650.jpg", "image_link": "http://images.cocodataset.org/train2017/000000000650.jpg""#
        let lines = [
            #"{\#(link), "caption": "It is.", "label": 2}"#, #"{\#(link), "caption": "It is.", "label": 1}"#,
            #"{"image": "a.jpg", "image_link": "", "caption": "It is.", "label": 1}"#,
            #"{"image": "1.jpg", "image_link": "1.jpg", "caption": "It is.", "label": 1}"#,
        ]
        try withDatasets(["vsr/data/splits/zeroshot/train.jsonl": lines.joined(separator: "\n")]) { root in
            #expect(
                failure("vsr", .train, 0, below: root) == "train.jsonl, line 1: its \"label\" is 2, which is neither 0 nor 1")
            #expect(failure("vsr", .train, 1, below: root) == nil)
            #expect(failure("vsr", .train, 2, below: root)?.contains("not named by a COCO number") == true)
            #expect(failure("vsr", .train, 3, below: root)?.contains("names no folder of COCO") == true)
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing(
            "vsr", .test, path: "vsr/data/splits/zeroshot/test.jsonl",
            url: "https://raw.githubusercontent.com/cambridgeltl/visual-spatial-reasoning/master/data/splits/zeroshot/test.jsonl")
        try expectMissing(
            "vsr_random", .validation, path: "vsr/data/splits/random/dev.jsonl",
            url: "https://raw.githubusercontent.com/cambridgeltl/visual-spatial-reasoning/master/data/splits/random/dev.jsonl")
    }
}
