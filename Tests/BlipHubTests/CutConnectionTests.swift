import Foundation
import HubTestSupport
import Testing

@testable import BlipHub

/// Connections that break, servers that know no ranges, and files that change: what is fetched is right, or nothing is kept.
@Suite("a pull over bad connections") struct CutConnectionTests {
    private let weights = "model.safetensors"
    private let repository = FakeRepository()

    /// Answers as the repository does; `change` may spoil answers to requests for the weights, which it numbers from 1.
    private func hub<Result>(
        _ repository: FakeRepository, change: @escaping @Sendable (inout TestServer.Reply, TestServer.Request, Int) -> Void,
        _ body: (Hub) async throws -> Result
    ) async throws -> Result {
        let counter = Counter()
        return try await Hub.with(
            { request in
                var reply = repository.reply(to: request)
                if request.method == "GET", request.path.hasSuffix("model.safetensors") { change(&reply, request, counter.next()) }
                return reply
            }, body)
    }

    @Test("a connection cut several times in the middle of a file goes on where it stopped")
    func resumes() async throws {
        try await hub(repository, change: { reply, _, number in if number <= 8 { reply.cutAfter = 20_000 } }) { hub in
            let report = try await hub.pull()
            #expect(try hub.read(weights, in: report) == repository.files[weights])
            let ranges = hub.fetches(weights).map(\.rangeStart)
            #expect(ranges.count == 9 && ranges.first == .some(nil))
            #expect(ranges.dropFirst().compactMap { $0 } == (1...8).map { $0 * 20_000 })
            #expect(hub.fetches(weights).dropFirst().allSatisfy { $0.headers["if-range"] == "\"\(repository.blob(weights))\"" })
            #expect(report.fetchedBytes == report.bytes)
        }
    }

    @Test("a large file comes in pieces of bounded size, over breaks too, and from a server without ranges in one")
    func pieces() async throws {
        try await hub(repository, change: { reply, _, number in if number == 2 { reply.cutAfter = 10_000 } }) { hub in
            let report = try await hub.pull { $0.pieceBytes = 60_000 }
            #expect(try hub.read(weights, in: report) == repository.files[weights])
            let ranges = hub.fetches(weights).map { [$0.rangeStart, $0.rangeEnd] }
            #expect(ranges == [[0, 60_000], [60_000, 120_000], [70_000, 130_000], [130_000, 190_000], [190_000, nil]])
        }
        var whole = repository
        whole.hasRanges = false
        try await Hub.with(whole) { hub in
            _ = try await hub.pull { $0.pieceBytes = 60_000 }
            #expect(hub.fetches(weights).count == 1)
        }
    }

    @Test("a connection that never brings anything new is given up, and the partial file is kept for the next pull")
    func givesUp() async throws {
        let isBroken = Counter()
        try await hub(
            repository,
            change: { reply, request, _ in
                if isBroken.value > 0 { return }
                reply.cutAfter = request.rangeStart == nil ? 50_000 : 0
            }
        ) { hub in
            let failure = try await hub.failure()
            guard case .unreachable = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(hub.fetches(weights).count == 1 + hub.settings.retries.attempts - 1)
            #expect(try Data(contentsOf: hub.blob(repository.blob(weights) + ".incomplete")).count == 50_000)
            #expect(throws: HubError.self) { try hub.cache.snapshot(of: ModelName("Org/tiny-model")) }
            _ = isBroken.next()
            let report = try await hub.pull()
            #expect(hub.fetches(weights).last?.rangeStart == 50_000)
            #expect(report.fetchedBytes == 150_000)
            #expect(try hub.read(weights, in: report) == repository.files[weights])
            #expect(!FileManager.default.fileExists(atPath: hub.blob(repository.blob(weights) + ".incomplete").path))
        }
    }

    @Test("a server without ranges sends everything again, and is given up when that never gets further")
    func noRanges() async throws {
        var repository = repository
        repository.hasRanges = false
        try await hub(repository, change: { reply, _, number in if number <= 2 { reply.cutAfter = 50_000 } }) { [repository] hub in
            let report = try await hub.pull()
            #expect(try hub.read(weights, in: report) == repository.files[weights])
            #expect(hub.fetches(weights).count == 3)
        }
        try await hub(repository, change: { reply, _, _ in reply.cutAfter = 50_000 }) { hub in
            let failure = try await hub.failure()
            #expect(failure.map { "\($0)" }?.contains("what was fetched is kept") == true)
            #expect(hub.fetches(weights).count == hub.settings.retries.attempts)
        }
    }

    @Test("a file whose bytes are wrong is refused, and nothing of it is kept")
    func wrongHash() async throws {
        try await hub(repository, change: { reply, _, _ in reply.body = Data(repeating: 7, count: reply.body.count) }) { hub in
            let failure = try await hub.failure()
            guard case .wrongHash(let file, let expected, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(file == weights && expected == repository.blob(weights))
            let left = try FileManager.default.contentsOfDirectory(atPath: hub.blob("").path)
            #expect(!left.contains { $0.hasPrefix(expected) })
        }
    }

    @Test("a small file whose bytes are wrong is refused by git's hash")
    func wrongBlob() async throws {
        let repository = repository
        try await Hub.with({ request in
            var reply = repository.reply(to: request)
            if request.path.hasSuffix("/config.json") { reply.body = Data(reply.body.reversed()) }
            return reply
        }) { hub in
            let failure = try await hub.failure()
            guard case .wrongHash("config.json", _, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }

    @Test("a partial file that holds other bytes is found out by the hash, and fetched anew in one piece")
    func wrongPartial() async throws {
        try await Hub.with(repository) { hub in
            try FileManager.default.createDirectory(at: hub.blob(""), withIntermediateDirectories: true)
            for junk in [Data(repeating: 1, count: 1000), Data(repeating: 1, count: 200_000), Data(repeating: 1, count: 300_000)] {
                try junk.write(to: hub.blob(repository.blob(weights) + ".incomplete"))
                let report = try await hub.pull()
                #expect(try hub.read(weights, in: report) == repository.files[weights])
                _ = try hub.cache.remove(ModelName("Org/tiny-model"))
                try FileManager.default.createDirectory(at: hub.blob(""), withIntermediateDirectories: true)
            }
            #expect(hub.fetches(weights).map(\.rangeStart) == [1000, nil, nil, nil])
        }
    }

    @Test("a whole partial file is taken as it is")
    func wholePartial() async throws {
        try await Hub.with(repository) { hub in
            try FileManager.default.createDirectory(at: hub.blob(""), withIntermediateDirectories: true)
            try repository.files[weights]?.write(to: hub.blob(repository.blob(weights) + ".incomplete"))
            let report = try await hub.pull()
            #expect(hub.fetches(weights).isEmpty)
            #expect(try hub.read(weights, in: report) == repository.files[weights])
        }
    }

    @Test("a file of another size is refused", arguments: [-1, 1])
    func wrongSize(_ difference: Int) async throws {
        try await hub(
            repository,
            change: { reply, _, _ in
                reply.body = difference < 0 ? reply.body.dropLast() : reply.body + Data([0])
            }
        ) { hub in
            let failure = try await hub.failure()
            #expect(failure == .wrongSize(file: weights, expected: 200_000, found: 200_000 + difference))
            #expect(!FileManager.default.fileExists(atPath: hub.blob(repository.blob(weights) + ".incomplete").path))
        }
        // Without an announced length: too many bytes are noticed as they come, too few look like a cut.
        try await hub(
            repository,
            change: { reply, _, number in
                reply.hidesLength = true
                if number == 1 { reply.body = difference < 0 ? reply.body.dropLast() : reply.body + Data([0]) }
            }
        ) { hub in
            if difference < 0 {
                let report = try await hub.pull()
                #expect(try hub.read(weights, in: report) == repository.files[weights])
            } else {
                let failure = try await hub.failure()
                guard case .wrongSize = failure else {
                    Issue.record("\(String(describing: failure))")
                    return
                }
            }
        }
    }

    @Test("a file that changes between two connections is fetched anew")
    func changedTag() async throws {
        let repository = repository
        try await hub(
            repository,
            change: { reply, request, number in
                let whole = repository.files["model.safetensors"] ?? Data()
                switch number {
                case 1:
                    reply.body = Data(repeating: 9, count: whole.count)
                    reply.headers["ETag"] = "\"old\""
                    reply.cutAfter = 30_000
                case 2:
                    // If-Range names the old tag, so the fake sends everything.
                    break
                default: break
                }
            }
        ) { hub in
            let report = try await hub.pull()
            #expect(hub.fetches(weights).map(\.rangeStart) == [nil, 30_000])
            #expect(try hub.read(weights, in: report) == repository.files[weights])
        }
        // A server that ignores If-Range is found out by the tag.
        try await hub(
            repository,
            change: { reply, request, number in
                let whole = repository.files["model.safetensors"] ?? Data()
                if number == 1 {
                    reply.body = Data(repeating: 9, count: whole.count)
                    reply.headers["ETag"] = "\"old\""
                    reply.cutAfter = 30_000
                } else if number == 2 {
                    reply = TestServer.Reply(
                        206, headers: ["Content-Range": "bytes 30000-199999/200000", "ETag": "\"new\""], body: whole.dropFirst(30_000))
                }
            }
        ) { hub in
            let report = try await hub.pull()
            #expect(hub.fetches(weights).map(\.rangeStart) == [nil, 30_000, nil])
            #expect(try hub.read(weights, in: report) == repository.files[weights])
        }
    }

    @Test("a part that is not the one asked for is refused")
    func wrongPart() async throws {
        try await hub(
            repository,
            change: { reply, _, number in
                if number == 1 { reply.cutAfter = 30_000 } else { reply.headers["Content-Range"] = "bytes 0-199999/200000" }
            }
        ) { hub in
            let failure = try await hub.failure()
            guard case .badAnswer = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }

    @Test("a server that falls silent in the middle of a file is left after the idle time, and the file goes on", .timeLimit(.minutes(2)))
    func stalled() async throws {
        try await hub(
            repository,
            change: { reply, _, number in
                if number == 1 {
                    reply.cutAfter = 30_000
                    reply.stall = 3600
                }
            }
        ) { hub in
            let report = try await hub.pull { $0.idleTimeout = 1 }
            #expect(hub.fetches(weights).map(\.rangeStart) == [nil, 30_000])
            #expect(try hub.read(weights, in: report) == repository.files[weights])
        }
    }

    @Test("a cancelled pull ends at once and keeps its partial file", .timeLimit(.minutes(2)))
    func cancelled() async throws {
        try await hub(
            repository,
            change: { reply, _, number in
                if number == 1 {
                    reply.cutAfter = 60_000
                    reply.stall = 3600
                }
            }
        ) { hub in
            let task = Task { try await hub.pull() }
            let partial = hub.blob(repository.blob(weights) + ".incomplete")
            let isThere = { ((try? Data(contentsOf: partial)) ?? Data()).count == 60_000 }
            while !isThere() { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(isThere())
            #expect(try await hub.pull().fetchedBytes < 200_000)
        }
    }
}
