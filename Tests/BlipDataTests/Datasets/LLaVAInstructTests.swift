import BlipData
import Testing

@Suite("LLaVA's instructions are read from their official files")
struct LLaVAInstructTests {
    private static let picture = SampleImage.file(DatasetFixtures.path("coco/train2017/000000517691.jpg"), identity: "coco/517691")

    @Test("a description and a piece of reasoning are one turn, without the mark of the picture")
    func singleTurns() throws {
        #expect(
            try DatasetFixtures.samples("llava_detail", .train) == [
                Sample(
                    id: "0-1", images: [Self.picture],
                    task: .instruction(
                        WrittenInstruction(
                            "Write a detailed description of the given image.",
                            response: "The scene shows a heron, the “café” bird,\nbeside a kettle. It is calm.")),
                    facts: ["id": "000000517691"])
            ])
        #expect(
            try DatasetFixtures.samples("llava_reasoning", .train) == [
                Sample(
                    id: "0-1",
                    images: [.file(DatasetFixtures.path("coco/train2017/000000001675.jpg"), identity: "coco/1675")],
                    task: .instruction(WrittenInstruction("Why might the heron wait?", response: "It may be waiting for fish.")),
                    facts: ["id": "000000001675"])
            ])
    }

    @Test("every turn of a conversation is a sample with the turns before it")
    func turns() throws {
        let past = [Exchange("What bird is it?", "It is a heron."), Exchange("How many are there?", "There is only one.")]
        let tasks = [
            WrittenInstruction("What bird is it?", response: "It is a heron."),
            WrittenInstruction("How many are there?", response: "There is only one.", history: Array(past[..<1])),
            WrittenInstruction("Is it wet?", response: "Yes, it is.", history: past),
            WrittenInstruction("What is beside it?", response: "A kettle 🫖."),
        ]
        #expect(
            try DatasetFixtures.samples("llava_conversation", .train)
                == zip(["0-1", "0-2", "0-3", "1-1"], tasks).map { id, task in
                    Sample(id: id, images: [Self.picture], task: .instruction(task), facts: ["id": "000000517691"])
                })
    }

    @Test("the pictures may lie in the folder of 2014")
    func year() throws {
        let text =
            #"[{"id": 1, "image": "000000000001.jpg", "conversations": [{"from": "human", "value": "a<image>"}, {"from": "gpt", "value": "b"}]}]"#
        try withDatasets(["llava/detail_23k.json": text, "coco/train2014/x": ""]) { root in
            let sample = try DatasetCatalog.dataset("llava_detail").open(root, .train).sample(0)
            #expect(sample.images == [.file(root + "/coco/train2014/COCO_train2014_000000000001.jpg", identity: "coco/1")])
        }
    }

    @Test("a broken conversation is one sample that says why, and the next is readable")
    func broken() throws {
        func conversation(_ turns: String...) -> String {
            let values = turns.enumerated().map { #"{"from": "\#($1)", "value": "\#($0 == 0 ? "<image>" : "text")"}"# }.joined(
                separator: ", ")
            return #"{"id": "1", "image": "000000000001.jpg", "conversations": [\#(values)]}"#
        }
        let text = [
            conversation("human", "gpt", "gpt", "human"), conversation("human", "gpt", "human", "gpt"), conversation("human"),
            conversation(),
            #"{"id": "1", "image": "a.jpg", "conversations": [{"from": "human", "value": "a<image>"}, {"from": "gpt", "value": "b"}]}"#,
            #"{"id": tru}"#, conversation("human", "gpt"),
        ]
        try withDatasets(["llava/conversation_58k.json": "[\(text.joined(separator: ",\n"))]"]) { root in
            let samples = try DatasetCatalog.dataset("llava_conversation").open(root, .train)
            #expect(samples.count == 8)
            let failures = (0..<8).map { failure("llava_conversation", .train, $0, below: root) }
            #expect(
                failures[0]
                    == "conversation_58k.json, record 1 (byte 1), conversations 3: it is from \"gpt\" where it is the turn of \"human\"")
            #expect(failures[1] == nil)
            #expect(failures[2] == nil)
            #expect(failures[3]?.hasSuffix("its last turn has no response") == true)
            #expect(failures[4]?.hasSuffix("its \"conversations\" are empty") == true)
            #expect(failures[5]?.hasSuffix("its \"image\" a.jpg is not named by a COCO number") == true)
            #expect(failures[6]?.hasPrefix("conversation_58k.json, record 6 (byte ") == true)
            #expect(failures[6]?.contains("is not JSON") == true)
            #expect(failures[7] == nil)
        }
    }

    @Test(
        "without its files it says where they are",
        arguments: [
            ("llava_detail", "detail_23k.json"), ("llava_reasoning", "complex_reasoning_77k.json"),
            ("llava_conversation", "conversation_58k.json"),
        ])
    func missing(name: String, file: String) throws {
        try expectMissing(
            name, .train, path: "llava/\(file)",
            url: "https://huggingface.co/datasets/liuhaotian/LLaVA-Instruct-150K/resolve/main/\(file)")
    }

    @Test(
        "a conversation must have a place for its picture, and only for that",
        arguments: [
            (#""image": "000000000001.jpg", "#, "a", 0, 1), (#""image": "000000000001.jpg", "#, "<image>a<image>", 2, 1),
            ("", "<image>a", 1, 0),
        ])
    func imageCount(picture: String, text: String, marks: Int, pictures: Int) throws {
        let record = #"[{"id": 1, \#(picture)"conversations": [{"from": "human", "value": "\#(text)"}, {"from": "gpt", "value": "b"}]}]"#
        try withDatasets(["llava/detail_23k.json": record]) { root in
            let samples = try DatasetCatalog.dataset("llava_detail").open(root, .train)
            #expect(samples.count == 1)
            let error = #expect(throws: DataError.self) { try samples.sample(0) }
            guard case .flawedRecord(_, .imageCount, let reason) = error else {
                Issue.record("found \(error.map { "\($0)" } ?? "nothing")")
                return
            }
            #expect(reason.hasPrefix("its questions have \(marks) times <image>, and it has \(pictures) pictures"))
        }
    }
}
