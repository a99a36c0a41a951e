import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Leads a request to its route, through every check that all routes share, and turns whatever goes wrong into an answer.
struct ServerResponder: HTTPResponder {
    typealias Context = ServerContext

    let server: BlipServer
    private let routes: [Route]

    init(_ server: BlipServer) {
        self.server = server
        routes = Route.all(server.settings)
    }

    func respond(to request: Request, context: ServerContext) async -> Response {
        let call = Call(server, request, context.channel)
        let path = request.uri.path
        let places = routes.compactMap { route in route.tail(of: path).map { (route: route, tail: $0) } }
        let route = places.first { $0.route.method == request.method || ($0.route.method == .get && request.method == .head) }
        let handler = (route ?? places.first)?.route.pattern ?? "none"
        var response: Response
        do {
            try admit(request, isOpen: (route ?? places.first)?.route.isOpen ?? false)
            guard let route else {
                throw places.isEmpty ? Refusal.notFound : Refusal.wrongMethod(places.map(\.route.method.rawValue))
            }
            response = try await server.watches.whileConnected(context.channel) {
                var call = call
                call.tail = route.tail
                return try await route.route.handler(call)
            }
        } catch {
            response = refuse(error, call)
        }
        // A body behind an answer to HEAD, a refusal's too, would be read as the next answer.
        if request.method == .head { response = response.createHeadResponse() }
        finish(&response, call, handler)
        return response
    }

    /// Who may come in at all.
    private func admit(_ request: Request, isOpen: Bool) throws {
        let authority = request.head.authority
        guard server.hosts.admits(authority) else {
            throw Refusal(
                .forbidden, "permission_error", "the server is not known by this name; ask for localhost, or have the name allowed",
                code: "host_not_allowed")
        }
        guard server.hosts.admits(origin: request.headers[.origin], authority: authority) else {
            throw Refusal(
                .forbidden, "permission_error", "pages of other places may not use this server", code: "origin_not_allowed")
        }
        guard isOpen || server.settings.keys.admit(request.headers[.authorization]) else { throw Refusal.badKey }
    }

    private func refuse(_ error: any Error, _ call: Call) -> Response {
        let refusal: Refusal
        switch error {
        case is CancellationError:
            // Nobody will read it, but the log and the metrics have it.
            refusal = Refusal(
                HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"), "api_error", "the client has gone",
                code: "client_closed")
        case is TimeIsOver: refusal = .late
        default: refusal = Refusal(error)
        }
        if refusal.status.code >= 500, refusal.status != .serviceUnavailable {
            call.logger.error("request failed", metadata: ["error": "\(error)"])
        }
        server.book.count("rejected_requests_total", [("reason", refusal.code ?? "invalid")])
        return refusal.response
    }

    /// What every answer carries, and what is written down of it.
    private func finish(_ response: inout Response, _ call: Call, _ handler: String) {
        response.headers[.requestID] = call.id
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "no-referrer"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        // What is left of a body that nobody wants is not worth reading.
        let isLong =
            call.request.headers[.contentLength].flatMap { Int($0) }.map { $0 > 1 << 20 }
            ?? (call.request.headers[.transferEncoding] != nil)
        if response.status == .requestTimeout || (response.status.code >= 400 && isLong) { response.headers[.connection] = "close" }
        let method = ["GET", "POST", "HEAD"].contains(call.request.method.rawValue) ? call.request.method.rawValue : "other"
        server.book.request(handler: handler, method: method, status: response.status.code, seconds: call.seconds)
        call.logger.info(
            "request",
            metadata: [
                "method": "\(method)", "route": "\(handler)", "status": "\(response.status.code)", "ms": "\(Int(call.seconds * 1000))",
            ])
    }
}
