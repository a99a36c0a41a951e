import BlipData
import Foundation
import Testing

@Suite("Conversations are read turn by turn")
struct ConversationTests {
    private typealias Outcome = OwnDataFixtures.Outcome

    @Test("LLaVA's JSON gives every answer with what was said and shown before it")
    func llava() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("llava/conversations.json"))
        #expect(opened.format == .llava)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        let (first, second) = ("llava/part-000001/997bb945.png", "llava/b.jpg")
        #expect(outcomes.count == 14)
        #expect(opened.samples.recordCount == 12)
        try #require(outcomes.count == 14)
        #expect(outcomes[0] == OwnDataFixtures.written("997bb945#1", [first], "What is shown?", "A café."))
        #expect(
            outcomes[1]
                == OwnDataFixtures.written(
                    "997bb945#2", [first], "What colour?\n", "Red.", history: [Exchange("What is shown?", "A café.")]))
        #expect(outcomes[2] == OwnDataFixtures.written("two", [first, second], "What differs between and ?", "The colour."))
        #expect(outcomes[3] == OwnDataFixtures.written("later#1", [], "Hello", "Hi."))
        #expect(outcomes[4] == OwnDataFixtures.written("later#2", [second], "And this?", "Green.", history: [Exchange("Hello", "Hi.")]))
        #expect(outcomes[5] == OwnDataFixtures.written("text", [], "Is 2 < 3?", "Yes: 2 < 3."))
        #expect(outcomes[6].sample?.id == "7")
        #expect(outcomes[6].sample?.images.first?.identity == "coco/33471")
        let reasons = outcomes[7...12].map { $0.bad ?? "" }
        #expect(reasons[0].contains("conversations.json, record 6 (byte "))
        #expect(reasons[0].contains("2 times <image>, and it has 1 pictures"))
        #expect(reasons[1].contains("0 times <image>, and it has 1 pictures"))
        #expect(reasons[2].contains("an answer without a question"))
        #expect(reasons[3].contains("message 2 is the user's like the one before it"))
        #expect(reasons[4].contains("its \"from\" is \"user\"; expected \"human\" or \"gpt\""))
        #expect(reasons[5].contains("lies outside of"))
        #expect(outcomes[13] == OwnDataFixtures.written("open", [], "Anybody?", nil))
        #expect(try opened.samples.unknownKeys(inRecord: 11) == ["model"])
        #expect(opened.samples.record(of: 13) == 11)
        #expect(opened.samples.place(ofRecord: 11).hasPrefix("conversations.json, record 12 (byte "))
    }

    @Test("messages may be plain or in parts, with pictures beside or inside, and answers that are not learned")
    func messages() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("messages/messages.jsonl"))
        #expect(opened.format == .messages)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        let (first, second) = ("messages/a.png", "messages/b.jpg")
        try #require(outcomes.count == 13)
        #expect(outcomes[0] == OwnDataFixtures.written("0#1", [first], "Who are they?", "Friends."))
        #expect(
            outcomes[1] == OwnDataFixtures.written("0#2", [first], "Where?", "Here.", history: [Exchange("Who are they?", "Friends.")]))
        #expect(outcomes[2] == OwnDataFixtures.written("1", [first, second], "Be short. Same?", "No."))
        #expect(outcomes[3] == OwnDataFixtures.written("2", [], "Two", "2", history: [Exchange("One", "1")]))
        let red = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path(first))))
        let inside = SampleImage(.bytes(red))
        #expect(
            outcomes[4]
                == .sample(Sample(id: "3", images: [inside], task: .instruction(WrittenInstruction("What is this?", response: "Red.")))))
        #expect(
            outcomes[5] == .sample(Sample(id: "4", images: [inside], task: .instruction(WrittenInstruction("Colour?", response: "Red.")))))
        #expect(outcomes[6] == OwnDataFixtures.written("5", [first], "No tag at all.", "Fine."))
        // The next record has nothing to learn and gives nothing.
        #expect(outcomes[7].bad?.contains("at a https address, and nothing is fetched here; download it") == true)
        #expect(outcomes[7].bad?.hasPrefix("messages.jsonl, line 8, messages 1, content 1: ") == true)
        #expect(outcomes[8].bad?.contains("at a http address") == true)
        #expect(outcomes[9].bad?.contains("is not base64") == true)
        #expect(outcomes[10].bad?.contains("it has \"images\" and \"image\"; keep one of them") == true)
        #expect(outcomes[11].bad?.contains("its \"role\" is \"tool\"") == true)
        let clip = SampleImage(.clip(OwnDataFixtures.path("messages/clip.mp4")))
        #expect(
            outcomes[12]
                == .sample(Sample(id: "12", images: [clip], task: .instruction(WrittenInstruction("What happens?", response: "It moves."))))
        )
    }

    @Test("query and response, and alpaca's rows, are messages too")
    func rows() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("messages/rows.json"))
        #expect(opened.format == .messages)
        #expect(
            OwnDataFixtures.outcomes(opened.samples) == [
                OwnDataFixtures.written("0", ["messages/a.png"], "What?", "A cat.", history: [Exchange("Be kind. Hello", "Hi.")]),
                OwnDataFixtures.written("1", ["messages/a.png"], "Describe the picture.\nIn French.", "Un chat noir."),
                OwnDataFixtures.written("2", [], "Say yes.", "Yes."),
                OwnDataFixtures.written("3", [], "Open question?", nil),
            ])
    }

    @Test("an entry of a register says where its rows are and what their names mean")
    func register() throws {
        func open(_ name: String) throws -> OpenedData { try OwnData.open(OwnDataFixtures.path("register/dataset_info.json#\(name)")) }
        let talks = try open("talks")
        #expect(talks.format == .datasetInfo)
        #expect(talks.samples.count == 6)
        #expect(try talks.samples.sample(4) == OwnDataFixtures.written("4", ["register/pictures/a.png"], "Number 4?", "4").sample)
        let some = OwnDataFixtures.outcomes(try open("some").samples).compactMap(\.sample?.id)
        #expect(some.count == 4)
        #expect(Set(some).count == 4)
        let many = OwnDataFixtures.outcomes(try open("many").samples).compactMap(\.sample?.id)
        #expect(many.count == 9)
        // Those drawn again have ids of their own.
        #expect(Set(many).count == 9)
        #expect(many[6...] == many[..<3].map { "\($0)@2" }[...])
        #expect(
            OwnDataFixtures.outcomes(try open("parts").samples) == [
                OwnDataFixtures.written("one.jsonl/0", [], "One?\nnumbers", "1", history: [Exchange("Count. Zero?", "0")]),
                OwnDataFixtures.written("two.jsonl/0", [], "Two?", "2"),
            ])
        #expect(OwnDataFixtures.outcomes(try open("one").samples) == [OwnDataFixtures.written("0", [], "One?\nnumbers", "1")])
    }

    @Test(
        "entries that need a network, or say what is not done here, are refused by name",
        arguments: [
            ("hub", "fetched from the network by its \"hf_hub_url\""), ("script", "by its \"script_url\""), ("ranked", "for ranking"),
            ("tested", "its \"split\" is \"test\""), ("climbs", "lies outside of"), ("typo", "it has \"file_nmae\", which is not known"),
            ("talk", "did you mean talks"),
        ])
    func refusedEntries(name: String, reason: String) {
        #expect {
            try OwnData.open(OwnDataFixtures.path("register/dataset_info.json#\(name)"))
        } throws: {
            "\($0)".contains(reason)
        }
    }

    @Test("a register without a name says which names it has")
    func nameless() {
        for path in ["register", "register/dataset_info.json"] {
            #expect {
                try OwnData.open(OwnDataFixtures.path(path))
            } throws: {
                "\($0)".contains("talks, some, many")
            }
        }
    }

    @Test(
        "names in an entry that nothing is read from, and more samples than can be meant, are refused",
        arguments: [
            (#""columns": {"prmpt": "q"}"#, "dataset_info.json#own, columns: it has \"prmpt\", which is not known"),
            (#""formatting": "sharegpt", "tags": {"user": "human"}"#, "dataset_info.json#own, tags: it has \"user\", which is not known"),
            (#""num_samples": 9000000000000000000"#, "of 2 records; expected 2000 at most"),
            (#""num_samples": 2001"#, "of 2 records; expected 2000 at most"), (#""num_samples": 2000"#, nil),
            (#""formatting": "sharegpt", "tags": {"role_tag": "from", "observation_tag": "seen", "function_tag": "call"}"#, nil),
        ] as [(String, String?)])
    func entryFaults(member: String, reason: String?) throws {
        let row = #"{"instruction": "Say", "output": "Yes"}"#
        try withDatasets(["dataset_info.json": "{\"own\": {\"file_name\": \"rows.jsonl\", \(member)}}", "rows.jsonl": "\(row)\n\(row)\n"]) {
            root in
            var found: String?
            do { _ = try OwnData.open(root + "/dataset_info.json#own") } catch { found = "\(error)" }
            #expect(reason.map { found?.contains($0) == true } ?? (found == nil), "\(found ?? "nothing")")
        }
    }

    @Test("opening stops where its task is cancelled")
    func cancelled() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("cancelled-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: path) }
        let record = #"{"id": "1", "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}"#
        try Data("[\(Array(repeating: record, count: 10).joined(separator: ","))]".utf8).write(to: path)
        let opening = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try OwnData.open(path.path, format: .llava).samples.count
        }
        await #expect(throws: CancellationError.self) { try await opening.value }
    }
}
