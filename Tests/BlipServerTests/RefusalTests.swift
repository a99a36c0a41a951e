import Blip
import BlipImages
import BlipJSON
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import BlipServer

@Suite("what is refused, and how") struct RefusalTests {
    @Test("the model is being opened: 503 with Retry-After, and health says so")
    func loading() async throws {
        var settings = ServerSettings()
        settings.limits.loadWait = 0
        let server = try BlipServer(settings, [ModelSpecification(name: "slow", folder: URL(fileURLWithPath: "/"))], TestServer.quiet) {
            _ in
            try await Task.sleep(for: .seconds(600))
            return try await TestServer.assistant.value
        }
        try await server.application().test(.router) { client async throws in
            for path in ["/health", "/v1/health"] {
                let health = try await client.get(path)
                #expect(health.status == 503 && health.headers[.retryAfter] != nil)
                #expect(try health.string("error.message") == "Loading model")
            }
            let reply = try await client.chat(TestServer.chat("x"))
            #expect(reply.status == 503 && reply.headers[.retryAfter] != nil)
            #expect(try reply.string("error.type") == "unavailable_error")
        }
    }

    @Test("a model that cannot be opened is told as such, without a word of why")
    func failing() async throws {
        let folder = URL(fileURLWithPath: "/nowhere/secret")
        var settings = ServerSettings()
        // Longer than a busy machine keeps a thread waiting.
        settings.limits.loadWait = 3600
        let server = try BlipServer(settings, [ModelSpecification(name: "broken", folder: folder)], TestServer.quiet) { _ in
            throw BlipErrorStandIn(path: "/nowhere/secret")
        }
        try await server.application().test(.router) { client async throws in
            for _ in 0..<2 {
                let reply = try await client.chat(TestServer.chat("x"))
                #expect(reply.status == 503 && !reply.text.contains("secret"))
                #expect(try reply.string("error.code") == "model_unavailable")
            }
            #expect(try await client.get("/health").status == 503)
        }
    }

    private struct BlipErrorStandIn: Error { let path: String }

    @Test("addresses and methods that are not there")
    func places() async throws {
        try await TestServer.ask { client async throws in
            for path in [
                "/v1", "/v1/chat", "/nothing", "/page/../Package.swift", "/page/%2e%2e%2fPackage.swift", "/page/", "/v1/models/",
                "/etc/passwd",
            ] {
                let reply = try await client.get(path)
                #expect(reply.status == 404, "\(path) gives \(reply.status)")
                #expect(try reply.string("error.type") == "not_found_error")
            }
            let chat = try await client.get("/v1/chat/completions")
            #expect(chat.status == 405 && chat.headers[.allow] == "POST")
            for method in [HTTPRequest.Method.put, .delete, .options, .patch, .trace] {
                #expect(try await client.get("/health", method: method).status == 405)
            }
            #expect(try await client.get("/v1/models/unknown").status == 404)
            let head = try await client.get("/health", method: .head)
            #expect(head.status == 200 && head.bytes.isEmpty)
        }
    }

    @Test("every place but health and the page needs the key")
    func keys() async throws {
        let server = try TestServer.make { $0.keys = APIKeys(["right"]) }
        try await TestServer.ask(server) { client async throws in
            for path in ["/health", "/v1/health", "/"] { #expect(try await client.get(path).status == 200, "\(path)") }
            for path in ["/v1/models", "/v1/models/scenes", "/version", "/metrics", "/openapi.json"] {
                for header in [nil, "Bearer wrong", "right"] {
                    var fields = HTTPFields()
                    if let header { fields[.authorization] = header }
                    let reply = try await client.get(path, fields)
                    #expect(reply.status == 401 && reply.headers[.wwwAuthenticate] == "Bearer", "\(path)")
                    #expect(try reply.string("error.code") == "invalid_api_key")
                }
                #expect(try await client.get(path, [.authorization: "Bearer right"]).status == 200, "\(path)")
            }
            for path in ["/v1/chat/completions", "/v1/rank", "/v1/caption", "/v1/heatmap", "/v1/embeddings", "/v1/scene"] {
                #expect(try await client.post(path, "{}").status == 401, "\(path)")
                let reply = try await client.post(path, "{}", [.contentType: "application/json", .authorization: "Bearer right"])
                #expect(reply.status == 400, "\(path)")
            }
            #expect(try await client.post("/nothing", "{}").status == 401, "what is there is nobody's business without a key")
        }
    }

    @Test("an answer to HEAD has no body, a refusal's neither")
    func heads() async throws {
        try await TestServer.ask { client async throws in
            for (path, status) in [("/health", 200), ("/nope", 404), ("/v1/rank", 405)] {
                let reply = try await client.get(path, method: .head)
                #expect(reply.status == status && reply.bytes.isEmpty, "\(path): \(reply.status) \(reply.text)")
            }
        }
    }

    @Test("base64 may have line breaks, and none of its padding")
    func base64() async throws {
        try await TestServer.ask { client async throws in
            let whole = try await client.chat(TestServer.chat("What is it?", #""max_tokens":3"#))
            let comma = try #require(TestServer.address.firstIndex(of: ","))
            let (head, data) = (TestServer.address[...comma], Array(TestServer.address[comma...].dropFirst()))
            let lines = stride(from: 0, to: data.count, by: 76).map { String(data[$0..<min($0 + 76, data.count)]) }
            let bare = String(data).replacingOccurrences(of: "=", with: "")
            for form in [lines.joined(separator: "\\r\\n") + "\\n", bare] {
                let reply = try await client.chat(TestServer.chat("What is it?", picture: head + form, #""max_tokens":3"#))
                #expect(reply.status == 200, "\(reply.text)")
                #expect(try reply.string("choices.0.message.content") == whole.string("choices.0.message.content"))
            }
        }
    }

    @Test("pages of other places are turned away")
    func origins() async throws {
        try await TestServer.ask { client async throws in
            let other = try await client.post(
                "/v1/scene", #"{"seed":1}"#, [.contentType: "application/json", .origin: "https://evil.example"])
            #expect(other.status == 403)
            #expect(try other.string("error.code") == "origin_not_allowed")
            let own = try await client.post("/v1/scene", #"{"seed":1}"#, [.contentType: "application/json", .origin: "http://localhost"])
            #expect(own.status == 200 && own.headers[.accessControlAllowOrigin] == nil)
        }
        let server = try TestServer.make {
            $0.host = "0.0.0.0"
            $0.allowedHosts = ["blip.example"]
        }
        try await TestServer.ask(server) { client async throws in
            let reply = try await client.get("/health")
            #expect(reply.status == 403, "localhost is not blip.example")
            #expect(try reply.string("error.code") == "host_not_allowed")
        }
    }

    @Test("bodies that are not JSON, or too large, or too deep")
    func bodies() async throws {
        let server = try TestServer.make { ($0.limits.bodyBytes, $0.limits.jsonValues) = (10_000, 1_000) }
        try await TestServer.ask(server) { client async throws in
            let path = "/v1/chat/completions"
            for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
                #expect(try await client.post(path, "{}", [.contentType: type]).status == 415, "\(type)")
            }
            #expect(try await client.post(path, "{}", [:]).status == 415)
            for body in ["", "{", "{}}", "{'a':1}", "{\"a\":NaN}", "\u{FEFF}{}", "{\"a\":1,\"a\":2}", "nul"] {
                let reply = try await client.chat(body)
                #expect(reply.status == 400, "\(body)")
                #expect(try reply.string("error.code") == "invalid_json")
            }
            let deep = try await client.chat(String(repeating: "[", count: 4_000) + String(repeating: "]", count: 4_000))
            #expect(deep.status == 400 && deep.text.contains("64 deep"))
            let many = try await client.chat(#"{"a":["# + Array(repeating: "1", count: 4_000).joined(separator: ",") + "]}")
            #expect(many.status == 400 && many.text.contains("more than 1000 values"), "\(many.text)")
            let large = try await client.chat(#"{"a":""# + String(repeating: "x", count: 10_000) + #""}"#)
            #expect(large.status == 413)
            #expect(try await client.post(path, "{}", [.contentType: "application/json; charset=utf-8"]).status == 400, "the type is taken")
        }
        let full = try TestServer.make { $0.limits.bodyBytesInFlight = 100 }
        let held = full.bodies.reserve(90)
        try await TestServer.ask(full) { client async throws in
            let reply = try await client.chat(TestServer.chat("x"))
            #expect(reply.status == 429 && reply.headers[.retryAfter] == "1")
        }
        withExtendedLifetime(held) {}
    }

    @Test("pictures that are none, too large, broken or not here")
    func pictures() async throws {
        let server = try TestServer.make { $0.limits.pictureBytes = 100_000 }
        let truncated = Array(TestServer.scene.prefix(TestServer.scene.count / 2))
        // The header alone says 30000 x 30000.
        let bomb: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2,
            0, 0, 0,
            0xE9, 0x45, 0x6F, 0xED, 0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06, 0x1E,
        ]
        let tiny = [UInt8](try RGBImage(width: 1, height: 1, pixels: [1, 2, 3]).pngData())
        let cases: [(address: String, status: Int, code: String)] = [
            ("", 400, "invalid_image"), ("data:image/png;base64,", 400, "invalid_image"),
            ("data:image/png;base64,!!!!", 400, "invalid_image"),
            ("data:image/png;base64,A", 400, "invalid_image"), ("data:image/png;base64,AAA", 415, "unsupported_image"),
            ("data:image/png,AAAA", 400, "invalid_image"),
            ("data:AAAA", 400, "invalid_image"),
            ("data:;base64,AAAA", 415, "unsupported_image"),
            (TestServer.address(of: Array("%PDF-1.4 and so on".utf8)), 415, "unsupported_image"),
            (TestServer.address(of: truncated), 400, "invalid_image"), (TestServer.address(of: bomb), 400, "image_size"),
            (TestServer.address(of: tiny), 400, "image_size"),
            ("data:image/png;base64," + String(repeating: "A", count: 140_000), 413, "request_too_large"),
            ("https://example.com/a.png", 400, "image_host"), ("http://127.0.0.1/a.png", 400, "image_host"),
            ("file:///etc/passwd", 400, "image_file"), ("ftp://example.com/a.png", 400, "image_url"), ("/etc/passwd", 400, "image_url"),
            ("javascript:alert(1)", 400, "image_url"),
        ]
        try await TestServer.ask(server) { client async throws in
            for (address, status, code) in cases {
                let reply = try await client.chat(TestServer.chat("What is it?", picture: address))
                #expect(reply.status == status, "\(address.prefix(60)): \(reply.text)")
                #expect(try reply.string("error.code") == code, "\(address.prefix(60)): \(reply.text)")
                #expect(try reply.string("error.param")?.hasPrefix("messages[0].content[1].image_url") == true)
            }
            #expect(try await client.chat(TestServer.chat("What is it?")).status == 200, "the server goes on")
        }
    }

    @Test("questions without words, unknown models and full queues")
    func questions() async throws {
        try await TestServer.ask { client async throws in
            let empty = try await client.chat(TestServer.chat("  "))
            #expect(empty.status == 400)
            #expect(try empty.string("error.param") == "messages")
            let unknown = try await client.chat(TestServer.chat("x", "\"model\":\"gpt-4o\""))
            #expect(unknown.status == 404)
            #expect(try unknown.string("error.code") == "model_not_found")
            let long = try await client.chat(TestServer.chat(String(repeating: "word ", count: 6_000)))
            #expect(long.status == 400, "\(long.text)")
        }
        let full = try TestServer.make { $0.scheduling.waiting = 0 }
        try await TestServer.ask(full) { client async throws in
            let reply = try await client.chat(TestServer.chat("x"))
            #expect(reply.status == 429 && reply.headers[.retryAfter] == "1")
            #expect(try reply.string("error.code") == "queue_full")
        }
        let late = try TestServer.make { $0.limits.requestTime = 0 }
        try await TestServer.ask(late) { client async throws in
            #expect(try await client.chat(TestServer.chat("x")).status == 504)
            #expect(try await client.post("/v1/rank", #"{"image":"\#(TestServer.address)","prompt":"x","candidates":["a"]}"#).status == 504)
        }
    }

    @Test("every answer has an id, says nothing of its kind be guessed, and closes its pages to others")
    func headers() async throws {
        try await TestServer.ask { client async throws in
            for path in ["/", "/health", "/nothing"] {
                let reply = try await client.get(path, [.requestID: "my-id.1"])
                #expect(reply.headers[.requestID] == "my-id.1")
                #expect(reply.headers[.xContentTypeOptions] == "nosniff")
                #expect(reply.headers[.referrerPolicy] == "no-referrer")
                #expect(reply.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true)
            }
            let deceiving = try await client.get("/health", [.requestID: "a b\u{1b}[31m"])
            #expect(deceiving.headers[.requestID]?.contains(" ") == false)
            let page = try await client.get("/")
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'self'") == true)
        }
        let bare = try TestServer.make { $0.servesPage = false }
        try await TestServer.ask(bare) { client async throws in
            for path in ["/", "/page/index.html"] { #expect(try await client.get(path).status == 404) }
            #expect(try await client.post("/v1/scene", #"{"seed":1}"#).status == 404)
            #expect(try await client.get("/openapi.json").member("paths./v1/scene") == nil)
        }
    }
}
