import BlipJSON
import Foundation
import Testing

@testable import BlipData

@Suite("Tar shards")
struct ShardTests {
    private static let shards = OwnDataFixtures.path("webdataset/train-{000000..000001}.tar")

    @Test("files are grouped as the webdataset library groups them")
    func groups() throws {
        let url = URL(fileURLWithPath: OwnDataFixtures.path("webdataset/groups.json"))
        let expected = try #require(try RecordFile.jsonValue(url, at: [])?.object)
        #expect(expected.members.count == 3)
        for (name, groups) in expected.members {
            var found: [[String]] = []
            var reader = try TarGroups(URL(fileURLWithPath: OwnDataFixtures.path("webdataset/\(name)")))
            while let group = try reader.next() { found.append([group.key] + group.files.map(\.name).sorted()) }
            let wanted = groups.array?.map { [$0.array?[0].string ?? ""] + ($0.array?[1].array?.compactMap(\.string).sorted() ?? []) }
            #expect(found == wanted, "\(name)")
        }
    }

    @Test("names with braces mean what they mean to webdataset")
    func braces() throws {
        let url = URL(fileURLWithPath: OwnDataFixtures.path("webdataset/braces.json"))
        let expected = try #require(try RecordFile.jsonValue(url, at: [])?.object)
        for (pattern, names) in expected.members {
            #expect(try ShardNames.expanded(pattern.description) == names.array?.compactMap(\.string))
        }
        for pattern in [
            "{", "{a", "{1..}", "{a..b}", "{3..1}", "{0..9999999}", "{0..999}{0..999}{0..999}", "{}", "{99999999999999999999..1}",
        ] {
            #expect(throws: DataError.self, "\(pattern)") { try ShardNames.expanded(pattern) }
        }
    }

    @Test("samples are captions, questions or conversations, their pictures stay in the shard")
    func samples() throws {
        let opened = try OwnData.open(Self.shards)
        #expect(opened.format == .webdataset)
        #expect(opened.files.count == 2)
        let outcomes = OwnDataFixtures.outcomes(opened.samples)
        try #require(outcomes.count == 8)
        let red = try [UInt8](Data(contentsOf: URL(fileURLWithPath: OwnDataFixtures.path("llava/part-000001/997bb945.png"))))
        #expect(outcomes[0].sample?.id == "00000/0001")
        #expect(outcomes[0].sample?.task == .caption(Captions(["A red field."])))
        #expect(try outcomes[0].sample?.images.map { try $0.encodedBytes() } == [red])
        #expect(outcomes[1].sample?.id == "q2")
        #expect(outcomes[1].sample?.task == .question(VisualQuestion("Colour?", answers: [WeightedAnswer("green")])))
        #expect(outcomes[2].sample?.id == "00000/0003#1")
        #expect(
            outcomes[3].sample?.task
                == .instruction(WrittenInstruction("Sure?", response: "Yes.", history: [Exchange("Which?", "Red.")])))
        #expect(outcomes[4].sample?.images.count == 2)
        #expect(outcomes[4].sample?.facts == ["class": "3"])
        #expect(outcomes[5].sample?.task == .caption(Captions([])))
        #expect(outcomes[6].bad?.hasPrefix("train-000001.tar, sample 0006 (byte ") == true)
        #expect(outcomes[6].bad?.contains("neither pictures nor texts") == true)
        #expect(outcomes[7].bad?.contains("sample 0007") == true)
    }

    @Test("streamed, workers together read what one reads, each shard once")
    func workers() throws {
        let shards = try OwnData.shards(Self.shards)
        func read(_ worker: Int, of workers: Int) throws -> [String] {
            var samples = TarSamples(shards, worker: worker, of: workers)
            var found: [String] = []
            while let item = try samples.next() {
                switch item.result {
                case .success(let sample): found.append(try SampleLine.text(sample))
                case .failure(let error): found.append("\(error)")
                }
            }
            return found
        }
        let all = try read(0, of: 1)
        let opened = OwnDataFixtures.outcomes(try OwnData.open(Self.shards).samples)
        #expect(try all == opened.map { try $0.sample.map { try SampleLine.text($0) } ?? $0.bad ?? "" })
        #expect(try read(0, of: 2) + read(1, of: 2) == all)
        #expect(try read(2, of: 3).isEmpty)
    }

    @Test("streamed into lines, the faults counted")
    func streamedConversion() throws {
        try withTemporaryFolder { folder in
            var samples = TarSamples(try OwnData.shards(Self.shards))
            let bad = BadSamples(limit: 2)
            let path = folder.appending(path: "all.jsonl").path
            var seen: [Int] = []
            let (count, files) = try LineWriter(path).write(&samples, name: "shards", bad: bad) { seen.append($0) }
            #expect(count == 6)
            #expect(files == [path])
            #expect(seen == Array(1...8))
            #expect(bad.entries.map(\.index) == [6, 7])
            let read = try OwnData.open(path, trustsPaths: true)
            #expect(try read.samples.sample(4) == OwnData.open(Self.shards).samples.sample(4))
        }
    }

    @Test("any data becomes shards and lines, with its pictures' bytes as they were, and the faults counted")
    func conversion() throws {
        try withTemporaryFolder { folder in
            let opened = try OwnData.open(OwnDataFixtures.path("tsv/bench.tsv"))
            let bad = BadSamples(limit: 10)
            let path = folder.appending(path: "out").path
            let (count, files) = try ShardWriter(path, shardSize: 8192).write(opened.samples, name: "bench", bad: bad)
            // Four rows are broken, and the picture of one is not there.
            #expect(count == 4)
            #expect(bad.entries.map(\.index) == [2, 4, 5, 6, 8])
            #expect(files.map { ($0 as NSString).lastPathComponent } == ["out-000000.tar", "out-000001.tar", "out-shards.json"])
            let list = try OwnData.open(path + "-shards.json")
            #expect(list.format == .webdataset)
            #expect(try OwnData.open(folder.path).samples.count == 4)
            for (place, index) in [0, 1, 3, 7].enumerated() {
                let (before, after) = (try opened.samples.sample(index), try list.samples.sample(place))
                #expect(after.id == before.id)
                #expect(after.task == before.task)
                #expect(after.facts == before.facts)
                #expect(try after.images.map { try $0.encodedBytes() } == before.images.map { try $0.encodedBytes() })
            }
            // The same samples give the same bytes.
            let again = folder.appending(path: "again").path
            _ = try ShardWriter(again, shardSize: 8192).write(opened.samples, name: "bench", bad: BadSamples(limit: 10))
            for number in ["000000", "000001"] {
                #expect(FileManager.default.contentsEqual(atPath: "\(path)-\(number).tar", andPath: "\(again)-\(number).tar"))
            }
            // And what was read from shards can be written to them again.
            let third = folder.appending(path: "third").path
            _ = try ShardWriter(third, shardSize: 8192).write(list.samples, name: "bench", bad: BadSamples(limit: 0))
            #expect(FileManager.default.contentsEqual(atPath: "\(path)-000001.tar", andPath: "\(third)-000001.tar"))
        }
    }

    @Test("identities survive in shards; what is no picture is not copied")
    func pictures() throws {
        try withTemporaryFolder { folder in
            let secret = folder.appending(path: "secret.png")
            try Data("password".utf8).write(to: secret)
            let picture = OwnDataFixtures.path("llava/part-000001/997bb945.png")
            let samples = ListedSamples([
                Sample(id: "a", images: [.file(picture, identity: "coco/9"), .file(picture)], task: .caption(Captions(["x"]))),
                Sample(id: "b", images: [.file(secret.path)], task: .caption(Captions(["x"]))),
                Sample(id: "c", images: [SampleImage(.clip(picture))], task: .caption(Captions(["x"]))),
            ])
            let bad = BadSamples(limit: 2)
            let (count, files) = try ShardWriter(folder.appending(path: "s").path).write(samples, name: "s", bad: bad)
            #expect(count == 1)
            #expect(bad.entries.first?.reason.contains("it is not a picture that is known") == true)
            #expect(bad.entries.last?.reason.contains("a video or a folder of frames") == true)
            let read = try OwnData.open(files[0]).samples.sample(0)
            #expect(read.id == "a")
            #expect(read.images.map(\.identity) == ["coco/9", nil])
            #expect(throws: DataError.self) { try ShardWriter(folder.appending(path: "s").path) }
            #expect(throws: DataError.self) { try ShardWriter("/nowhere/at/all/s") }
        }
    }

    @Test("work that is broken off leaves no file that is not complete")
    func brokenOff() throws {
        try withTemporaryFolder { folder in
            let samples = ListedSamples([Sample(id: "a", images: [.file("/nowhere.png")], task: .caption(Captions(["x"])))])
            #expect(throws: DataError.self) {
                try ShardWriter(folder.appending(path: "s").path).write(samples, name: "s", bad: BadSamples(limit: 0))
            }
            try LineWriter(folder.appending(path: "s.jsonl").path).append([1])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test("a folder with shards of several names is not taken for one dataset")
    func severalNames() throws {
        try withTemporaryFolder { folder in
            for name in ["train-000000.tar", "train-000001.tar", "val-000000.tar"] {
                try Data(count: 1024).write(to: folder.appending(path: name))
            }
            #expect {
                try OwnData.open(folder.path)
            } throws: {
                "\($0)".contains("its shards begin with train-, val-; open one of them, such as train-{000000..000009}.tar")
            }
        }
    }

    @Test("pictures of shards that are called as COCO calls them are COCO's")
    func cocoNames() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "train-000000.tar")
            var writer = try TarWriter(url)
            try writer.append("COCO_val2014_000000000042.jpg", [1])
            try writer.append("COCO_val2014_000000000042.txt", Array("A shoe rack.".utf8))
            try writer.append("val2017/000000391895.jpg", [2])
            let line =
                #"{"id": "1", "images": [{"member": "jpg"}, {"member": "jpg", "identity": "mine"}], "task": "caption", "captions": []}"#
            try writer.append("val2017/000000391895.json", Array(line.utf8))
            try writer.append("val2017/000000391896.0.jpg", [3])
            try writer.append("val2017/000000391896.1.jpg", [4])
            try writer.finish()
            let opened = try OwnData.open(url.path)
            let identities = OwnDataFixtures.outcomes(opened.samples).map { $0.sample?.images.map(\.identity) }
            #expect(identities == [["coco/42"], ["coco/391895", "mine"], [nil, nil]])
        }
    }

    @Test("shards have names when all are complete: after a failure the work can be done again")
    func failedLate() throws {
        try withTemporaryFolder { folder in
            let picture = OwnDataFixtures.path("llava/part-000001/997bb945.png")
            let good = Sample(id: "a", images: [.file(picture)], task: .caption(Captions(["x"])))
            let broken = Sample(id: "b", images: [.file("/nowhere.png")], task: .caption(Captions(["x"])))
            let path = folder.appending(path: "s").path
            #expect(throws: DataError.self) {
                try ShardWriter(path, shardSize: 1).write(ListedSamples([good, good, broken]), name: "s", bad: BadSamples(limit: 0))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            let (count, files) = try ShardWriter(path, shardSize: 1)
                .write(ListedSamples([good, good, broken]), name: "s", bad: BadSamples(limit: 1))
            #expect(count == 2 && files.count == 3)
            #expect(try OwnData.open(path + "-shards.json").samples.count == 2)
        }
    }
}
