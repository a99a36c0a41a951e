import BlipData
import Foundation
import Testing

@Suite("LAVIS's lists are read, whichever they are")
struct LAVISFileTests {
    @Test("captions: one each to train on, all of a picture to evaluate")
    func captions() throws {
        let table = DatasetFixtures.path("lavis_caption/images/train2014/COCO_train2014_000000057870.jpg")
        #expect(
            try DatasetFixtures.samples("lavis_caption", .train) == [
                Sample(
                    id: "0", images: [.file(table, identity: "coco/57870")], task: .caption(Captions(["A table."])),
                    facts: ["image_id": "coco_57870"]),
                Sample(
                    id: "1", images: [.file(table, identity: "coco/57870")], task: .caption(Captions(["Chairs."])),
                    facts: ["image_id": "coco_57870"]),
                Sample(
                    id: "2", images: [SampleImage(.clip(DatasetFixtures.path("lavis_caption/images/video0.mp4")))],
                    task: .caption(Captions(["a car"]))),
            ])
        #expect(
            try DatasetFixtures.samples("lavis_caption", .validation).map(\.task) == [
                .caption(Captions(["A cow.", "A child holding an umbrella."]))
            ])
        #expect(
            try DatasetFixtures.samples("lavis_caption", .test) == [
                Sample(id: "0", images: [.file("/pictures/x.jpg")], task: .caption(Captions([])), facts: ["image_id": "7"])
            ])
    }

    @Test("questions: answers as a list, as a text, as A-OKVQA's, and none")
    func questions() throws {
        let samples = try DatasetFixtures.samples("lavis_vqa", .train)
        #expect(
            samples[0]
                == Sample(
                    id: "458752000",
                    images: [
                        .file(
                            DatasetFixtures.path("lavis_vqa/images/train2014/COCO_train2014_000000458752.jpg"), identity: "coco/458752")
                    ],
                    task: .question(
                        VisualQuestion("What is it?", answers: [WeightedAnswer("net", weight: 2), WeightedAnswer("mesh")])),
                    facts: ["question_id": "458752000", "dataset": "vqa"]))
        #expect(samples.map(\.id) == ["458752000", "1", "22MexNkBPpdZGX6sxbxVBH"])
        #expect(samples[1].task == .question(VisualQuestion("What color?", answers: [WeightedAnswer("green")])))
        #expect(samples[2].task == .question(VisualQuestion("What?", answers: [WeightedAnswer("ride", weight: 2), WeightedAnswer("cab")])))
        #expect(try DatasetFixtures.samples("lavis_vqa", .test).map(\.task) == [.question(VisualQuestion("Is it?"))])
    }

    @Test("any file with any folder of pictures")
    func anyFile() throws {
        let samples = try LAVISQuestions(URL(fileURLWithPath: DatasetFixtures.path("lavis_vqa/train.json")), images: "/pictures")
        #expect(try samples.sample(1).images == [.file("/pictures/VG_100K/1.jpg")])
    }

    @Test("pictures of COCO are known in the folders of 2017 too")
    func cocoNames() throws {
        try withFile(#"[{"image": "val2017/000000391895.jpg", "question": "?"}]"#) { url in
            let sample = try LAVISQuestions(url, images: "/pictures").sample(0)
            #expect(sample.images.map(\.identity) == ["coco/391895"])
        }
    }
}
