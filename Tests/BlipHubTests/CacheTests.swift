import Foundation
import HubTestSupport
import Testing

@testable import BlipHub

/// What is listed, found and removed.
@Suite("the cache of models") struct CacheTests {
    private let repository = FakeRepository()

    /// A second commit whose config alone differs.
    private var second: FakeRepository {
        var other = repository
        other.commit = "89abcdef0123456789abcdef0123456789abcdef"
        other.revision = "v2"
        other.files["config.json"] = Data(#"{"second": true}"#.utf8)
        return other
    }

    private func withBoth<Result>(_ body: (Hub) async throws -> Result) async throws -> Result {
        let (first, second) = (repository, second)
        return try await Hub.with({ request in
            let isSecond = request.path.contains(second.commit) || request.path.hasSuffix("/v2")
            return (isSecond ? second : first).reply(to: request)
        }) { hub in
            _ = try await hub.pull()
            _ = try await hub.pull("Org/tiny-model@v2")
            return try await body(hub)
        }
    }

    @Test("ls shows each revision with its size, and shared files count once on the disk")
    func list() async throws {
        try await withBoth { hub in
            let models = try hub.cache.models()
            #expect(models.map(\.commit) == [repository.commit, second.commit])
            #expect(models.map(\.references) == [["main"], ["v2"]])
            #expect(models.allSatisfy { $0.isComplete && $0.name == "Org/tiny-model" && $0.fileCount == PullTests.needed.count })
            let sizes = models.map(\.bytes)
            let shared = sizes[0] - (repository.files["config.json"]?.count ?? 0)
            // References are files too: 40 bytes each.
            #expect(try hub.cache.byteCount() == sizes[0] + sizes[1] - shared + 80)
        }
    }

    @Test("an empty cache, and one that is not there, list nothing")
    func empty() throws {
        let cache = HubCache(folder: URL(fileURLWithPath: "/nowhere/at/all"))
        #expect(try cache.models().isEmpty && cache.byteCount() == 0)
        #expect(throws: HubError.notPulled(name: "Org/tiny-model")) { try cache.snapshot(of: ModelName("Org/tiny-model")) }
        #expect(throws: HubError.nothingToRemove(name: "Org/tiny-model")) { try cache.remove(ModelName("Org/tiny-model")) }
    }

    @Test("removing a revision keeps what others use, and says what it freed")
    func removeRevision() async throws {
        try await withBoth { hub in
            let removal = try hub.cache.remove(ModelName("Org/tiny-model@v2"))
            #expect(removal.commits == [second.commit])
            #expect(removal.freedBytes == (second.files["config.json"]?.count ?? 0) + 40)
            let left = try hub.cache.snapshot(of: ModelName("Org/tiny-model"))
            #expect(try Data(contentsOf: left.appendingPathComponent("model.safetensors")) == repository.files["model.safetensors"])
            #expect(try hub.cache.models().map(\.commit) == [repository.commit])
            #expect(throws: HubError.self) { try hub.cache.remove(ModelName("Org/tiny-model@v2")) }
        }
    }

    @Test("removing a model removes all of it, and nothing beside it")
    func removeModel() async throws {
        try await withBoth { hub in
            let neighbour = hub.cache.folder.appendingPathComponent("models--Org--tiny-model-2")
            try FileManager.default.createDirectory(at: neighbour, withIntermediateDirectories: true)
            let before = try hub.cache.byteCount()
            #expect(try hub.cache.remove(ModelName("Org/tiny-model")).freedBytes == before)
            #expect(!FileManager.default.fileExists(atPath: hub.repositoryFolder.path))
            #expect(FileManager.default.fileExists(atPath: neighbour.path))
        }
    }

    @Test("links that lead out of the cache are not followed by a removal")
    func removeLinks() async throws {
        try await withBoth { hub in
            let outside = hub.cache.folder.appendingPathComponent("outside")
            try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
            let precious = outside.appendingPathComponent("precious")
            try Data([1]).write(to: precious)
            let snapshot = hub.repositoryFolder.appendingPathComponent("snapshots/\(second.commit)")
            try FileManager.default.createSymbolicLink(at: snapshot.appendingPathComponent("x"), withDestinationURL: precious)
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.appendingPathComponent("y").path, withDestinationPath: "../../blobs/../../outside/precious")
            try FileManager.default.createSymbolicLink(at: snapshot.appendingPathComponent("z"), withDestinationURL: outside)
            _ = try hub.cache.remove(ModelName("Org/tiny-model@v2"))
            #expect(FileManager.default.fileExists(atPath: precious.path))
            let link = hub.cache.folder.appendingPathComponent("models--Org--linked")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: outside)
            #expect(throws: HubError.self) { try hub.cache.remove(ModelName("Org/linked")) }
            #expect(FileManager.default.fileExists(atPath: precious.path))
        }
    }

    @Test("a model that is being pulled is not removed")
    func removeBusy() async throws {
        try await withBoth { hub in
            let name = try ModelName("Org/tiny-model")
            let lock = try #require(try FileLock.take(hub.cache.repository(name).pullLock))
            #expect(throws: HubError.busy(name: "Org/tiny-model")) { try hub.cache.remove(name) }
            lock.release()
            _ = try hub.cache.remove(name)
        }
    }

    @Test("--model takes a folder that exists, else the name of a pulled model")
    func locate() async throws {
        try await withBoth { hub in
            let locator = ModelLocator(hub.cache)
            #expect(try locator.folder(for: hub.cache.folder.path).path == hub.cache.folder.path)
            #expect(try locator.folder(for: "Org/tiny-model").lastPathComponent == repository.commit)
            #expect(try locator.folder(for: "Org/tiny-model@v2").lastPathComponent == second.commit)
            #expect(throws: HubError.notPulled(name: "Org/other")) { try locator.folder(for: "Org/other") }
            #expect(throws: HubError.revisionNotPulled(name: "Org/tiny-model@v3", pulled: ["main", "v2"])) {
                try locator.folder(for: "Org/tiny-model@v3")
            }
            for path in ["/nowhere/at/all", "./nowhere", "../nowhere", "a/b/c"] {
                #expect(try locator.folder(for: path).path.hasSuffix(String(path.drop { "./".contains($0) })))
            }
            try FileManager.default.removeItem(
                at: hub.repositoryFolder.appendingPathComponent("snapshots/\(second.commit)/model.safetensors"))
            #expect(throws: HubError.self) { try locator.folder(for: "Org/tiny-model@v2") }
            #expect(try hub.cache.models().map(\.isComplete) == [true, false])
        }
    }

    @Test("offline, what is complete is found, and nothing is sent")
    func offline() async throws {
        try await Hub.with(repository) { hub in
            let before = try await hub.failure { $0.isOffline = true }
            #expect(before == .offline(name: "Org/tiny-model"))
            #expect(hub.server.requests.isEmpty)
            let online = try await hub.pull()
            let count = hub.server.requests.count
            let report = try await hub.pull { $0.isOffline = true }
            #expect(report.folder == online.folder && report.files == online.files && report.bytes == online.bytes)
            #expect(report.commit == online.commit && report.fetchedBytes == 0)
            #expect(hub.server.requests.count == count)
        }
    }
}
