import Foundation
import HubTestSupport

@testable import BlipHub

/// A hub of its own for each test, and a cache in a temporary folder.
struct Hub {
    let server: TestServer
    let settings: HubSettings

    var cache: HubCache { settings.cache }

    /// Runs `body` with a hub that answers as `answer` says; both are gone afterwards.
    static func with<Result>(
        token: String? = nil, _ answer: @escaping @Sendable (TestServer.Request) -> TestServer.Reply, _ body: (Hub) async throws -> Result
    ) async throws -> Result {
        let server = try TestServer(answer)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("instructblip-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var settings = HubSettings(endpoint: server.url, cache: HubCache(folder: folder), token: token)
        settings.retries.firstDelay = 0.001
        settings.retries.longestDelay = 0.01
        settings.idleTimeout = 5
        do {
            let result = try await body(Hub(server: server, settings: settings))
            server.stop()
            try FileManager.default.removeItem(at: folder)
            return result
        } catch {
            server.stop()
            try FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    static func with<Result>(_ repository: FakeRepository, _ body: (Hub) async throws -> Result) async throws -> Result {
        try await with({ repository.reply(to: $0) }, body)
    }

    func pull(_ name: String = "Org/tiny-model", change: (inout HubSettings) -> Void = { _ in }) async throws -> PullReport {
        var settings = settings
        change(&settings)
        return try await ModelPull(settings)(ModelName(name))
    }

    /// The error of a pull that must fail.
    func failure(_ name: String = "Org/tiny-model", change: (inout HubSettings) -> Void = { _ in }) async throws -> HubError? {
        do {
            _ = try await pull(name, change: change)
            return nil
        } catch let error as HubError {
            return error
        }
    }

    var repositoryFolder: URL { cache.folder.appendingPathComponent("models--Org--tiny-model") }

    func blob(_ name: String) -> URL { repositoryFolder.appendingPathComponent("blobs/\(name)") }

    /// Requests for one file's bytes.
    func fetches(_ path: String) -> [TestServer.Request] {
        let commit = FakeRepository().commit
        return server.requests.filter { $0.method == "GET" && ($0.path == "/store/" + path || $0.path.hasSuffix("/\(commit)/" + path)) }
    }

    func read(_ path: String, in report: PullReport) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: report.folder).appendingPathComponent(path))
    }
}

/// Counts how often a test's server was asked.
///
/// Unchecked: every access holds the lock.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    /// 1 the first time.
    func next() -> Int {
        lock.withLock {
            count += 1
            return count
        }
    }

    var value: Int { lock.withLock { count } }
}
