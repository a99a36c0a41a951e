import Foundation
import HTTPTypes
import Hummingbird

/// A place of the server, and what happens there.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// As the OpenAPI document writes it; `{...}` at the end stands for all that follows, slashes too.
    let pattern: String
    /// Whether it needs no key.
    let isOpen: Bool
    let handler: @Sendable (Call) async throws -> Response

    init(
        _ method: HTTPRequest.Method, _ pattern: String, isOpen: Bool = false,
        _ handler: @escaping @Sendable (Call) async throws -> Response
    ) {
        (self.method, self.pattern, self.isOpen, self.handler) = (method, pattern, isOpen, handler)
    }

    /// What the pattern stands for in a path; nil where it does not fit, empty where it stands for nothing.
    func tail(of path: String) -> String? {
        guard let brace = pattern.firstIndex(of: "{") else { return path == pattern ? "" : nil }
        let head = pattern[..<brace]
        guard path.hasPrefix(head), path.count > head.count else { return nil }
        return String(path.dropFirst(head.count)).removingPercentEncoding
    }

    private static func file(_ name: String, _ call: Call) throws -> Response {
        guard let page = call.server.page else { throw Refusal.notFound }
        return try page.response(name)
    }

    /// All there are. What needs no key carries nobody's data.
    static func all(_ settings: ServerSettings) -> [Route] {
        let page = [
            Route(.get, "/", isOpen: true) { try file(PageFiles.index, $0) },
            Route(.get, "/page/{name}", isOpen: true) { try file($0.tail, $0) },
            Route(.post, "/v1/scene", SceneRoute.draw),
        ]
        return [
            Route(.post, "/v1/chat/completions", ChatRoute.answer),
            Route(.post, "/v1/caption", CaptionRoute.caption),
            Route(.post, "/v1/rank", RankRoute.rank),
            Route(.post, "/v1/heatmap", HeatmapRoute.draw),
            Route(.post, "/v1/embeddings", EmbeddingsRoute.embed),
            Route(.get, "/v1/models", ModelRoutes.list),
            Route(.get, "/v1/models/{model}", ModelRoutes.show),
            Route(.get, "/health", isOpen: true, StatusRoutes.health),
            Route(.get, "/v1/health", isOpen: true, StatusRoutes.health),
            Route(.get, "/version", StatusRoutes.version),
            Route(.get, "/metrics", StatusRoutes.metrics),
            Route(.get, "/openapi.json", StatusRoutes.openAPI),
        ] + (settings.servesPage ? page : [])
    }
}
