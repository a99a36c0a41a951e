import Blip
import BlipJSON
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// How the server is.
enum StatusRoutes {
    /// Whether questions are answered: 503 before the usual model is open, and when the server is about to stop.
    static func health(_ call: Call) async throws -> Response {
        if call.server.isDraining { throw Refusal.draining }
        guard call.server.shelf.isReady else { throw Refusal.loading }
        return .json(.record(["status": .text("ok")]))
    }

    static func version(_ call: Call) async throws -> Response {
        .json(.record(["name": .text("swift-instructblip"), "version": .text(BlipServer.version)]))
    }

    static func metrics(_ call: Call) async throws -> Response {
        let server = call.server
        let models = server.shelf.open.map { (name: $0.name, statistics: $0.scheduler.statistics) }
        let text = server.book.text(models, isReady: server.shelf.isReady && !server.isDraining, connections: server.watches.count)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func openAPI(_ call: Call) async throws -> Response { .json(OpenAPI(call.server.settings).document) }
}

/// The models there are.
enum ModelRoutes {
    static func list(_ call: Call) async throws -> Response {
        .json(.record(["object": .text("list"), "data": .list(call.server.shelf.names.map { model($0, call) })]))
    }

    static func show(_ call: Call) async throws -> Response {
        guard call.server.shelf.names.contains(call.tail) else { throw Refusal.unknownModel(call.tail) }
        return .json(model(call.tail, call))
    }

    private static func model(_ name: String, _ call: Call) -> JSONValue {
        let shelf = call.server.shelf
        return .record([
            "id": .text(name), "object": .text("model"), "created": .integer(Int(shelf.started.timeIntervalSince1970)),
            "owned_by": .text("swift-instructblip"),
            "architecture": .record([
                "input_modalities": .list(["text", "image"].map(JSONValue.text)), "output_modalities": .list([.text("text")]),
            ]),
            "meta": .record(["loaded": .bool(shelf.open.contains { $0.name == name })]),
        ])
    }
}
