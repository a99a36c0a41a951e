import BlipData
import BlipJSON
import Foundation
import Testing

@Suite("Pictures with what is said of them are read from folders and public forms")
struct PictureFormTests {
    private func image(_ relative: String, identity: String? = nil) -> SampleImage {
        .file(OwnDataFixtures.path(relative), identity: identity)
    }

    @Test("metadata beside pictures: captions, questions, instructions, and more facts")
    func metadata() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("folder/lines"))
        #expect(opened.format == .folder)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 9)
        #expect(
            outcomes[0].sample
                == Sample(
                    id: "0", images: [image("folder/lines/0.png")], task: .caption(Captions(["A red field."])),
                    facts: ["photographer": "Ana", "stars": "4"]))
        #expect(
            outcomes[1].sample?.task
                == .question(VisualQuestion("Which colour?", answers: [WeightedAnswer("green", weight: 2), WeightedAnswer("lime")])))
        #expect(
            outcomes[2].sample?.task
                == .question(
                    VisualQuestion(
                        "Warm or cold?", answers: [WeightedAnswer("cold")], options: ["warm", "cold"], correct: 1, context: "Look.")))
        #expect(outcomes[2].sample?.images == [image("folder/lines/deep/2.webp")])
        #expect(outcomes[3].sample?.task == .instruction(WrittenInstruction("Name the colour.", response: "Blue.")))
        #expect(outcomes[4].sample?.task == .caption(Captions(["Red.", "A red one."])))
        #expect(outcomes[5].bad?.contains("metadata.jsonl, line 6: it has nothing to read; expected") == true)
        #expect(outcomes[6].bad?.contains("an empty text") == true)
        #expect(outcomes[7].bad?.contains("a zero byte") == true)
        #expect(outcomes[8].bad?.contains("/etc/hostname lies outside of") == true)
        let trusting = try OwnData.open(OwnDataFixtures.path("folder/lines"), trustsPaths: true)
        #expect(try trusting.samples.sample(8).images == [.file("/etc/hostname")])
    }

    @Test("metadata as a table, in the folder of a split")
    func table() throws {
        let outcomes = try OwnDataFixtures.outcomes("folder/table")
        try #require(outcomes.count == 4)
        #expect(
            outcomes[0].sample
                == Sample(
                    id: "0", images: [image("folder/table/train/0.png")],
                    task: .question(VisualQuestion("What, \"exactly\"?", answers: [WeightedAnswer("red", weight: 2)])),
                    facts: ["source": "web"]))
        #expect(outcomes[1].sample?.task == .question(VisualQuestion("Which\ncolour?")))
        #expect(outcomes[2].bad?.contains("its \"answers\" begins as a JSON list and is none") == true)
        #expect(outcomes[3].bad?.contains("has 5 fields where the table has 4 columns") == true)
    }

    @Test("several splits are not mixed; pictures alone are in order, their folder is their class")
    func folders() throws {
        #expect {
            try OwnData.open(OwnDataFixtures.path("folder/splits"))
        } throws: {
            "\($0)".contains("it has the splits train, validation; open the folder of one of them")
        }
        let alone = try OwnData.open(OwnDataFixtures.path("folder/alone"))
        #expect(OwnDataFixtures.outcomes(alone.samples).compactMap(\.sample?.id) == ["cat/1.png", "dog/1.png", "top.jpg"])
        #expect(
            try alone.samples.sample(1)
                == Sample(
                    id: "dog/1.png", images: [image("folder/alone/dog/1.png")], task: .caption(Captions([])), facts: ["class": "dog"]))
    }

    @Test("COCO's captions meet their pictures; those of no picture are not lost")
    func coco() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("coco/captions_val2014.json"), images: "/data/coco")
        #expect(opened.format == .coco)
        #expect(opened.samples.count == 5)
        #expect(opened.samples.size == 5)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        #expect(
            outcomes[0].sample
                == Sample(
                    id: "42", images: [.file("/data/coco/COCO_val2014_000000000042.jpg", identity: "coco/42")],
                    task: .caption(Captions(["A shoe rack.", "Shoes on a rack. "])), facts: ["image_id": "42"]))
        #expect(outcomes[1].sample?.images == [.file("/data/coco/café.jpg")])
        #expect(outcomes[2].bad?.contains("../8.jpg lies outside of /data/coco") == true)
        #expect(outcomes[3].sample?.task == .caption(Captions([])))
        #expect(outcomes[4].bad?.contains("no image has its image_id 99") == true)
        #expect(opened.samples.place(ofRecord: 4).contains("record 4"))
    }

    @Test("VQA's questions find their answers by name, in any order, and their pictures by id")
    func vqa() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("vqa/v2_OpenEnded_mscoco_val2014_questions.json"))
        #expect(opened.format == .vqa)
        #expect(opened.files.map { ($0 as NSString).lastPathComponent }.last == "v2_mscoco_val2014_annotations.json")
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 5)
        let answers = [WeightedAnswer("net", weight: 3), WeightedAnswer("netting"), WeightedAnswer("Net")]
        #expect(
            outcomes[0].sample
                == Sample(
                    id: "458752000", images: [image("vqa/val2014/COCO_val2014_000000458752.jpg", identity: "coco/458752")],
                    task: .question(VisualQuestion("What is this photo taken looking through?", answers: answers)),
                    facts: ["image_id": "458752", "question_type": "what is", "answer_type": "other"]))
        #expect(outcomes[1].sample?.images == [image("vqa/12.png")])
        #expect(outcomes[1].sample?.task == .question(VisualQuestion("Which?", answers: [WeightedAnswer("a")], options: ["a", "b"])))
        #expect(outcomes[2].sample?.images == [image("vqa/COCO_val2014_000000000404.jpg", identity: "coco/404")])
        #expect(outcomes[3].sample?.images == [image("vqa/12.png")])
        #expect(outcomes[3].sample?.task == .question(VisualQuestion("Named?", answers: [WeightedAnswer("red")])))
        #expect(outcomes[4].bad?.contains("no annotation has its question_id 5000") == true)
        let own = try OwnData.open(OwnDataFixtures.path("vqa/own.json"))
        #expect(own.files.count == 1)
        #expect(try own.samples.sample(0).task == .question(VisualQuestion("Secret?")))
        #expect {
            try OwnData.open(OwnDataFixtures.path("vqa/v2_mscoco_val2014_annotations.json"))
        } throws: {
            "\($0)".contains("open the file of questions instead")
        }
    }

    @Test("VLMEvalKit's tables: pictures stay in the file, rows share them, letters choose")
    func tsv() throws {
        let opened = try OwnData.open(OwnDataFixtures.path("tsv/bench.tsv"))
        #expect(opened.format == .tsv)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 9)
        let red = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path("llava/part-000001/997bb945.png"))))
        let blue = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path("folder/alone/dog/1.png"))))
        let first = try #require(outcomes[0].sample)
        #expect(first.id == "10")
        #expect(first.task == .question(VisualQuestion("Which colour?", options: ["red", "blue"], correct: 0)))
        #expect(first.facts == ["category": "colour", "l2-category": "perception", "split": "dev"])
        #expect(try first.images.map { try $0.encodedBytes() } == [red])
        let second = try #require(outcomes[1].sample)
        #expect(second.images == first.images)
        #expect(
            second.task
                == .question(VisualQuestion("And now?", options: ["None", "blue", "red"], correct: 2, context: "The same picture.")))
        #expect(outcomes[2].sample?.images == [image("tsv/pictures/12.jpg")])
        #expect(
            outcomes[2].sample?.task == .question(VisualQuestion("Open?", answers: [WeightedAnswer("yes"), WeightedAnswer("it's open")])))
        #expect(try outcomes[3].sample?.images.map { try $0.encodedBytes() } == [red, blue])
        #expect(outcomes[4].bad?.contains("bench.tsv, row 5 (byte ") == true)
        #expect(outcomes[4].bad?.contains("no row has this index") == true)
        #expect(outcomes[5].bad?.contains("its answer \"D\" is none of its options A, B") == true)
        #expect(outcomes[6].bad?.contains("that of row 11, which has none of its own") == true)
        #expect(outcomes[7].sample?.task == .question(VisualQuestion("Quotes and\nlines in \"it\"?", answers: [WeightedAnswer("42")])))
        #expect(try outcomes[7].sample?.images.map { try $0.encodedBytes() } == [blue])
        #expect(outcomes[8].bad?.contains("its question is empty") == true)
    }

    @Test("a file of no known form says what was looked for")
    func unknown() throws {
        func message(_ name: String, _ text: String) throws -> String {
            try withTemporaryFolder { folder in
                let url = folder.appending(path: name)
                try Data(text.utf8).write(to: url)
                do {
                    _ = try OwnData.open(url.path)
                    return ""
                } catch { return "\(error)" }
            }
        }
        let strange = try message("a.json", "[{\"foo\": 1}]")
        #expect(strange.contains("its first record has \"foo\""))
        #expect(OwnDataFormat.allCases.allSatisfy { strange.contains($0.summary) })
        #expect(try message("a.json", "").contains("it is empty"))
        #expect(
            try message("a.json", "{\n\"data\": [], \"more\": 1\n}").contains("it is one JSON object with \"data\", \"more\"; expected"))
        #expect(try message("a.txt", "hello").contains("begins neither with [ nor with {"))
        #expect(try message("a.parquet", "PAR1\u{15}\u{04}xxxxxxxxx").contains("convert it to JSON lines"))
        #expect(try message("a.jsonl", "{\"a\": }\n").contains("its first record cannot be read"))
        #expect(throws: DataError.self) { try OwnData.open("/nowhere/at/all.json") }
        #expect(throws: DataError.self) { try OwnData.open("/nowhere/at/all-{000..002}.tar") }
        for format in OwnDataFormat.allCases {
            #expect(throws: (any Error).self) { try OwnData.open("/nowhere/at/all", format: format) }
        }
    }

    @Test("an annotation of no question, and a second one of the same, are samples that fail")
    func strayAnnotations() throws {
        func annotation(_ id: Int) -> String { #"{"question_id": \#(id), "answers": [{"answer": "a"}]}"# }
        let question = #"{"questions": [{"question_id": 1, "question": "?", "image": "a.jpg"}]}"#
        let files = [
            "questions.json": question, "annotations.json": "{\"annotations\": [\(annotation(7)), \(annotation(1)), \(annotation(1)), 5]}",
        ]
        try withDatasets(files) { root in
            let opened = try OwnData.open(root + "/questions.json")
            try #require(opened.samples.count == 4 && opened.samples.size == 1)
            let outcomes = OwnDataFixtures.outcomes(opened.samples)
            #expect(outcomes[0].sample?.id == "1")
            #expect(outcomes[1].bad?.hasPrefix("annotations.json, record 1 (byte ") == true)
            #expect(outcomes[1].bad?.contains("no question has its question_id 7") == true)
            #expect(outcomes[2].bad?.contains("record 3 (byte ") == true)
            #expect(outcomes[3].bad?.contains("expected an object") == true)
            #expect(opened.samples.place(ofRecord: 1).hasPrefix("annotations.json, record 1 "))
            #expect(try opened.samples.unknownKeys(inRecord: 1).isEmpty)
        }
    }

    @Test("annotations in another file are refused where the format has none")
    func annotationsOfOthers() {
        #expect {
            try OwnData.open(OwnDataFixtures.path("jsonl/plain.jsonl"), annotations: OwnDataFixtures.path("vqa/own.json"))
        } throws: {
            "\($0)".contains("is read as jsonl, and only vqa has its annotations in another file")
        }
    }

    @Test("a folder inside that cannot be read is not left out", .enabled(if: geteuid() != 0, "the superuser reads every folder"))
    func unreadableFolder() throws {
        try withTemporaryFolder { folder in
            let inner = folder.appending(path: "cat")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try Data().write(to: folder.appending(path: "a.jpg"))
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: inner.path)
            defer { chmod(inner.path, 0o700) }
            #expect { try OwnData.open(folder.path) } throws: { "\($0)".contains("cat") && "\($0)".contains("cannot be read") }
        }
    }

    @Test("a picture in base64 may have its lines broken, and may not be larger than is allowed")
    func encodedBytes() throws {
        try withFile("xx QUJD\r\nREVG\n R0g=") { url throws in
            let whole = SampleImage(.part(FilePart(path: url.path, offset: 3, count: 16, encoding: .base64)))
            #expect(try whole.encodedBytes(limit: 8) == Array("ABCDEFGH".utf8))
            for image in [whole, SampleImage(.bytes([UInt8](repeating: 0, count: 8))), .file(url.path)] {
                #expect(throws: RecordError.tooLong(place: image.label, limit: 7)) { try image.encodedBytes(limit: 7) }
            }
            let odd = SampleImage(.part(FilePart(path: url.path, offset: 3, count: 3, encoding: .base64)))
            #expect(throws: DataError.self) { try odd.encodedBytes() }
        }
        let inside = try PicturePlaces("/data").picture("data:image/png;base64,QUJD\nREVG", RecordFields(.null, place: "line 1"))
        #expect(inside == SampleImage(.bytes(Array("ABCDEF".utf8))))
    }
}
