import BlipData
import Testing

@Suite("MSVD-QA and MSRVTT-QA are read from their official files")
struct VideoQuestionsTests {
    private static func clip(_ path: String, _ identity: String) -> SampleImage {
        SampleImage(.clip(DatasetFixtures.path(path)), identity: identity)
    }

    @Test("MSVD-QA's videos are found by their YouTube names, its candidates are the answers of training")
    func msvd() throws {
        let videos = [Self.clip("msvd_qa/YouTubeClips/-8y1Q0rA3n8_108_115.avi", "msvd/1301")]
        let candidates = ["heron", "run", "kettle"]
        #expect(
            try DatasetFixtures.samples("msvd_qa", .test) == [
                Sample(
                    id: "37348", images: videos,
                    task: .question(
                        VisualQuestion(
                            "what does a crêpe cook hold?", answers: [WeightedAnswer("kettle")], candidates: candidates, correct: 2)),
                    facts: ["video_id": "1301"]),
                // Nobody gave its answer in training.
                Sample(
                    id: "37349", images: videos,
                    task: .question(
                        VisualQuestion("what is a man doing?", answers: [WeightedAnswer("abseil")], candidates: candidates)),
                    facts: ["video_id": "1301"]),
            ])
        let validation = try DatasetFixtures.samples("msvd_qa", .validation)
        #expect(validation.map(\.images) == [[Self.clip("msvd_qa/YouTubeClips/_0nX-El-ySo_83_93.avi", "msvd/1201")]])
        #expect(validation[0].question?.correct == 1)
    }

    @Test("training questions are open")
    func training() throws {
        let samples = try DatasetFixtures.samples("msvd_qa", .train)
        #expect(samples.count == 4)
        #expect(
            samples[2]
                == Sample(
                    id: "2", images: [Self.clip("msvd_qa/YouTubeClips/-7KMZQEsJW4_205_208.avi", "msvd/2")],
                    task: .question(VisualQuestion("who drinks?", answers: [WeightedAnswer("heron")])), facts: ["video_id": "2"]))
    }

    @Test("MSRVTT-QA names its videos by number")
    func msrvtt() throws {
        #expect(
            try DatasetFixtures.samples("msrvtt_qa", .test) == [
                Sample(
                    id: "170859", images: [Self.clip("msrvtt_qa/video/video7010.mp4", "msrvtt/7010")],
                    task: .question(
                        VisualQuestion(
                            "how many people cook?", answers: [WeightedAnswer("two")], candidates: ["couch", "two"], correct: 1)),
                    facts: ["video_id": "7010", "category_id": "9"])
            ])
        #expect(try DatasetFixtures.samples("msrvtt_qa", .train).map { $0.question?.candidates } == [[], []])
    }

    @Test("the videos' folder may be that of another archive")
    func archives() throws {
        let questions = #"[{"answer": "a", "id": 1, "question": "q", "video_id": 7010}]"#
        let msrvtt = ["msrvtt_qa/train_qa.json": questions, "msrvtt_qa/test_qa.json": questions, "msrvtt_qa/TestVideo/x": ""]
        try withDatasets(msrvtt) { root in
            let sample = try DatasetCatalog.dataset("msrvtt_qa").open(root, .test).sample(0)
            #expect(sample.images.map(\.source) == [.clip(root + "/msrvtt_qa/TestVideo/video7010.mp4")])
        }
        try withDatasets(["msvd_qa/train_qa.json": questions, "msvd_qa/video/x": ""]) { root in
            let sample = try DatasetCatalog.dataset("msvd_qa").open(root, .train).sample(0)
            #expect(sample.images.map(\.source) == [.clip(root + "/msvd_qa/video/vid7010.avi")])
        }
    }

    @Test("a broken question says where it stands, and the next is readable")
    func broken() throws {
        let questions =
            #"[{"answer": "a", "id": 1, "question": "q"}, {"answer": "a", "id": 2, "question": "q", "video_id": 1}, "#
            + #"{"answer": "a", "id": 3, "question": "q", "video_id": 2}]"#
        try withDatasets(["msvd_qa/train_qa.json": questions, "msvd_qa/youtube_mapping.txt": "abc_1_2 vid1\n"]) { root in
            #expect(failure("msvd_qa", .train, 0, below: root) == "train_qa.json, record 1 (byte 1): it has no \"video_id\"")
            #expect(failure("msvd_qa", .train, 1, below: root) == nil)
            #expect(
                failure("msvd_qa", .train, 2, below: root)?.hasSuffix("no line of youtube_mapping.txt has its video vid2") == true)
        }
        try withDatasets(["msvd_qa/train_qa.json": questions, "msvd_qa/youtube_mapping.txt": "abc_1_2 1\n"]) { root in
            _ = #expect(throws: DataError.self) { _ = try DatasetCatalog.dataset("msvd_qa").open(root, .train) }
        }
    }

    @Test("without their files they say where they are")
    func missing() throws {
        try expectMissing(
            "msvd_qa", .test, path: "msvd_qa/train_qa.json", url: "https://data.mendeley.com/datasets/h5j7cpwnvn")
        try expectMissing(
            "msrvtt_qa", .test, path: "msrvtt_qa/train_qa.json", url: "https://data.mendeley.com/datasets/bvxhs33bw6")
    }
}
