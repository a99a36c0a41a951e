import BlipDecoding
import BlipJSON

/// The bodies of requests and answers.
struct OpenAPISchemas {
    let limits: ServerLimits

    init(_ limits: ServerLimits) { self.limits = limits }

    var all: JSONValue {
        .record([
            "ChatRequest": chatRequest, "ChatMessage": message, "ContentPart": part, "Picture": picture, "ChatReply": chatReply,
            "TokenProbability": tokenProbability, "CaptionRequest": captionRequest, "CaptionReply": captionReply,
            "RankRequest": rankRequest,
            "RankReply": rankReply, "HeatmapRequest": heatmapRequest, "HeatmapReply": heatmapReply, "EmbeddingsRequest": embeddingsRequest,
            "EmbeddingsReply": embeddingsReply, "SceneRequest": sceneRequest, "SceneReply": sceneReply, "Model": model,
            "ModelList": Schema.object(
                ["object": Schema.text(among: ["list"]), "data": Schema.list(Schema.reference("Model"))], required: ["object", "data"]),
            "Health": Schema.object(["status": Schema.text(among: ["ok"])], required: ["status"]),
            "Version": Schema.object(["name": Schema.text(), "version": Schema.text()], required: ["name", "version"]), "Usage": usage,
            "Timings": timings, "Error": error,
        ])
    }

    // MARK: Asking

    private var modelName: JSONValue {
        Schema.optional(Schema.text("One of /v1/models; the first of them where left out", most: limits.modelNameLength))
    }

    /// How an answer is chosen, alike in chat and captions.
    private var decoding: [(key: JSONString, value: JSONValue)] {
        let tokens = 1...1_000_000
        let fields: KeyValuePairs<JSONString, JSONValue> = [
            "preset": Schema.text(
                "A published way of decoding; fields beside it win. Left out: the likeliest token each time",
                among: DecodingPreset.allCases.map(\.rawValue)),
            "max_tokens": Schema.integer("New tokens at most; no more than \(limits.newTokens) and the model's room", tokens),
            "max_completion_tokens": Schema.integer("The same", tokens),
            "temperature": Schema.number("Above 0 draws tokens", 0...2), "top_p": Schema.number("With a temperature", 0...1, above: 0),
            "top_k": Schema.integer("With a temperature; 0 and -1 are no rule", -1...1_000_000),
            "min_p": Schema.number("With a temperature", 0...1), "seed": Schema.integer("Of what is drawn; random where left out"),
            "num_beams": Schema.integer(nil, 1...limits.beams), "length_penalty": Schema.number(nil, -10...10),
            "repetition_penalty": Schema.number(nil, DecodingFields.repetitionPenalties),
            "stop": Schema.any([
                Schema.text(least: 1, most: limits.stopLength),
                Schema.list(Schema.text(least: 1, most: limits.stopLength), most: limits.stops),
            ]),
        ]
        return fields.map { (key: $0.key, value: Schema.optional($0.value)) }
    }

    private func request(_ members: KeyValuePairs<JSONString, JSONValue>, required: [String], decodes: Bool = false) -> JSONValue {
        let own = members.map { (key: $0.key, value: $0.value) }
        return .record([
            "type": .text("object"), "properties": .object(JSONObject([("model", modelName)] + own + (decodes ? decoding : []))),
            "required": .list(required.map(JSONValue.text)),
        ])
    }

    private var chatRequest: JSONValue {
        request(
            [
                "messages": Schema.list(
                    Schema.reference("ChatMessage"), least: 1, most: limits.messages,
                    "Turns, the user's last. At most \(limits.pictures) pictures in all"),
                "n": Schema.optional(
                    Schema.integer("Answers; above 1 with a temperature, or with as many beams", 1...limits.answers)),
                "stream": Schema.optional(Schema.flag()),
                "stream_options": Schema.optional(Schema.object(["include_usage": Schema.optional(Schema.flag())])),
                "logprobs": Schema.optional(Schema.flag()),
                "top_logprobs": Schema.optional(Schema.integer("With logprobs", 0...limits.topLogProbabilities)),
                "response_format": Schema.optional(Schema.object(["type": Schema.text(among: ["text"])], required: ["type"])),
            ], required: ["messages"], decodes: true)
    }

    private var message: JSONValue {
        Schema.object(
            [
                "role": Schema.text(among: ["system", "developer", "user", "assistant"]),
                "content": Schema.any([Schema.text(), Schema.list(Schema.reference("ContentPart"), most: limits.messages)]),
            ], required: ["role", "content"])
    }

    private var part: JSONValue {
        Schema.any([
            Schema.object(["type": Schema.text(among: ["text"]), "text": Schema.text()], required: ["type", "text"]),
            Schema.object(
                [
                    "type": Schema.text(among: ["image_url"]),
                    "image_url": Schema.any([
                        Schema.object(["url": Schema.reference("Picture"), "detail": .bool(true)], required: ["url"]),
                        Schema.reference("Picture"),
                    ]),
                ], required: ["type", "image_url"]),
        ])
    }

    private var picture: JSONValue {
        .record([
            "type": .text("string"), "minLength": .integer(1), "format": .text("uri"),
            "description": .text(
                "A JPEG, PNG, WebP or GIF picture as data:image/png;base64,...; also https: of allowed hosts, and file: in an allowed folder"
            ),
        ])
    }

    private var captionRequest: JSONValue {
        request(
            [
                "image": Schema.reference("Picture"),
                "prompt": Schema.optional(Schema.text("What is told with the picture; empty: the paper's prompt, or nothing for BLIP-2")),
            ], required: ["image"], decodes: true)
    }

    private var rankRequest: JSONValue {
        request(
            [
                "image": Schema.reference("Picture"), "prompt": Schema.text(),
                "candidates": Schema.list(Schema.text(least: 1, most: limits.candidateLength), least: 1, most: limits.candidates),
            ], required: ["image", "prompt", "candidates"])
    }

    private var heatmapRequest: JSONValue {
        request(
            [
                "image": Schema.reference("Picture"), "prompt": Schema.text(),
                "answer": Schema.optional(Schema.text()),
                "format": Schema.optional(Schema.text(among: HeatmapRequest.Format.allCases.map(\.rawValue))),
                "overlay": Schema.optional(Schema.flag("Over the picture, instead of a map that lets it through")),
            ], required: ["image", "prompt"])
    }

    private var embeddingsRequest: JSONValue {
        let content = Schema.object(
            ["content": Schema.list(Schema.reference("ContentPart"), least: 1, most: limits.messages)], required: ["content"])
        return request(
            [
                "input": Schema.any([
                    Schema.reference("Picture"),
                    Schema.list(Schema.any([Schema.reference("Picture"), content]), least: 1, most: limits.embeddings),
                ]), "encoding_format": Schema.optional(Schema.text(among: ["float", "base64"])),
            ], required: ["input"])
    }

    private var sceneRequest: JSONValue {
        Schema.object(
            [
                "seed": Schema.integer("Which scene", 0...Int.max),
                "size": Schema.optional(Schema.integer("Pixels a side", SceneRequest.sizes)),
                "clip": Schema.optional(Schema.flag("Four frames in which something happens")),
            ], required: ["seed"])
    }

    // MARK: Answering

    private var chatReply: JSONValue {
        let message = Schema.object(
            ["role": Schema.text(among: ["assistant"]), "content": Schema.text(), "refusal": .record(["type": .text("null")])],
            required: ["role", "content"])
        let logProbabilities = Schema.object([
            "content": Schema.list(Schema.reference("TokenProbability")), "refusal": .record(["type": .text("null")]),
        ])
        let choice = Schema.object(
            [
                "index": Schema.integer(), "message": message, "finish_reason": Schema.text(among: ["stop", "length"]),
                "logprobs": Schema.optional(logProbabilities),
            ], required: ["index", "message", "finish_reason", "logprobs"])
        return Schema.object(
            [
                "id": Schema.text(), "object": Schema.text(among: ["chat.completion"]), "created": Schema.integer(), "model": Schema.text(),
                "system_fingerprint": Schema.text(), "choices": Schema.list(choice, least: 1), "usage": Schema.reference("Usage"),
                "timings": Schema.reference("Timings"),
            ], required: ["id", "object", "created", "model", "choices", "usage", "timings"])
    }

    private var tokenProbability: JSONValue {
        Schema.object(
            [
                "token": Schema.text(), "logprob": Schema.number(), "bytes": Schema.list(Schema.integer(nil, 0...255)),
                "top_logprobs": Schema.list(Schema.reference("TokenProbability")),
            ], required: ["token", "logprob", "bytes"])
    }

    private var captionReply: JSONValue {
        Schema.object(
            [
                "object": Schema.text(among: ["caption"]), "model": Schema.text(), "caption": Schema.text(),
                "finish_reason": Schema.text(among: ["stop", "length"]), "usage": Schema.reference("Usage"),
                "timings": Schema.reference("Timings"),
            ], required: ["object", "model", "caption", "usage", "timings"])
    }

    private var rankReply: JSONValue {
        let candidate = Schema.object(
            [
                "text": Schema.text(), "index": Schema.integer("Its place in the request"), "logprob": Schema.number(),
                "probability": Schema.number("Its share among the candidates", 0...1),
            ], required: ["text", "index", "logprob", "probability"])
        return Schema.object(
            [
                "object": Schema.text(among: ["rank"]), "model": Schema.text(), "candidates": Schema.list(candidate, "The likeliest first"),
                "timings": Schema.reference("Timings"),
            ], required: ["object", "model", "candidates", "timings"])
    }

    private var heatmapReply: JSONValue {
        Schema.object(
            [
                "object": Schema.text(among: ["heatmap"]), "model": Schema.text(), "rows": Schema.integer(), "columns": Schema.integer(),
                "weights": Schema.list(Schema.list(Schema.number()), "Row by row"),
            ], required: ["object", "model", "rows", "columns", "weights"])
    }

    private var embeddingsReply: JSONValue {
        let embedding = Schema.object(
            [
                "object": Schema.text(among: ["embedding"]), "index": Schema.integer(),
                "embedding": Schema.any([Schema.list(Schema.number()), Schema.text("float32, little-endian, in base64")]),
            ], required: ["object", "index", "embedding"])
        return Schema.object(
            [
                "object": Schema.text(among: ["list"]), "model": Schema.text(), "data": Schema.list(embedding),
                "usage": Schema.object(["prompt_tokens": Schema.integer(), "total_tokens": Schema.integer()]),
            ], required: ["object", "model", "data", "usage"])
    }

    private var sceneReply: JSONValue {
        Schema.object(
            [
                "seed": Schema.integer(), "image": Schema.text("A data: address; of a scene"),
                "frames": Schema.list(Schema.text(), "data: addresses; of a clip"), "description": Schema.text(),
                "action": Schema.text("What happens in a clip"),
            ], required: ["seed", "description"])
    }

    private var model: JSONValue {
        let modalities = Schema.list(Schema.text(among: ["text", "image"]))
        return Schema.object(
            [
                "id": Schema.text(), "object": Schema.text(among: ["model"]), "created": Schema.integer(), "owned_by": Schema.text(),
                "architecture": Schema.object(["input_modalities": modalities, "output_modalities": modalities]),
                "meta": Schema.object(["loaded": Schema.flag()]),
            ], required: ["id", "object", "created", "owned_by"])
    }

    private var usage: JSONValue {
        Schema.object(
            [
                "prompt_tokens": Schema.integer(), "completion_tokens": Schema.integer(), "total_tokens": Schema.integer(),
                "prompt_tokens_details": Schema.object(["cached_tokens": Schema.integer()]),
            ], required: ["prompt_tokens", "completion_tokens", "total_tokens"])
    }

    private var timings: JSONValue {
        Schema.object([
            "queue_ms": Schema.number(), "image_ms": Schema.number(), "vision_ms": Schema.number(), "qformer_ms": Schema.number(),
            "prompt_n": Schema.integer(), "prompt_ms": Schema.number(), "predicted_n": Schema.integer(), "predicted_ms": Schema.number(),
            "predicted_per_second": Schema.number(),
        ])
    }

    private var error: JSONValue {
        let detail = Schema.object(
            [
                "message": Schema.text(), "type": Schema.text(), "param": Schema.optional(Schema.text("The field that is to blame")),
                "code": Schema.optional(Schema.text()),
            ], required: ["message", "type", "param", "code"])
        return Schema.object(["error": detail], required: ["error"])
    }
}
