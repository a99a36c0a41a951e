import Foundation
import HubTestSupport
import Testing

@testable import BlipHub

/// What the hub refuses, and what is refused to the hub.
@Suite("a pull refuses clearly") struct RefusalTests {
    private let repository = FakeRepository()

    @Test(
        "statuses are explained",
        arguments: [
            (401, "", "shows Org/tiny-model only to known users"), (401, "GatedRepo", "is gated; ask for access"),
            (403, "GatedRepo", "is gated; ask for access"), (404, "RepoNotFound", "has no model Org/tiny-model; check the name"),
            (404, "RevisionNotFound", "has no revision main"), (418, "", "status 418"),
        ])
    func statuses(_ status: Int, _ code: String, _ words: String) async throws {
        try await Hub.with({ _ in TestServer.Reply(status, headers: code.isEmpty ? [:] : ["X-Error-Code": code]) }) { hub in
            let failure = try await hub.failure()
            #expect(failure.map { "\($0)" }?.contains(words) == true, "\(String(describing: failure))")
            #expect(hub.server.requests.count == 1)
        }
    }

    @Test("with a token, 401 and 403 speak about the token")
    func withToken() async throws {
        for (status, words) in [(401, "does not accept the token"), (403, "is not granted to this token")] {
            try await Hub.with(token: "hf_secret", { _ in TestServer.Reply(status) }) { hub in
                let failure = try await hub.failure()
                #expect(failure.map { "\($0)" }?.contains(words) == true, "\(String(describing: failure))")
                #expect(failure.map { "\($0)" }?.contains("hf_secret") == false)
            }
        }
    }

    @Test("429 and 5xx are tried again, a bounded number of times", arguments: [429, 500, 502, 503, 504])
    func temporary(_ status: Int) async throws {
        let repository = repository
        let counter = Counter()
        try await Hub.with({ request in
            counter.next() % 3 == 0 ? repository.reply(to: request) : TestServer.Reply(status, headers: ["Retry-After": "0"])
        }) { hub in
            _ = try await hub.pull { $0.simultaneousFiles = 1 }
            #expect(hub.server.requests.count == 3 * (PullTests.needed.count + 1))
        }
        try await Hub.with({ _ in TestServer.Reply(status, headers: ["Retry-After": "100000"]) }) { hub in
            let failure = try await hub.failure()
            #expect(failure.map { "\($0)" }?.contains("answered with status \(status)") == true)
            #expect(hub.server.requests.count == hub.settings.retries.attempts)
        }
    }

    @Test("a hub that is not there is an error that says so")
    func unreachable() async throws {
        try await Hub.with(repository) { hub in
            hub.server.stop()
            try await Task.sleep(for: .milliseconds(50))
            let failure = try await hub.failure { $0.retries.attempts = 2 }
            guard case .unreachable(let url, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(url.hasPrefix(hub.settings.endpoint.absoluteString))
        }
    }

    @Test(
        "file names that could leave the folder condemn the repository",
        arguments: [
            "../evil.safetensors", "qformer_tokenizer/../../../evil.json", "/etc/evil.safetensors", "..\\evil.safetensors", "a\u{0}b", "",
            "a//b", "./config.json", "qformer_tokenizer/..", "evil\nname", "\u{7F}",
        ])
    func traversal(_ path: String) async throws {
        var repository = repository
        repository.listedNames = [path]
        try await Hub.with(repository) { hub in
            let failure = try await hub.failure()
            guard case .unsafeFileName = failure else {
                Issue.record("\(path.debugDescription): \(String(describing: failure))")
                return
            }
            #expect(hub.server.requests.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: hub.cache.folder.path).isEmpty)
        }
    }

    @Test("a folder of a snapshot that is a symbolic link is not written through")
    func linkedFolder() async throws {
        try await Hub.with(repository) { hub in
            let snapshot = hub.repositoryFolder.appendingPathComponent("snapshots/\(repository.commit)")
            let outside = hub.cache.folder.appendingPathComponent("outside")
            for folder in [snapshot, outside] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
            try FileManager.default.createSymbolicLink(
                at: snapshot.appendingPathComponent("qformer_tokenizer"), withDestinationURL: outside)
            let failure = try await hub.failure()
            #expect(failure.map { "\($0)" }?.contains("symbolic link where a folder should be") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).isEmpty)
        }
    }

    @Test(
        "listings that are not a hub's are refused",
        arguments: [
            "", "{", "[]", #"{"sha": "main", "siblings": []}"#, #"{"sha": "../../../../../../../../../../../../../../..", "siblings": []}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567"}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{}]}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "config.json", "size": -1}]}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "config.json", "blobId": "../x"}]}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "a", "lfs": {"sha256": "/etc/passwd"}}]}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "a", "size": 99999999999999999999}]}"#,
            "<html>sign in</html>",
        ])
    func listings(_ text: String) async throws {
        try await Hub.with({ _ in TestServer.Reply(200, body: Data(text.utf8)) }) { hub in
            let failure = try await hub.failure()
            guard case .badAnswer = failure else {
                Issue.record("\(text): \(String(describing: failure))")
                return
            }
        }
    }

    @Test("tags that cannot be file names are refused", arguments: ["../../evil", "..", "a/b", "", "0123456789.incomplete"])
    func tags(_ tag: String) async throws {
        var changed = repository
        changed.listsHashes = false
        let repository = changed
        try await Hub.with({ request in
            var reply = repository.reply(to: request)
            if request.method == "HEAD" {
                reply.headers["ETag"] = "\"\(tag)\""
                reply.headers["X-Linked-Etag"] = nil
            }
            return reply
        }) { hub in
            let failure = try await hub.failure()
            guard case .badAnswer = failure else {
                Issue.record("\(tag): \(String(describing: failure))")
                return
            }
        }
    }

    @Test("a disk without room is noticed before anything is fetched")
    func noRoom() async throws {
        try await Hub.with(repository) { hub in
            let failure = try await hub.failure { $0.freeBytes = { _ in 1000 } }
            guard case .diskFull(_, let needed) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect((needed ?? 0) > 190_000)
            #expect(hub.server.requests.count == 1)
        }
    }
}
