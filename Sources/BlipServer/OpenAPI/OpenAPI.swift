import BlipJSON

/// The OpenAPI 3.1 document of what a server with these settings serves; its numbers are those of ``ServerLimits``.
struct OpenAPI: Sendable {
    let settings: ServerSettings
    private var limits: ServerLimits { settings.limits }

    init(_ settings: ServerSettings) { self.settings = settings }

    var document: JSONValue {
        var paths: [(key: JSONString, value: JSONValue)] = [
            ("/v1/chat/completions", .record(["post": chat])), ("/v1/caption", .record(["post": caption])),
            ("/v1/rank", .record(["post": rank])), ("/v1/heatmap", .record(["post": heatmap])),
            ("/v1/embeddings", .record(["post": embeddings])), ("/v1/models", .record(["get": models])),
            ("/v1/models/{model}", .record(["get": model])), ("/health", .record(["get": health("health")])),
            ("/v1/health", .record(["get": health("health_v1")])), ("/version", .record(["get": version])),
            ("/metrics", .record(["get": metrics])), ("/openapi.json", .record(["get": itself])),
        ]
        if settings.servesPage { paths.append(("/v1/scene", .record(["post": scene]))) }
        return .record([
            "openapi": .text("3.1.0"),
            "info": .record([
                "title": .text("swift-instructblip"), "version": .text(BlipServer.version),
                "description": .text("Answers instructions about pictures with InstructBLIP and BLIP-2, as OpenAI's chat completions do."),
                "license": .record(["name": .text("Apache-2.0"), "identifier": .text("Apache-2.0")]),
            ]),
            "servers": .list([.record(["url": .text("/")])]),
            "security": settings.keys.isOpen ? nil : .list([.record(["key": .array([])])]),
            "paths": .object(JSONObject(paths)),
            "components": .record([
                "schemas": OpenAPISchemas(limits).all, "responses": refusals,
                "securitySchemes": .record(["key": .record(["type": .text("http"), "scheme": .text("bearer")])]),
            ]),
        ])
    }

    // MARK: Routes

    private var chat: JSONValue {
        operation(
            "chat", "Answer an instruction about pictures", body: "ChatRequest",
            .record([
                "application/json": .record(["schema": Schema.reference("ChatReply")]),
                "text/event-stream": .record(["schema": Schema.text("With stream: chunks as lines data: {...}, then data: [DONE]")]),
            ]))
    }

    private var caption: JSONValue { operation("caption", "Describe a picture", body: "CaptionRequest", json("CaptionReply")) }

    private var rank: JSONValue {
        operation("rank", "Rank candidate answers by how likely they are", body: "RankRequest", json("RankReply"))
    }

    private var heatmap: JSONValue {
        operation(
            "heatmap", "Where the Q-Former looks while it reads an instruction, or where it found what an answer rests on",
            body: "HeatmapRequest",
            .record([
                "image/png": .record(["schema": .record(["type": .text("string"), "contentMediaType": .text("image/png")])]),
                "application/json": .record(["schema": Schema.reference("HeatmapReply")]),
            ]))
    }

    private var embeddings: JSONValue {
        operation("embeddings", "Pictures as vectors, with an instruction or without", body: "EmbeddingsRequest", json("EmbeddingsReply"))
    }

    private var scene: JSONValue { operation("scene", "Draw a scene of the built-in world", body: "SceneRequest", json("SceneReply")) }

    private var models: JSONValue { operation("models", "The models by name", json("ModelList")) }

    private var model: JSONValue {
        operation(
            "model", "One model", json("Model"),
            parameters: [
                .record([
                    "name": .text("model"), "in": .text("path"), "required": .bool(true), "schema": Schema.text(least: 1),
                    "description": .text("The model's name; it may have slashes"),
                ])
            ])
    }

    private func health(_ id: String) -> JSONValue {
        operation(
            id, "200 where questions are answered; 503 while the model is being opened, and when the server stops", json("Health"),
            isOpen: true)
    }

    private var version: JSONValue { operation("version", "The server's version", json("Version")) }

    private var metrics: JSONValue {
        operation("metrics", "Counts and times, in Prometheus's text format", .record(["text/plain": .record(["schema": Schema.text()])]))
    }

    private var itself: JSONValue {
        operation("openapi", "This document", .record(["application/json": .record(["schema": Schema.object([:])])]))
    }

    // MARK: Parts

    private func json(_ name: String) -> JSONValue { .record(["application/json": .record(["schema": Schema.reference(name)])]) }

    private func operation(
        _ id: String, _ summary: String, body: String? = nil, _ content: JSONValue, parameters: [JSONValue] = [], isOpen: Bool = false
    ) -> JSONValue {
        var responses: [(key: JSONString, value: JSONValue)] = [
            ("200", .record(["description": .text("Done"), "headers": headers, "content": content]))
        ]
        for status in statuses(hasBody: body != nil, hasParameter: !parameters.isEmpty) {
            responses.append((JSONString(stringLiteral: status), .record(["$ref": .text("#/components/responses/\(status)")])))
        }
        return .record([
            "operationId": .text(id), "summary": .text(summary), "parameters": parameters.isEmpty ? nil : .array(parameters),
            "security": isOpen && !settings.keys.isOpen ? .array([]) : nil,
            "requestBody": body.map { .record(["required": .bool(true), "content": json($0)]) },
            "responses": .object(JSONObject(responses)),
        ])
    }

    /// What any route may refuse, and what only those with a body can.
    private func statuses(hasBody: Bool, hasParameter: Bool) -> [String] {
        ["400", "401", "403"] + (hasBody || hasParameter ? ["404"] : []) + ["405"] + (hasBody ? ["408", "413", "415", "429"] : [])
            + ["431", "500", "503"] + (hasBody ? ["504"] : [])
    }

    private var headers: JSONValue {
        .record(["X-Request-Id": .record(["description": .text("What the server's log calls the request"), "schema": Schema.text()])])
    }

    private static let meanings: [(status: String, meaning: String)] = [
        ("400", "The request is wrong; param names the field"), ("401", "No key, or a wrong one"),
        ("403", "Asked under a name, or from a page, that is not allowed"), ("404", "No such model, or nothing at this address"),
        ("405", "The address takes other methods; Allow names them"), ("408", "The body came too slowly"),
        ("413", "The body or a picture is too large"), ("415", "The body is not JSON, or the picture of an unknown kind"),
        ("429", "Too much is being done; Retry-After says when to ask again"), ("431", "The header is too large"),
        ("500", "Something went wrong inside"),
        ("503", "The model is being opened, or the server stops; Retry-After says when to ask again"),
        ("504", "The time for the request is over"),
    ]

    private var refusals: JSONValue {
        .object(
            JSONObject(
                Self.meanings.map { status, meaning in
                    (
                        key: JSONString(stringLiteral: status),
                        value: .record([
                            "description": .text(meaning), "headers": headers,
                            "content": .record(["application/json": .record(["schema": Schema.reference("Error")])]),
                        ])
                    )
                }))
    }
}
