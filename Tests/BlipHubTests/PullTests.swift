import BlipHub
import Foundation
import HubTestSupport
import Testing

/// What a pull brings, and where it puts it.
@Suite("pull") struct PullTests {
    static let needed = [
        "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "qformer_tokenizer/tokenizer.json",
        "qformer_tokenizer/vocab.txt", "tokenizer.json",
    ]

    @Test("a pull fetches the needed files only, each once, and lays them out as huggingface_hub does")
    func layout() async throws {
        let repository = FakeRepository()
        try await Hub.with(repository) { hub in
            let report = try await hub.pull()
            #expect(report.files == Self.needed)
            #expect(report.commit == repository.commit && report.name == repository.name && !report.needsConversion)
            #expect(report.fetchedBytes == Self.needed.map { repository.files[$0]?.count ?? 0 }.reduce(0, +))
            #expect(report.bytes == report.fetchedBytes)
            for path in Self.needed {
                #expect(try hub.read(path, in: report) == repository.files[path], "\(path)")
                #expect(hub.fetches(path).count == 1, "\(path)")
            }
            #expect(hub.server.requests.count == Self.needed.count + 1)
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: report.folder + "/qformer_tokenizer/vocab.txt")
            #expect(link == "../../../blobs/" + repository.blob("qformer_tokenizer/vocab.txt"))
            let reference = hub.repositoryFolder.appendingPathComponent("refs/main")
            #expect(try String(contentsOf: reference, encoding: .utf8) == repository.commit)
            #expect(report.folder == hub.repositoryFolder.appendingPathComponent("snapshots/\(repository.commit)").path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: hub.blob("").path).count == Self.needed.count)
        }
    }

    @Test("a second pull asks for the listing and fetches nothing")
    func nothingToDo() async throws {
        try await Hub.with(FakeRepository()) { hub in
            let first = try await hub.pull()
            let before = hub.server.requests.count
            let second = try await hub.pull()
            #expect(second.fetchedBytes == 0 && second.folder == first.folder && second.files == first.files)
            #expect(hub.server.requests.count == before + 1)
        }
    }

    @Test("progress ends at the total, and never passes it")
    func progress() async throws {
        final class Log: @unchecked Sendable {
            let lock = NSLock()
            var all: [PullProgress] = []
        }
        try await Hub.with(FakeRepository()) { hub in
            let log = Log()
            let name = try ModelName("Org/tiny-model")
            _ = try await ModelPull(hub.settings)(name, progress: { step in log.lock.withLock { log.all.append(step) } })
            let all = log.lock.withLock { log.all }
            #expect(all.allSatisfy { $0.doneBytes <= $0.totalBytes })
            #expect(all.map(\.doneBytes).max() == all.first?.totalBytes)
        }
    }

    @Test("a moved branch brings the new commit, and files that stayed the same are not fetched again")
    func movedBranch() async throws {
        let old = FakeRepository()
        var changed = old
        changed.commit = "89abcdef0123456789abcdef0123456789abcdef"
        changed.files["config.json"] = Data(#"{"model_type": "instructblip", "new": true}"#.utf8)
        let new = changed
        let counter = Counter()
        try await Hub.with({ request in
            if request.path.hasPrefix("/api/") { _ = counter.next() }
            return (counter.value == 1 ? old : new).reply(to: request)
        }) { hub in
            let first = try await hub.pull()
            let second = try await hub.pull()
            #expect(first.commit == old.commit && second.commit == new.commit)
            #expect(second.fetchedBytes == new.files["config.json"]?.count)
            #expect(try hub.cache.snapshot(of: ModelName("Org/tiny-model")).lastPathComponent == new.commit)
            #expect(try hub.cache.snapshot(of: ModelName("Org/tiny-model@\(old.commit)")).lastPathComponent == old.commit)
        }
    }

    @Test("a commit, and a branch with slashes and letters beyond ASCII, can be pulled by name")
    func revisions() async throws {
        var changed = FakeRepository()
        changed.revision = "feature/größer"
        let repository = changed
        try await Hub.with(repository) { hub in
            let byCommit = try await hub.pull("Org/tiny-model@\(repository.commit)")
            #expect(!FileManager.default.fileExists(atPath: hub.repositoryFolder.appendingPathComponent("refs").path))
            #expect(throws: HubError.revisionNotPulled(name: "Org/tiny-model", pulled: [repository.commit])) {
                try hub.cache.snapshot(of: ModelName("Org/tiny-model"))
            }
            #expect(try hub.cache.snapshot(of: ModelName("Org/tiny-model@\(repository.commit.prefix(8))")).path == byCommit.folder)
            let byBranch = try await hub.pull("Org/tiny-model@feature/größer")
            #expect(byBranch.folder == byCommit.folder && byBranch.fetchedBytes == 0)
            #expect(try hub.cache.models().first?.references == ["feature/größer"])
            #expect(hub.server.requests.last?.target.contains("/revision/feature%2Fgr%C3%B6%C3%9Fer?") == true)
        }
    }

    @Test("file names beyond ASCII, with blanks and with percent signs, are asked for and stored")
    func unicodeNames() async throws {
        let weights = ["модель 1.safetensors", "重み100%.safetensors"]
        var files = FakeRepository.tiny
        files["model.safetensors"] = nil
        for name in weights { files[name] = Data(name.utf8) }
        try await Hub.with(FakeRepository(files)) { hub in
            let report = try await hub.pull()
            for name in weights { #expect(try hub.read(name, in: report) == Data(name.utf8)) }
        }
    }

    @Test("shards come with their index; pickled weights come only alone, with a note")
    func choices() async throws {
        var files = FakeRepository.tiny
        files["model.safetensors"] = nil
        files["model.safetensors.index.json"] = Data(
            #"{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#.utf8)
        files["model-00001-of-00002.safetensors"] = FakeRepository.pattern(11)
        files["model-00002-of-00002.safetensors"] = FakeRepository.pattern(12)
        files["other.safetensors"] = FakeRepository.pattern(13)
        try await Hub.with(FakeRepository(files)) { hub in
            let weights = try await hub.pull().files.filter { $0.contains("safetensors") || $0.hasSuffix(".bin") }
            #expect(
                weights == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"])
        }
        files = files.filter { !$0.key.contains("safetensors") }
        files["training_args.bin"] = FakeRepository.pattern(14)
        try await Hub.with(FakeRepository(files)) { hub in
            let report = try await hub.pull()
            #expect(report.needsConversion)
            #expect(report.files.filter { $0.hasSuffix(".bin") } == ["pytorch_model.bin"])
        }
        files["pytorch_model.bin"] = nil
        try await Hub.with(FakeRepository(files)) { hub in
            let failure = try await hub.failure()
            #expect(failure == .noModelFiles(name: "Org/tiny-model"))
        }
    }

    @Test("a mirror that lists names only is asked for each file's tag and size")
    func plainMirror() async throws {
        var repository = FakeRepository()
        repository.listsHashes = false
        let store = try TestServer { [repository] in repository.reply(to: $0) }
        defer { store.stop() }
        repository.store = store.otherURL
        try await Hub.with(repository) { [repository] hub in
            let report = try await hub.pull()
            #expect(report.files == Self.needed)
            #expect(FileManager.default.fileExists(atPath: hub.blob(repository.blob("model.safetensors")).path))
            #expect(store.requests.allSatisfy { $0.method == "GET" })
            #expect(try await hub.pull().fetchedBytes == 0)
        }
    }

    @Test("two pulls at once fetch each file once")
    func together() async throws {
        let repository = FakeRepository()
        try await Hub.with({ request in
            var reply = repository.reply(to: request)
            if request.path.hasSuffix(".safetensors") { reply.stall = 0.1 }
            return reply
        }) { hub in
            async let first = hub.pull()
            async let second = hub.pull()
            let fetched = try await [first.fetchedBytes, second.fetchedBytes].sorted()
            #expect(fetched[0] == 0 && fetched[1] > 200_000)
            #expect(hub.fetches("model.safetensors").count == 1)
        }
    }

    @Test("a hub below a path, and one whose address ends with a slash, are asked at the right place")
    func endpoints() async throws {
        let repository = FakeRepository()
        try await Hub.with({ request in
            guard request.target.hasPrefix("/mirror/") else { return TestServer.Reply(404) }
            return repository.reply(
                to: TestServer.Request(method: request.method, target: String(request.target.dropFirst(7)), headers: request.headers))
        }) { hub in
            let settings = try HubSettings(environment: [
                "HF_ENDPOINT": hub.server.url.absoluteString + "/mirror/", "HF_HUB_CACHE": hub.cache.folder.path,
            ])
            #expect(try await ModelPull(settings)(ModelName("Org/tiny-model")).files == Self.needed)
        }
    }
}
