import Blip
import BlipDecoding
import BlipJSON
import HTTPTypes
import Testing

@testable import BlipServer

@Suite("every field of a request is checked") struct FieldTests {
    private static let base = TestServer.chat("What is it?", picture: "data:image/png;base64,AAAA")

    /// A field, values that are wrong there, and what the answer calls the field.
    private static let wrong: [(field: String, values: [String], param: String)] = [
        ("model", ["1", "[]", "{}", "true", "\"\(String(repeating: "m", count: 257))\""], "model"),
        ("stream", ["1", "\"true\"", "[]", "{}"], "stream"), ("stream_options", ["1", "\"x\"", "[]", "true"], "stream_options"),
        ("max_tokens", ["0", "-1", "1.5", "1e400", "\"5\"", "true", "[]", "9223372036854775808", "1000001"], "max_tokens"),
        ("max_completion_tokens", ["0", "\"5\"", "{}"], "max_completion_tokens"),
        ("temperature", ["-0.1", "2.1", "\"1\"", "[]", "true", "1e999"], "temperature"),
        ("top_p", ["0", "-1", "1.1", "\"1\"", "{}"], "top_p"),
        ("top_k", ["-2", "1.5", "\"1\"", "1e30"], "top_k"), ("min_p", ["-0.1", "1.1", "\"0\""], "min_p"),
        ("num_beams", ["0", "17", "-9223372036854775808", "2.5", "\"2\""], "num_beams"), ("n", ["0", "17", "1.5", "\"1\"", "16384"], "n"),
        ("length_penalty", ["11", "-11", "\"1\"", "[]"], "length_penalty"),
        ("repetition_penalty", ["0", "5e-324", "-1", "11", "\"1\""], "repetition_penalty"),
        ("seed", ["1.5", "\"1\"", "1e30", "[]", "9223372036854775808"], "seed"),
        (
            "stop", ["1", "\"\"", "[\"\"]", "[1]", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "{}", "\"\(String(repeating: "s", count: 257))\""],
            "stop"
        ),
        ("logprobs", ["1", "\"true\"", "5"], "logprobs"), ("top_logprobs", ["-1", "21", "\"1\"", "1"], "top_logprobs"),
        ("preset", ["1", "\"best\"", "[]"], "preset"), ("presence_penalty", ["0.5", "3", "\"0\""], "presence_penalty"),
        ("frequency_penalty", ["-0.5", "[]"], "frequency_penalty"), ("tools", ["[{}]", "{}", "1"], "tools"),
        ("modalities", ["[\"text\", \"audio\"]", "[1]", "\"text\""], "modalities"), ("audio", ["{\"voice\": \"a\"}"], "audio"),
        ("functions", ["[1]"], "functions"), ("logit_bias", ["{\"5\":1}", "[]", "1"], "logit_bias"),
        ("response_format", ["1", "\"text\"", "[]"], "response_format"),
    ]

    @Test("wrong types and ranges in a chat request are refused by name", arguments: wrong.indices)
    func chatFields(_ index: Int) throws {
        let (field, values, param) = Self.wrong[index]
        for value in values {
            let body = Self.base.dropLast() + ",\"\(field)\":\(value)}"
            // A number that no Double holds is no JSON of ours at all.
            guard let json = try? JSONValue(parsing: Array(body.utf8)) else { continue }
            #expect {
                _ = try ChatRequest(json, ServerLimits())
            } throws: { error in
                let refusal = error as? Refusal
                return refusal?.status == .badRequest && refusal?.param == param
            }
        }
    }

    @Test("null is a field left out, and unknown fields are passed over")
    func nullFields() throws {
        let fields = Self.wrong.map { "\"\($0.field)\":null" }.joined(separator: ",")
        let body =
            Self.base.dropLast()
            + ",\(fields),\"user\":\"me\",\"metadata\":{\"a\":[1]},\"tools\":null}".replacing("\"tools\":null}", with: "\"store\":false}")
        let request = try ChatRequest(JSONValue(parsing: Array(body.utf8)), ServerLimits())
        #expect(request.model == nil && !request.streams && request.decoding.beams == nil && request.decoding.stops.isEmpty)
    }

    @Test("whole numbers may be written with a fraction of nothing")
    func wholeNumbers() throws {
        let request = try ChatRequest(
            JSONValue(parsing: Array((Self.base.dropLast() + ",\"max_tokens\":5.0,\"seed\":-3}").utf8)), ServerLimits())
        #expect(request.decoding.maximumTokens == 5 && request.decoding.seed == -3)
    }

    @Test(
        "wrong messages are refused by name",
        arguments: [
            (#"{}"#, "messages"), (#"{"messages":null}"#, "messages"), (#"{"messages":[]}"#, "messages"),
            (#"{"messages":"hi"}"#, "messages"),
            (#"{"messages":[1]}"#, "messages[0]"), (#"{"messages":[null]}"#, "messages[0]"), (#"{"messages":[{}]}"#, "messages[0].role"),
            (#"{"messages":[{"role":1,"content":"x"}]}"#, "messages[0].role"),
            (#"{"messages":[{"role":"tool","content":"x"}]}"#, "messages[0].role"),
            (#"{"messages":[{"role":"user"}]}"#, "messages[0].content"),
            (#"{"messages":[{"role":"user","content":1}]}"#, "messages[0].content"),
            (#"{"messages":[{"role":"user","content":{}}]}"#, "messages[0].content"),
            (#"{"messages":[{"role":"user","content":[1]}]}"#, "messages[0].content[0]"),
            (#"{"messages":[{"role":"user","content":[{}]}]}"#, "messages[0].content[0].type"),
            (#"{"messages":[{"role":"user","content":[{"type":"audio"}]}]}"#, "messages[0].content[0].type"),
            (#"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#, "messages[0].content[0].text"),
            (#"{"messages":[{"role":"user","content":[{"type":"text","text":1}]}]}"#, "messages[0].content[0].text"),
            (#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#, "messages[0].content[0].image_url"),
            (#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":1}]}]}"#, "messages[0].content[0].image_url"),
            (#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#, "messages[0].content[0].image_url.url"),
            (
                #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":5}}]}]}"#,
                "messages[0].content[0].image_url.url"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":""}}]}]}"#,
                "messages[0].content[0].image_url.url"
            ),
            (#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#, "messages"),
            (
                #"{"messages":[{"role":"system","content":[{"type":"image_url","image_url":"data:,"}]},{"role":"user","content":"x"}]}"#,
                "messages[0].content[0].image_url"
            ),
        ])
    func messages(_ body: String, _ param: String) throws {
        let json = try JSONValue(parsing: Array(body.utf8))
        #expect {
            _ = try ChatRequest(json, ServerLimits())
        } throws: { ($0 as? Refusal)?.param == param }
    }

    @Test("bodies that are no object are refused", arguments: ["[]", "1", "\"x\"", "null", "true"])
    func noObject(_ body: String) throws {
        let json = try JSONValue(parsing: Array(body.utf8))
        #expect(throws: Refusal.self) { try ChatRequest(json, ServerLimits()) }
        #expect(throws: Refusal.self) { try RankRequest(json, ServerLimits()) }
        #expect(throws: Refusal.self) { try CaptionRequest(json, ServerLimits()) }
        #expect(throws: Refusal.self) { try HeatmapRequest(json, ServerLimits()) }
        #expect(throws: Refusal.self) { try EmbeddingsRequest(json, ServerLimits()) }
        #expect(throws: Refusal.self) { try SceneRequest(json, ServerLimits()) }
    }

    @Test(
        "wrong fields of the other routes are refused by name",
        arguments: [
            ("rank", #"{"prompt":"x","candidates":["a"]}"#, "image"), ("rank", #"{"image":1,"prompt":"x","candidates":["a"]}"#, "image"),
            ("rank", #"{"image":"data:,","candidates":["a"]}"#, "prompt"),
            ("rank", #"{"image":"data:,","prompt":1,"candidates":["a"]}"#, "prompt"),
            ("rank", #"{"image":"data:,","prompt":"x"}"#, "candidates"),
            ("rank", #"{"image":"data:,","prompt":"x","candidates":[]}"#, "candidates"),
            ("rank", #"{"image":"data:,","prompt":"x","candidates":"a"}"#, "candidates"),
            ("rank", #"{"image":"data:,","prompt":"x","candidates":["a",1]}"#, "candidates[1]"),
            ("rank", #"{"image":"data:,","prompt":"x","candidates":[""]}"#, "candidates[0]"), ("caption", "{}", "image"),
            ("caption", #"{"image":{"url":1}}"#, "image.url"), ("caption", #"{"image":"data:,","prompt":[]}"#, "prompt"),
            ("caption", #"{"image":"data:,","n":2}"#, "n"), ("caption", #"{"image":"data:,","num_beams":99}"#, "num_beams"),
            ("heatmap", #"{"image":"data:,"}"#, "prompt"), ("heatmap", #"{"image":"data:,","prompt":"x","format":"gif"}"#, "format"),
            ("heatmap", #"{"image":"data:,","prompt":"x","overlay":1}"#, "overlay"),
            ("heatmap", #"{"image":"data:,","prompt":"x","answer":1}"#, "answer"), ("embeddings", "{}", "input"),
            ("embeddings", #"{"input":1}"#, "input"), ("embeddings", #"{"input":[]}"#, "input"),
            ("embeddings", #"{"input":"some words"}"#, "input"),
            ("embeddings", #"{"input":["some words"]}"#, "input[0]"),
            ("embeddings", #"{"input":[{"content":"words"}]}"#, "input[0].content"),
            ("embeddings", #"{"input":[[1]]}"#, "input[0]"),
            ("embeddings", #"{"input":"data:,","encoding_format":"int8"}"#, "encoding_format"),
            ("embeddings", #"{"input":"data:,","dimensions":5}"#, "dimensions"), ("scene", "{}", "seed"),
            ("scene", #"{"seed":-1}"#, "seed"),
            ("scene", #"{"seed":"1"}"#, "seed"), ("scene", #"{"seed":1,"size":8}"#, "size"),
            ("scene", #"{"seed":1,"size":100000}"#, "size"),
            ("scene", #"{"seed":1,"clip":1}"#, "clip"),
        ])
    func otherRoutes(_ route: String, _ body: String, _ param: String) throws {
        let json = try JSONValue(parsing: Array(body.utf8))
        let limits = ServerLimits()
        #expect {
            switch route {
            case "rank": _ = try RankRequest(json, limits)
            case "caption": _ = try CaptionRequest(json, limits)
            case "heatmap": _ = try HeatmapRequest(json, limits)
            case "embeddings": _ = try EmbeddingsRequest(json, limits)
            default: _ = try SceneRequest(json, limits)
            }
        } throws: { ($0 as? Refusal)?.param == param }
    }

    @Test("turns stand one after another, as in a conversation")
    func turns() throws {
        let body = """
            {"messages":[{"role":"system","content":"Be short."},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}},\
            {"type":"text","text":"What is it?"}]},{"role":"assistant","content":"a dog"},{"role":"user","content":"What colour?"}]}
            """
        let request = try ChatRequest(JSONValue(parsing: Array(body.utf8)), ServerLimits())
        #expect(request.instruction == "Be short. What is it? a dog What colour?")
        #expect(request.pictures.count == 1)
    }

    @Test("too many pictures, messages and words are refused")
    func tooMuch() throws {
        var limits = ServerLimits()
        (limits.pictures, limits.messages, limits.textBytes) = (1, 2, 20)
        let part = #"{"type":"image_url","image_url":"data:,"}"#
        for body in [
            #"{"messages":[{"role":"user","content":[\#(part),\#(part)]}]}"#,
            #"{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"user","content":"c"}]}"#,
            #"{"messages":[{"role":"user","content":"0123456789012"},{"role":"user","content":"0123456789012"}]}"#,
        ] {
            let json = try JSONValue(parsing: Array(body.utf8))
            #expect { _ = try ChatRequest(json, limits) } throws: { ($0 as? Refusal)?.param == "messages" }
        }
    }

    @Test("greedy is what is not asked otherwise")
    func decoding() throws {
        func options(_ fields: String) throws -> DecodingOptionsView {
            let request = try ChatRequest(JSONValue(parsing: Array(TestServer.chat("x", picture: nil, fields).utf8)), ServerLimits())
            let decoding = try request.decoding.options(isEncoderDecoder: true, ServerLimits()).decoding
            return DecodingOptionsView(
                beams: decoding.beams, tokens: decoding.maximumTokens, draws: decoding.sampling != nil, returned: decoding.returned)
        }
        #expect(try options("") == DecodingOptionsView(beams: 1, tokens: 256, draws: false, returned: 1))
        #expect(try options(#""temperature":0,"top_p":0.5"#).draws == false)
        #expect(try options(#""temperature":0.5,"n":3"#) == DecodingOptionsView(beams: 1, tokens: 256, draws: true, returned: 3))
        #expect(try options(#""preset":"vqa""#) == DecodingOptionsView(beams: 5, tokens: 10, draws: false, returned: 1))
        #expect(
            try options(#""preset":"vqa","num_beams":2,"max_tokens":7"#)
                == DecodingOptionsView(beams: 2, tokens: 7, draws: false, returned: 1))
        #expect(try options(#""max_tokens":1000000"#).tokens == ServerLimits().newTokens)
        #expect(throws: Refusal.self) { try options(#""n":2"#) }
        #expect(throws: Refusal.self) { try options(#""n":3,"num_beams":2"#) }
    }

    struct DecodingOptionsView: Equatable {
        let beams, tokens: Int
        let draws: Bool
        let returned: Int
    }
}
