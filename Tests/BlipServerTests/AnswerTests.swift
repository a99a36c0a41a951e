import Blip
import BlipDecoding
import BlipImages
import BlipJSON
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import BlipServer

@Suite("answers over HTTP are those of the library") struct AnswerTests {
    private static let question = "What shape is the object?"

    private static func answer(_ instruction: String, _ options: AnswerOptions = AnswerOptions()) async throws -> Answer {
        try await TestServer.assistant.value.answer(instruction, about: .bytes(TestServer.scene), options)
    }

    @Test("a question gets the library's answer, with OpenAI's fields around it")
    func chat() async throws {
        let expected = try await Self.answer(Self.question)
        try await TestServer.ask { client async throws in
            let reply = try await client.chat(TestServer.chat(Self.question, "\"model\":\"scenes\""))
            #expect(reply.status == 200 && reply.headers[.contentType] == "application/json")
            #expect(try reply.string("choices.0.message.content") == expected.text)
            #expect(try reply.string("choices.0.finish_reason") == expected.finishReason.rawValue)
            #expect(try reply.string("object") == "chat.completion")
            #expect(try reply.string("model") == "scenes")
            #expect(try reply.string("id")?.hasPrefix("chatcmpl-") == true)
            #expect(try reply.member("usage.prompt_tokens")?.integer == expected.promptTokens)
            #expect(try reply.member("usage.completion_tokens")?.integer == expected.tokenIDs.count)
            for name in [
                "queue_ms", "image_ms", "vision_ms", "qformer_ms", "prompt_n", "prompt_ms", "predicted_n", "predicted_ms",
                "predicted_per_second",
            ] {
                #expect(try reply.member("timings.\(name)") != nil, "\(name)")
            }
        }
    }

    @Test("a stream has the role, the pieces, the end, the usage and the last word, in this order")
    func stream() async throws {
        let expected = try await Self.answer(Self.question)
        try await TestServer.ask { client async throws in
            let reply = try await client.chat(
                TestServer.chat(Self.question, #""stream":true,"stream_options":{"include_usage":true},"logprobs":true"#))
            #expect(reply.headers[.contentType]?.hasPrefix("text/event-stream") == true)
            let events = reply.events
            #expect(events.last == "[DONE]")
            let chunks = try events.dropLast().map { try JSONValue(parsing: Array($0.utf8)) }
            #expect(chunks.allSatisfy { $0["object"]?.string == "chat.completion.chunk" })
            #expect(Set(chunks.compactMap { $0["id"]?.string }).count == 1)
            let deltas = chunks.compactMap { $0["choices"]?.array?.first }
            #expect(deltas.first?["delta"]?["role"]?.string == "assistant")
            #expect(deltas.compactMap { $0["delta"]?["content"]?.string }.joined() == expected.text)
            let finishes = deltas.map { $0["finish_reason"]?.string }
            #expect(finishes.last == expected.finishReason.rawValue && finishes.dropLast().allSatisfy { $0 == nil })
            let end = try #require(chunks.dropLast().last)
            #expect(end["timings"] != nil && deltas.last?["logprobs"]?["content"]?.array?.isEmpty == false)
            #expect(chunks.last?["choices"]?.array?.isEmpty == true)
            #expect(chunks.last?["usage"]?["completion_tokens"]?.integer == expected.tokenIDs.count)
            #expect(chunks.dropLast().allSatisfy { $0.object?["usage"] == .null })
            let plain = try await client.chat(TestServer.chat(Self.question, #""stream":true"#))
            #expect(!plain.text.contains("\"usage\"") && plain.events.last == "[DONE]")
        }
    }

    @Test("what is wrong is told before a stream begins, or in it")
    func brokenStream() async throws {
        try await TestServer.ask { client async throws in
            let reply = try await client.chat(TestServer.chat("x", picture: "data:,", #""stream":true"#))
            #expect(reply.status == 400 && reply.headers[.contentType] == "application/json")
        }
        let late = try TestServer.make { $0.limits.requestTime = 0 }
        try await TestServer.ask(late) { client async throws in
            let reply = try await client.chat(TestServer.chat("x", #""stream":true"#))
            #expect(reply.status == 200 && reply.text.contains("\"code\":\"timeout\"") && !reply.text.contains("[DONE]"))
        }
    }

    @Test("beams, presets and samples are the library's")
    func decoding() async throws {
        var beams = DecodingOptions(maximumTokens: 20)
        (beams.beams, beams.returned, beams.lengthPenalty) = (3, 2, 0.5)
        let best = try await Self.answer(Self.question, AnswerOptions(decoding: beams))
        var drawn = DecodingOptions(maximumTokens: 20)
        (drawn.returned, drawn.sampling) = (3, .init(temperature: 1.5, topK: 20, seed: 7))
        let samples = try await Self.answer(Self.question, AnswerOptions(decoding: drawn))
        try await TestServer.ask { client async throws in
            let reply = try await client.chat(
                TestServer.chat(Self.question, #""num_beams":3,"n":2,"length_penalty":0.5,"max_completion_tokens":20"#))
            let texts = try (reply.member("choices")?.array ?? []).compactMap { $0["message"]?["content"]?.string }
            #expect(texts == best.sequences.map(\.text))
            let sampled = try await client.chat(
                TestServer.chat(Self.question, #""temperature":1.5,"top_k":20,"seed":7,"n":3,"max_tokens":20"#))
            let others = try (sampled.member("choices")?.array ?? []).compactMap { $0["message"]?["content"]?.string }
            // In the order in which they were drawn, as a stream calls them, and not the likeliest first.
            #expect(others == samples.sequences.sorted { $0.number < $1.number }.map(\.text))
            let streamed = try await client.chat(
                TestServer.chat(Self.question, #""num_beams":3,"n":2,"length_penalty":0.5,"max_completion_tokens":20,"stream":true"#))
            let chunks = try streamed.events.dropLast().map { try JSONValue(parsing: Array($0.utf8)) }
            for index in 0..<2 {
                let said = chunks.flatMap { $0["choices"]?.array ?? [] }.filter { $0["index"]?.integer == index }
                #expect(said.compactMap { $0["delta"]?["content"]?.string }.joined() == best.sequences[index].text)
            }
            let draws = try await client.chat(
                TestServer.chat(Self.question, #""temperature":1.5,"top_k":20,"seed":7,"n":3,"max_tokens":20,"stream":true"#))
            let pieces = try draws.events.dropLast().map { try JSONValue(parsing: Array($0.utf8)) }.flatMap { $0["choices"]?.array ?? [] }
            let all = (0..<3).map { index in
                pieces.filter { $0["index"]?.integer == index }.compactMap { $0["delta"]?["content"]?.string }.joined()
            }
            #expect(all.sorted() == samples.sequences.map(\.text).sorted())
            // Divided by this, scores would overflow.
            let coldest = try await client.chat(TestServer.chat(Self.question, #""temperature":5e-324,"max_tokens":4"#))
            #expect(coldest.status == 200)
        }
    }

    @Test("stops, lengths and probabilities")
    func details() async throws {
        let expected = try await Self.answer(Self.question)
        let stop = try #require(expected.text.split(separator: " ").last.map(String.init))
        try await TestServer.ask { client async throws in
            let short = try await client.chat(TestServer.chat(Self.question, #""max_tokens":1"#))
            #expect(try short.string("choices.0.finish_reason") == "length")
            #expect(try short.member("usage.completion_tokens")?.integer == 1)
            let stopped = try await client.chat(TestServer.chat(Self.question, #""stop":"\#(stop)""#))
            #expect(try stopped.string("choices.0.message.content")?.contains(stop) == false)
            let reply = try await client.chat(TestServer.chat(Self.question, #""logprobs":true"#))
            let entries = try reply.member("choices.0.logprobs.content")?.array ?? []
            #expect(entries.compactMap { $0["token"]?.string }.joined().trimmingCharacters(in: .whitespaces) == expected.text)
            let sum = entries.compactMap { $0["logprob"]?.double }.reduce(0, +)
            #expect(sum <= 0 && sum >= expected.sequences[0].logProbabilities.reduce(0, +) - 1e-6)
            #expect(entries.allSatisfy { $0["top_logprobs"]?.array?.isEmpty == true })
            let plain = try await client.chat(TestServer.chat(Self.question))
            #expect(try plain.json["choices"]?.array?.first?.object?["logprobs"] == .null)
        }
    }

    @Test("a caption has the paper's prompt where none is given")
    func caption() async throws {
        let usual = try await Self.answer("A short image description:", AnswerOptions(maximumTokens: 64))
        let told = try await Self.answer("Describe the picture.", AnswerOptions(maximumTokens: 64))
        try await TestServer.ask { client async throws in
            for body in [#"{"image":"\#(TestServer.address)"}"#, #"{"image":{"url":"\#(TestServer.address)"},"prompt":""}"#] {
                #expect(try await client.post("/v1/caption", body).string("caption") == usual.text)
            }
            let reply = try await client.post("/v1/caption", #"{"image":"\#(TestServer.address)","prompt":"Describe the picture."}"#)
            #expect(try reply.string("caption") == told.text)
        }
    }

    @Test("candidates are ranked as by the library")
    func rank() async throws {
        let candidates = ["circle", "square", "triangle"]
        let expected = try await TestServer.assistant.value.rank(candidates, Self.question, about: .bytes(TestServer.scene))
        try await TestServer.ask { client async throws in
            let reply = try await client.post(
                "/v1/rank",
                #"{"image":"\#(TestServer.address)","prompt":"\#(Self.question)","candidates":["circle","square","triangle"]}"#)
            #expect(reply.status == 200, "\(reply.text)")
            let ranked = try reply.member("candidates")?.array ?? []
            #expect(ranked.compactMap { $0["text"]?.string } == expected.candidates.map(\.text))
            #expect(ranked.compactMap { $0["index"]?.integer } == expected.candidates.map(\.index))
            for (one, other) in zip(ranked, expected.candidates) {
                #expect(abs((one["logprob"]?.double ?? 1) - other.logProbability) < 1e-5)
            }
            #expect(abs(ranked.compactMap { $0["probability"]?.double }.reduce(0, +) - 1) < 1e-6)
            let blank = try await client.post("/v1/rank", #"{"image":"\#(TestServer.address)","prompt":" ","candidates":["a"]}"#)
            #expect(try blank.string("error.param") == "prompt")
        }
    }

    @Test("a heat map comes as a map that lets the picture through, over it, or as numbers")
    func heatmap() async throws {
        let expected = try await TestServer.assistant.value.heatmap(Self.question, about: .bytes(TestServer.scene))
        let mean = try expected.mean()
        try await TestServer.ask { client async throws in
            let start = #"{"image":"\#(TestServer.address)","prompt":"\#(Self.question)""#
            let numbers = try await client.post("/v1/heatmap", start + #","format":"json"}"#)
            #expect(try numbers.member("rows")?.integer == expected.rows)
            let weights = try (numbers.member("weights")?.array ?? []).flatMap { $0.array ?? [] }.compactMap(\.double)
            #expect(weights.count == mean.count && zip(weights, mean).allSatisfy { abs($0 - Double($1)) < 1e-6 })
            let grounds = try await TestServer.assistant.value.heatmap(Self.question, about: .bytes(TestServer.scene), answer: "red").mean()
            let grounded = try await client.post("/v1/heatmap", start + #","answer":"red","format":"json"}"#)
            let found = try (grounded.member("weights")?.array ?? []).flatMap { $0.array ?? [] }.compactMap(\.double)
            #expect(found.count == mean.count && zip(found, grounds).allSatisfy { abs($0 - Double($1)) < 1e-6 } && grounds != mean)
            let map = try await client.post("/v1/heatmap", start + "}")
            #expect(map.headers[.contentType] == "image/png")
            let picture = try ImageSource.bytes(map.bytes).load()
            #expect(picture.width == 96 && picture.height == 96)
            let over = try await client.post("/v1/heatmap", start + #","overlay":true}"#)
            let scene = try ImageSource.bytes(TestServer.scene).load()
            #expect(
                try ImageSource.bytes(over.bytes).load()
                    == HeatOverlay.draw(mean, rows: expected.rows, columns: expected.columns, over: scene))
        }
    }

    @Test("embeddings are the library's, as numbers or base64")
    func embeddings() async throws {
        let picture = try ImageSource.bytes(TestServer.scene).load()
        let bare = try await TestServer.assistant.value.embeddings(nil, about: [picture])
        let told = try await TestServer.assistant.value.embeddings("What is red?", about: [picture])
        try await TestServer.ask { client async throws in
            let one = try await client.post("/v1/embeddings", #"{"input":"\#(TestServer.address)"}"#)
            #expect(try (one.member("data.0.embedding")?.array ?? []).compactMap(\.double).map { Float($0) } == bare)
            let parts =
                #"{"content":[{"type":"image_url","image_url":{"url":"\#(TestServer.address)"}},{"type":"text","text":"What is red?"}]}"#
            let two = try await client.post("/v1/embeddings", #"{"input":["\#(TestServer.address)",\#(parts)],"encoding_format":"base64"}"#)
            for (index, vector) in [bare, told].enumerated() {
                let data = try #require(try two.string("data.\(index).embedding").flatMap { Data(base64Encoded: $0) })
                #expect(
                    data
                        == vector.reduce(into: Data()) { data, value in
                            withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
                        })
            }
        }
    }

    @Test("several pictures are read as frames of one clip")
    func several() async throws {
        let picture = try ImageSource.bytes(TestServer.scene).load()
        let expected = try await TestServer.assistant.value.answer(Self.question, about: [picture, picture])
        let image = #"{"type":"image_url","image_url":{"url":"\#(TestServer.address)"}}"#
        try await TestServer.ask { client async throws in
            let reply = try await client.chat(
                #"{"messages":[{"role":"user","content":[\#(image),\#(image),{"type":"text","text":"\#(Self.question)"}]}]}"#)
            #expect(try reply.string("choices.0.message.content") == expected.text)
        }
    }

    @Test("scenes and clips are drawn, always the same of a seed")
    func scenes() async throws {
        try await TestServer.ask { client async throws in
            let one = try await client.post("/v1/scene", #"{"seed":7}"#)
            #expect(try one.string("image")?.hasPrefix("data:image/png;base64,") == true)
            #expect(try one.string("description")?.isEmpty == false)
            #expect(try await client.post("/v1/scene", #"{"seed":7}"#).text == one.text)
            let clip = try await client.post("/v1/scene", #"{"seed":3,"clip":true,"size":64}"#)
            #expect(try clip.member("frames")?.array?.count == 4)
        }
    }

    @Test("models, version, metrics and the document of all this")
    func status() async throws {
        let server = try TestServer.make(models: ["scenes", "org/other"])
        try await TestServer.ask(server) { client async throws in
            let models = try await client.get("/v1/models")
            #expect(try (models.member("data")?.array ?? []).compactMap { $0["id"]?.string } == ["scenes", "org/other"])
            #expect(try models.string("data.0.architecture.input_modalities.1") == "image")
            #expect(try await client.get("/v1/models/org/other").string("id") == "org/other")
            #expect(try await client.get("/v1/models/org%2Fother").string("id") == "org/other")
            #expect(try await client.get("/version").string("version") == BlipServer.version)
            #expect(try await client.get("/health").string("status") == "ok")
            #expect(try await client.chat(TestServer.chat("What is it?", "\"model\":\"org/other\"")).string("model") == "org/other")
            let metrics = try await client.get("/metrics")
            #expect(metrics.headers[.contentType]?.hasPrefix("text/plain") == true)
            for line in [
                "instructblip:num_requests_running{model_name=\"scenes\"} 0", "instructblip:engine_healthy 1",
                "instructblip:request_success_total{finished_reason=\"stop\",model_name=\"org/other\"} 1",
                "instructblip:time_to_first_token_seconds_count{model_name=\"org/other\"} 1",
                "http_requests_total{handler=\"/v1/models/{model}\",method=\"GET\",status=\"200\"} 2",
            ] { #expect(metrics.text.contains(line), "\(line) is missing in\n\(metrics.text)") }
            let document = try await client.get("/openapi.json")
            #expect(try document.string("openapi") == "3.1.0")
            for route in Route.all(server.settings) where !["/", "/page/{name}"].contains(route.pattern) {
                let operation = try document.json["paths"]?[JSONString(stringLiteral: route.pattern)]
                #expect(
                    operation?[JSONString(stringLiteral: route.method.rawValue.lowercased())] != nil,
                    "\(route.pattern) is not in the document")
            }
        }
    }

    @Test("a model that nobody asks is closed, and opened again for the next question")
    func idle() async throws {
        let server = try TestServer.make()
        try await TestServer.ask(server) { client async throws in
            #expect(try await client.chat(TestServer.chat("What is it?")).status == 200)
            server.shelf.closeIdle(after: 0)
            #expect(server.shelf.open.isEmpty && server.shelf.isReady)
            #expect(try await client.get("/health").status == 200)
            #expect(try await client.chat(TestServer.chat("What is it?")).status == 200)
            #expect(server.shelf.open.count == 1)
        }
    }

    @Test("a request that is answered leaves no alarm behind")
    func alarms() async throws {
        let server = try TestServer.make()
        try await TestServer.ask(server) { client async throws in
            for streams in [true, false] {
                let reply = try await client.chat(TestServer.chat(Self.question, #""max_tokens":2,"stream":\#(streams)"#))
                #expect(reply.status == 200)
            }
        }
        // A stream's last word is told a moment before its end.
        for _ in 0..<60_000 where server.clock.count > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(server.clock.count == 0)
    }
}
