import BlipData
import BlipJSON
import Foundation
import Testing

@Suite("Files that were damaged give samples or typed errors")
struct BrokenFileTests {
    private static let files = [
        "llava/conversations.json", "messages/messages.jsonl", "messages/rows.json", "register/dataset_info.json#talks",
        "folder/lines/metadata.jsonl", "folder/table/train/metadata.csv", "coco/captions_val2014.json",
        "vqa/v2_OpenEnded_mscoco_val2014_questions.json", "tsv/bench.tsv", "webdataset/train-000001.tar", "jsonl/samples.jsonl",
    ]

    /// Opens damaged data and reads all of it.
    private static func read(_ path: String, _ format: OwnDataFormat?) {
        do {
            let opened = try OwnData.open(path, format: format)
            for index in 0..<opened.samples.count {
                do {
                    let sample = try opened.samples.sample(index)
                    _ = try SampleLine.text(sample)
                    _ = try opened.samples.unknownKeys(inRecord: opened.samples.record(of: index))
                    for image in sample.images { if case .part = image.source { _ = try image.encodedBytes() } }
                } catch {
                    #expect(error is DataError || error is RecordError, "\(path): \(type(of: error)) \(error)")
                }
            }
        } catch {
            #expect(error is DataError || error is RecordError, "\(path): \(type(of: error)) \(error)")
        }
    }

    @Test("bytes changed, one at a time", arguments: files)
    func changedBytes(file: String) throws {
        let parts = file.split(separator: "#")
        let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path(String(parts[0])))))
        let format = try OwnData.open(OwnDataFixtures.path(file)).format
        try withTemporaryFolder { folder in
            let name = (String(parts[0]) as NSString).lastPathComponent
            let path = folder.appending(path: name).path
            var generator = SeededGenerator(seed: 3, SeededGenerator.key(file))
            // Every byte of a short file; of a longer one some hundred, other ones in each file.
            let step = max(1, original.count / 120)
            for place in stride(from: generator.below(step), to: original.count, by: step) {
                var bytes = original
                let interesting: [UInt8] = [0, 0x22, 0x2C, 0x5B, 0x5D, 0x7B, 0x7D, 0x0A, 0x09, 0x80, 0xFF, bytes[place] ^ 1]
                bytes[place] = interesting[generator.below(interesting.count)]
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                Self.read(path + (parts.count > 1 ? "#\(parts[1])" : ""), place % 2 == 0 ? format : nil)
            }
        }
    }

    @Test("files cut short", arguments: files)
    func cut(file: String) throws {
        let parts = file.split(separator: "#")
        let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path(String(parts[0])))))
        try withTemporaryFolder { folder in
            let path = folder.appending(path: (String(parts[0]) as NSString).lastPathComponent).path
            for count in stride(from: 0, to: original.count, by: max(1, original.count / 40)) {
                try Data(original[..<count]).write(to: URL(fileURLWithPath: path))
                Self.read(path + (parts.count > 1 ? "#\(parts[1])" : ""), nil)
            }
        }
    }

    @Test("every file read as every other format")
    func wrongFormats() {
        for file in Self.files {
            for format in OwnDataFormat.allCases { Self.read(OwnDataFixtures.path(file), format) }
        }
    }
}

@Suite("Where pictures may lie")
struct PicturePlacesTests {
    private func path(_ text: String, in folder: String = "/data/set", trusts: Bool = false) throws -> String {
        try PicturePlaces(folder, trustsPaths: trusts).path(text, RecordFields(.null, place: "line 1"))
    }

    @Test(
        "names below the folder are taken, however they are written",
        arguments: [
            ("a.jpg", "/data/set/a.jpg"), ("./b/../a.jpg", "/data/set/a.jpg"), ("/data/set/a.jpg", "/data/set/a.jpg"),
            ("/data/other/../set/a.jpg", "/data/set/a.jpg"), ("..a.jpg", "/data/set/..a.jpg"), (".a//b.jpg/", "/data/set/.a/b.jpg"),
            ("é\u{301}.png", "/data/set/é\u{301}.png"),
        ])
    func inside(text: String, expected: String) throws { #expect(try path(text) == expected) }

    @Test(
        "names outside of it are refused unless the paths are trusted",
        arguments: [
            "../a.jpg", "b/../../a.jpg", "/etc/passwd", "/data/settings/a.jpg", "/data/set", "..", "/", "/data/set/..", "../\u{301}.jpg",
        ])
    func outside(text: String) throws {
        #expect(throws: DataError.self) { try path(text) }
        #expect(try path(text, trusts: true) == (text.hasPrefix("/") ? text : "/data/set/" + text))
    }

    @Test("what is no path is refused even so", arguments: ["", "a\0b", "http://a/b.jpg", "s3://a/b.jpg", "FILE:///etc/passwd"])
    func never(text: String) { #expect(throws: DataError.self) { try path(text, trusts: true) } }

    @Test("the root of all as folder allows all absolute paths")
    func root() throws { #expect(try path("/etc/passwd", in: "/") == "/etc/passwd") }

    @Test(
        "COCO's pictures are known in anyone's folders",
        arguments: [
            ("x/COCO_val2014_000000000042.jpg", "coco/42"), ("coco/train2017/000000033471.jpg", "coco/33471"), ("000000033471.jpg", nil),
            ("COCO_val2014_42.jpg", nil), ("train2017/00000003347x.jpg", nil), ("COCO_my_000000000042.jpg", nil), ("train2017/.jpg", nil),
        ] as [(String, String?)])
    func identities(name: String, identity: String?) throws {
        let image = try PicturePlaces("/data").picture(name, RecordFields(.null, place: "line 1"))
        #expect(image.identity == identity)
    }
}
