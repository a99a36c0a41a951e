import BlipHub
import Foundation
import HubTestSupport
import Testing

/// The cache after a pull against the one that huggingface_hub made of the same repository (Scripts/fixtures/hub_cache.py).
@Suite("the cache equals Python's") struct PythonLayoutTests {
    struct Layout: Decodable, Equatable {
        let links: [String: String]
        let references: [String: String]
        let blobs: [String: Int]
    }

    static func reference() throws -> Layout {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try JSONDecoder().decode(Layout.self, from: Data(contentsOf: fixtures.appendingPathComponent("Fixtures/hub/layout.json")))
    }

    @Test("links, references and blobs are the same")
    func same() async throws {
        let expected = try Self.reference()
        try await Hub.with(FakeRepository()) { hub in
            _ = try await hub.pull()
            let (files, folder) = (FileManager.default, hub.repositoryFolder)
            var links: [String: String] = [:]
            for path in try files.subpathsOfDirectory(atPath: folder.path) {
                let file = folder.appendingPathComponent(path).path
                guard let type = try files.attributesOfItem(atPath: file)[.type] as? FileAttributeType, type == .typeSymbolicLink else {
                    continue
                }
                links[path] = try files.destinationOfSymbolicLink(atPath: file)
            }
            #expect(links == expected.links)
            let blobs = try files.contentsOfDirectory(atPath: hub.blob("").path)
            #expect(Dictionary(uniqueKeysWithValues: try blobs.map { ($0, try Data(contentsOf: hub.blob($0)).count) }) == expected.blobs)
            let main = try String(contentsOf: folder.appendingPathComponent("refs/main"), encoding: .utf8)
            #expect(["main": main] == expected.references)
        }
    }

    @Test("a model that Python downloaded is found, listed, and not fetched again")
    func found() async throws {
        let layout = try Self.reference()
        let repository = FakeRepository()
        let bytes = Dictionary(repository.files.map { (repository.blob($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        try await Hub.with(repository) { hub in
            let files = FileManager.default
            func make(_ path: String) throws -> String {
                let file = hub.repositoryFolder.appendingPathComponent(path)
                try files.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                return file.path
            }
            for (name, size) in layout.blobs {
                let data = try #require(bytes[name])
                #expect(data.count == size)
                try data.write(to: URL(fileURLWithPath: make("blobs/" + name)))
            }
            for (path, target) in layout.links { try files.createSymbolicLink(atPath: make(path), withDestinationPath: target) }
            for (name, commit) in layout.references { try Data(commit.utf8).write(to: URL(fileURLWithPath: make("refs/" + name))) }

            let models = try hub.cache.models()
            #expect(models.map(\.isComplete) == [true])
            #expect(models.map(\.fileCount) == [layout.links.count])
            let report = try await hub.pull()
            #expect(report.fetchedBytes == 0)
            #expect(hub.server.requests.count == 1)
            #expect(try hub.cache.snapshot(of: ModelName("Org/tiny-model")).path == report.folder)
        }
    }
}
