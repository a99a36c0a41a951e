import Blip
import BlipSceneModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

@testable import BlipServer

@Suite("over real sockets") struct LiveTests {
    @Test("a client that goes frees its place")
    func disconnect() async throws {
        let server = try TestServer.make()
        try await server.shelf.start()
        let body = TestServer.chat("Describe the picture.", #""stream":true,"max_tokens":2048,"temperature":2,"n":16"#)
        try await server.application().test(.live) { client async throws in
            let port = try #require(client.port)
            try await onThread {
                let socket = try RawSocket(port: port)
                socket.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                #expect(socket.read(until: "begun").contains("text/event-stream"))
            }
            let model = try #require(server.shelf.open.first)
            for _ in 0..<15_000 where model.scheduler.statistics.running > 0 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(model.scheduler.statistics.running == 0)
            let metrics = try await onThread { () -> String in
                let socket = try RawSocket(port: port)
                socket.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return socket.read()
            }
            #expect(metrics.contains("finished_reason=\"abort\""), "\(metrics)")
        }
    }

    @Test("half requests, broken ones and large headers do no harm")
    func rudeness() async throws {
        let server = try TestServer.make {
            // Long enough for a machine that runs all other tests meanwhile.
            $0.limits.headerTime = 3
            $0.limits.bodyTime = 3
            $0.limits.lingerTime = 10
            $0.limits.bodyBytes = 100_000
        }
        try await server.shelf.start()
        try await server.application().test(.live) { client async throws in
            let port = try #require(client.port)
            let answers = try await onThread { () -> [String] in
                func said(_ text: String) throws -> String {
                    let socket = try RawSocket(port: port)
                    socket.send(text)
                    return socket.read()
                }
                let post = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                return [
                    try said("GET / HT"), try said("\u{16}\u{3}\u{1}garbage\r\n\r\n"),
                    try said("GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: \(String(repeating: "a", count: 40_000))\r\n\r\n"),
                    try said(post + "Content-Length: 1000\r\n\r\n{\"mess"), try said(post + "Content-Length: 2000000\r\n\r\n{"),
                    try said(
                        post
                            + "Transfer-Encoding: chunked\r\n\r\n\(String(repeating: "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n", count: 4))"
                    ),
                    try said(post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}"),
                    try said("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                ]
            }
            #expect(answers[0].isEmpty, "half a request is given up: \(answers[0])")
            #expect(answers[1].contains(" 400 "), "\(answers[1])")
            #expect(answers[2].contains(" 431 "), "\(answers[2])")
            #expect(answers[3].contains(" 408 "), "\(answers[3])")
            #expect(answers[4].contains(" 413 "), "\(answers[4])")
            #expect(answers[5].contains(" 413 "), "\(answers[5])")
            #expect(answers[6].contains(" 400 "), "\(answers[6])")
            #expect(answers[7].contains(" 200 "), "the server goes on: \(answers[7])")
        }
    }

    @Test("the server stops in order: what was begun is answered, new ones are not taken")
    func stop() async throws {
        let server = try TestServer.make {
            $0.port = 0
            $0.shutdownTime = 300
        }
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await server.run(onListening: { told.yield($0) }, until: { for await _ in stops { return } })
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        for _ in 0..<30_000 where !server.shelf.isReady { try await Task.sleep(for: .milliseconds(10)) }
        let body = TestServer.chat("Describe the picture.", #""stream":true,"max_tokens":20,"temperature":1,"n":2"#)
        let text = try await onThread { () -> String in
            let socket = try RawSocket(port: port)
            socket.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            let begin = socket.read(until: "begun")
            stop.yield()
            return begin + socket.read()
        }
        #expect(text.contains("data: [DONE]"), "\(text.suffix(300))")
        try await running.value
        #expect(server.isDraining)
    }

    @Test("a port that is taken is told as such")
    func taken() async throws {
        let first = try TestServer.make { $0.port = 0 }
        try await first.shelf.start()
        try await first.application().test(.live) { client async throws in
            let port = try #require(client.port)
            let second = try TestServer.make {
                $0.host = "localhost"
                $0.port = port
            }
            await #expect(throws: ServerError.self) {
                try await second.run(until: { do { try await Task.sleep(for: .seconds(600)) } catch {} })
            }
        }
    }
}

@Suite("pictures from elsewhere") struct MediaTests {
    /// Another server, with pictures and traps.
    private static func pictures() -> some ApplicationProtocol {
        let router = Router()
        router.get("a.png") { _, _ in Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: TestServer.scene))) }
        router.get("large") { _, _ in
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: [UInt8](repeating: 0, count: 200_000))))
        }
        router.get("endless") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<100_000 { try await writer.write(ByteBuffer(bytes: [UInt8](repeating: 0, count: 10_000))) }
                    try await writer.finish(nil)
                })
        }
        router.get("slow") { _, _ in
            try await Task.sleep(for: .seconds(60))
            return Response(status: .ok)
        }
        router.get("missing") { _, _ in Response(status: .notFound) }
        router.get("to") { request, _ in
            let place = request.uri.queryParameters["place"].map(String.init) ?? "/a.png"
            return Response(status: .found, headers: [.location: place])
        }
        return Application(router: router, logger: TestServer.quiet)
    }

    private static func fetcher(_ port: Int, _ resolver: HostResolver, _ change: (inout MediaRules) -> Void = { _ in }) -> MediaFetcher {
        var rules = MediaRules()
        rules.privateDomains = ["pictures.test:\(port)"]
        rules.allowsHTTP = true
        // Longer than all other tests together take: beside them a thread may be that long in coming.
        (rules.maximumBytes, rules.totalTime, rules.connectTime) = (100_000, 3600, 3600)
        change(&rules)
        return MediaFetcher(rules: rules, resolver: resolver)
    }

    /// Where this machine's test servers listen.
    private static let here = HostResolver { _ in Array(try await HostResolver.system.addresses("localhost").prefix(1)) }

    private static func code(_ fetcher: MediaFetcher, _ address: String) async -> String? {
        do {
            _ = try await fetcher.fetch(address, param: "url")
            return nil
        } catch { return (error as? Refusal)?.code ?? "\(error)" }
    }

    @Test("an allowed picture comes, and nothing too large, too slow or missing")
    func fetching() async throws {
        try await Self.pictures().test(.live) { client async throws in
            let port = try #require(client.port)
            let fetcher = Self.fetcher(port, Self.here)
            let start = "http://pictures.test:\(port)"
            #expect(try await fetcher.fetch(start + "/a.png", param: "url") == TestServer.scene)
            #expect(await Self.code(fetcher, start + "/large") == "request_too_large")
            #expect(await Self.code(fetcher, start + "/endless") == "request_too_large")
            #expect(await Self.code(fetcher, start + "/missing") == "image_fetch")
            let hasty = Self.fetcher(port, Self.here) { $0.totalTime = 1 }
            #expect(await Self.code(hasty, start + "/slow") == "image_fetch")
            #expect(await Self.code(fetcher, start + "/to") == "image_fetch", "redirects are not followed unless they are allowed")
            #expect(await Self.code(fetcher, "http://other.test:\(port)/a.png") == "image_host")
            #expect(await Self.code(fetcher, "http://127.0.0.1:\(port)/a.png") == "image_host")
            #expect(await Self.code(fetcher, "http://pictures.test/a.png") == "image_host", "another port is another place")
            #expect(await Self.code(fetcher, "https://pictures.test:\(port)/a.png") == "image_fetch", "a host without a certificate")
            let secure = Self.fetcher(port, Self.here) { $0.allowsHTTP = false }
            #expect(await Self.code(secure, start + "/a.png") == "image_url")
        }
    }

    @Test("redirects are checked like the first address")
    func redirects() async throws {
        try await Self.pictures().test(.live) { client async throws in
            let port = try #require(client.port)
            let fetcher = Self.fetcher(port, Self.here) { $0.redirects = 1 }
            let start = "http://pictures.test:\(port)/to"
            #expect(await Self.code(fetcher, start) == nil)
            for place in [
                "http://169.254.169.254/latest/meta-data/", "http://localhost:\(port)/a.png", "http://127.0.0.1:\(port)/a.png",
                "http://0x7f.1:\(port)/a.png",
                "http://2130706433/", "//169.254.169.254/", "file:///etc/passwd", "http://pictures.test@127.0.0.1:\(port)/a.png",
                "/to?place=/a.png",
            ] {
                let code = await Self.code(fetcher, start + "?place=" + place)
                #expect(code != nil && code?.hasPrefix("image_") == true, "\(place) gives \(code ?? "a picture")")
            }
        }
    }

    @Test("a name with a private address among its addresses is refused, whatever the others are")
    func addresses() async throws {
        var rules = MediaRules()
        rules.domains = ["pictures.test"]
        (rules.totalTime, rules.connectTime) = (3600, 3600)
        for addresses in [
            ["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["2606:2800:220:1::1", "::1"], ["::ffff:93.184.216.34"], ["169.254.169.254"],
        ] {
            let fetcher = MediaFetcher(rules: rules, resolver: HostResolver { _ in addresses.compactMap { HostAddress($0) } })
            #expect(await Self.code(fetcher, "https://pictures.test/a.png") == "image_host", "\(addresses)")
        }
        let nowhere = MediaFetcher(rules: rules, resolver: HostResolver { _ in [] })
        #expect(await Self.code(nowhere, "https://pictures.test/a.png") == "image_fetch")
    }

    @Test("a name is looked up once, so that it cannot change between check and connection")
    func rebinding() async throws {
        try await Self.pictures().test(.live) { client async throws in
            let port = try #require(client.port)
            let lookUps = Mutex(0)
            let resolver = HostResolver { _ in
                let count = lookUps.withLock { count in
                    count += 1
                    return count
                }
                // The second answer would lead elsewhere.
                return try await count == 1 ? Self.here.addresses("") : [HostAddress(bytes: [127, 0, 0, 2])]
            }
            let bytes = try await Self.fetcher(port, resolver).fetch("http://pictures.test:\(port)/a.png", param: "url")
            #expect(bytes == TestServer.scene && lookUps.withLock { $0 } == 1)
        }
    }

    @Test("files are read inside the folder alone")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("blip-media-\(UUID().uuidString)")
        let inside = folder.appendingPathComponent("inside"), outside = folder.appendingPathComponent("outside")
        for place in [inside, outside] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(TestServer.scene).write(to: inside.appendingPathComponent("a b.png"))
        try Data(TestServer.scene).write(to: outside.appendingPathComponent("secret.png"))
        try FileManager.default.createSymbolicLink(
            at: inside.appendingPathComponent("link.png"), withDestinationURL: outside.appendingPathComponent("secret.png"))
        try FileManager.default.createSymbolicLink(at: inside.appendingPathComponent("up"), withDestinationURL: outside)
        mkfifo(inside.appendingPathComponent("pipe.png").path, 0o600)
        let media = LocalMedia(folder: inside, maximumBytes: 100_000)
        let start = "file://" + inside.path
        #expect(try media.read(start + "/a%20b.png", param: "url") == TestServer.scene)
        #expect(try media.read("FILE://localhost" + inside.path + "/a%20b.png", param: "url") == TestServer.scene)
        for wrong in [
            "/missing.png", "/../outside/secret.png", "/%2e%2e/outside/secret.png", "/link.png", "/up/secret.png", "/pipe.png", "", "/",
            "/a%20b.png%00.png",
            "side/a.png",
        ] {
            #expect {
                _ = try media.read(start + wrong, param: "url")
            } throws: { ($0 as? Refusal)?.code == "image_file" }
        }
        #expect(throws: Refusal.self) { try media.read("file://evil.example" + inside.path + "/a%20b.png", param: "url") }
        #expect {
            _ = try LocalMedia(folder: inside, maximumBytes: 10).read(start + "/a%20b.png", param: "url")
        } throws: { ($0 as? Refusal)?.code == "request_too_large" }
    }
}
