import BlipData
import Testing

@Suite("iVQA is read from its official files")
struct IVQATests {
    @Test("five answers are counted, and clips are found by the ids they begin with")
    func clips() throws {
        #expect(
            try DatasetFixtures.samples("ivqa", .test) == [
                Sample(
                    id: "test-0",
                    images: [
                        SampleImage(.clip(DatasetFixtures.path("ivqa/video/-abcDEF_123_12_27.mp4")), identity: "youtube/-abcDEF_123/12-27")
                    ],
                    task: .question(
                        VisualQuestion(
                            "What is poured, first, into the bowl?",
                            answers: [WeightedAnswer("olive oil", weight: 2), WeightedAnswer("oil", weight: 2), WeightedAnswer("jalapeño")])
                    ),
                    facts: ["video_id": "-abcDEF_123", "start": "12", "end": "27"]),
                Sample(
                    id: "test-1",
                    images: [SampleImage(.clip(DatasetFixtures.path("ivqa/video/xyz98765432.mkv")), identity: "youtube/xyz98765432/5-11")],
                    task: .question(VisualQuestion(#"Which "tool" is used?"#, answers: [WeightedAnswer("knife", weight: 3)])),
                    facts: ["video_id": "xyz98765432", "start": "5", "end": "11"]),
                Sample(
                    id: "test-2",
                    images: [
                        SampleImage(.clip(DatasetFixtures.path("ivqa/video/zzz98765432.0.webm")), identity: "youtube/zzz98765432/5-11")
                    ],
                    task: .question(VisualQuestion("What is it?", answers: [WeightedAnswer("clay", weight: 5)])),
                    facts: ["video_id": "zzz98765432", "start": "5", "end": "11"]),
            ])
    }

    @Test("of several clips of a video the one with the times is taken")
    func times() throws {
        let files = [
            "ivqa/val.csv": "video_id,start,end,question,answer1\nabc,30,40,Why?,so\n", "ivqa/video/abc_10_20.mp4": "",
            "ivqa/video/abc_30_40.webm": "",
        ]
        // Ids have eleven characters: of a shorter one only the exact name is found.
        try withDatasets(files) { root in
            let sample = try DatasetCatalog.dataset("ivqa").open(root, .validation).sample(0)
            #expect(sample.images.map(\.source) == [.clip(root + "/ivqa/video/abc_30_40.mp4")])
        }
        let long = ["ivqa/val.csv", "ivqa/video/abcdefghijk_10_20.mp4", "ivqa/video/abcdefghijk_30_40.webm"]
        try withDatasets([long[0]: "video_id,start,end,question,answer1\nabcdefghijk,30,40,Why?,so\n", long[1]: "", long[2]: ""]) { root in
            let sample = try DatasetCatalog.dataset("ivqa").open(root, .validation).sample(0)
            #expect(sample.images.map(\.source) == [.clip(root + "/" + long[2])])
        }
    }

    @Test("a broken row says where it stands, and the next is readable")
    func broken() throws {
        let table = "video_id,start,end,question,answer1,answer2\nabc,1,2,Why?,,\nabc,1,,Why?,so,so\nabc,1,2,Why?,so,so\n"
        try withDatasets(["ivqa/train.csv": table]) { root in
            #expect(failure("ivqa", .train, 0, below: root) == "train.csv, row 1 (byte 44): it has no answer")
            #expect(failure("ivqa", .train, 1, below: root) == "train.csv, row 2 (byte 59): it has no \"end\"")
            #expect(failure("ivqa", .train, 2, below: root) == nil)
        }
        try withDatasets(["ivqa/train.csv": "video_id,start,end,question\n"]) { root in
            _ = #expect(throws: RecordError.self) { _ = try DatasetCatalog.dataset("ivqa").open(root, .train) }
        }
    }

    @Test("without its files it says where they are")
    func missing() throws {
        try expectMissing(
            "ivqa", .test, path: "ivqa/test.csv", url: "https://drive.google.com/drive/folders/14e7hUcy4Ti25HdRRH5LUpuJTik2cjlzb")
    }
}
