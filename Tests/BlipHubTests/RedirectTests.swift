import BlipHub
import Foundation
import HubTestSupport
import Testing

/// The token is for the endpoint alone, and redirects are followed with care.
@Suite("tokens and redirects") struct RedirectTests {
    @Test("the token goes to the endpoint, and never to another host that it redirects to")
    func tokenStays() async throws {
        var changed = FakeRepository()
        let store = try TestServer { [changed] in changed.reply(to: $0) }
        defer { store.stop() }
        for address in [store.otherURL, store.url] {
            changed.store = address
            let repository = changed
            try await Hub.with(token: "hf_secret", { repository.reply(to: $0) }) { hub in
                let report = try await hub.pull()
                #expect(try hub.read("model.safetensors", in: report) == repository.files["model.safetensors"])
                #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
            }
        }
        #expect(store.requests.count == 2)
        #expect(store.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(!store.requests.contains { $0.headers.values.contains { $0.contains("hf_secret") } })
    }

    @Test("the same server under another name, or behind another port, is another host")
    func otherName() async throws {
        let repository = FakeRepository()
        let ports = Counter()
        try await Hub.with(
            token: "hf_secret",
            { request in
                guard request.path.hasSuffix(".safetensors"), let host = request.headers["host"], host.hasPrefix("127.0.0.1") else {
                    return repository.reply(to: request)
                }
                _ = ports.next()
                let there = "http://localhost:" + host.drop { $0 != ":" }.dropFirst() + request.target
                return TestServer.Reply(307, headers: ["Location": there])
            }
        ) { hub in
            _ = try await hub.pull()
            #expect(ports.value == 1)
            for request in hub.fetches("model.safetensors") {
                let isOwn = request.headers["host"]?.hasPrefix("127.0.0.1") == true
                #expect((request.headers["authorization"] != nil) == isOwn)
            }
        }
    }

    @Test("redirects within the endpoint keep the token, relative ones too", arguments: [301, 302, 303, 307, 308])
    func ownRedirect(_ status: Int) async throws {
        let repository = FakeRepository()
        try await Hub.with(
            token: "hf_secret",
            { request in
                if request.path.hasPrefix("/api/"), !request.target.contains("moved") {
                    return TestServer.Reply(status, headers: ["Location": request.target + "&moved=1"])
                }
                return repository.reply(to: request)
            }
        ) { hub in
            _ = try await hub.pull()
            #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        }
    }

    @Test("without a token no authorization is sent")
    func noToken() async throws {
        try await Hub.with(FakeRepository()) { hub in
            _ = try await hub.pull()
            #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == nil && $0.headers["cookie"] == nil })
        }
    }

    @Test("a circle of redirects is left after a few")
    func circle() async throws {
        try await Hub.with({ TestServer.Reply(302, headers: ["Location": $0.target]) }) { hub in
            let failure = try await hub.failure()
            guard case .badRedirect(_, _, let reason) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(reason.contains("more than 8"))
            #expect(hub.server.requests.count == 9)
        }
    }

    @Test(
        "redirects to anything but web addresses are refused",
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:word@127.0.0.1/x", "http://", "javascript:alert(1)"])
    func badTargets(_ target: String) async throws {
        try await Hub.with({ _ in TestServer.Reply(302, headers: ["Location": target]) }) { hub in
            let failure = try await hub.failure()
            guard case .badRedirect = failure else {
                Issue.record("\(target): \(String(describing: failure))")
                return
            }
            #expect(hub.server.requests.count == 1)
        }
    }

    @Test("a store whose signed address has grown old is asked anew through the hub")
    func oldSignature() async throws {
        var changed = FakeRepository()
        let counter = Counter()
        let store = try TestServer { [changed] request in counter.next() == 1 ? TestServer.Reply(403) : changed.reply(to: request) }
        defer { store.stop() }
        changed.store = store.otherURL
        try await Hub.with(changed) { hub in
            _ = try await hub.pull()
            #expect(hub.fetches("model.safetensors").count == 2)
        }
    }
}
