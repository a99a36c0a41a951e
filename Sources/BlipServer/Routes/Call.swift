import Blip
import BlipJSON
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What Hummingbird knows of a request besides the request.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// One request on its way to an answer.
struct Call: Sendable {
    let server: BlipServer
    let request: Request
    let channel: any Channel
    /// What the log and the answer call it.
    let id: String
    let start = ContinuousClock.now
    /// What the route's pattern stands for, as a model's name.
    var tail = ""
    let logger: Logger

    var limits: ServerLimits { server.settings.limits }
    var deadline: ContinuousClock.Instant { start + .seconds(limits.requestTime) }
    var seconds: Double { start.duration(to: .now) / .seconds(1) }

    init(_ server: BlipServer, _ request: Request, _ channel: any Channel) {
        (self.server, self.request, self.channel) = (server, request, channel)
        id = Self.id(request.headers[.requestID])
        var logger = server.logger
        logger[metadataKey: "id"] = "\(id)"
        self.logger = logger
    }

    /// A client may name its request; what could deceive a reader of the log is not taken.
    private static func id(_ given: String?) -> String {
        if let given, (1...64).contains(given.utf8.count), given.utf8.allSatisfy(isPlain) { return given }
        return String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 95 || byte == 46
    }

    /// The JSON of the body, and the room it takes.
    func json() async throws -> (JSONValue, Budget.Lease) {
        let type = request.headers[.contentType]?.lowercased().prefix { $0 != ";" } ?? ""
        guard type.trimmingPrefix(" ") == "application/json" || type.hasSuffix("+json") else { throw Refusal.notJSON }
        let (bytes, lease) = try await body()
        do {
            let value = try bytes.withUnsafeReadableBytes {
                try JSONValue(parsing: $0, maximumDepth: limits.jsonDepth, maximumValues: limits.jsonValues)
            }
            return (value, lease)
        } catch let error as JSONError { throw Refusal.badJSON(Self.reason(error)) }
    }

    private func body() async throws -> (ByteBuffer, Budget.Lease) {
        let tooLarge = Refusal.tooLarge("the body has more than \(limits.bodyBytes) bytes; send less, for example smaller pictures")
        let full = Refusal.busy("other requests take all the room there is; ask again later", code: "bodies_full")
        // A length that fits no number is too large, too.
        if let length = request.headers[.contentLength], Int(length) ?? .max > limits.bodyBytes { throw tooLarge }
        guard let lease = server.bodies.reserve(0) else { throw full }
        let (body, limit) = (request.body, limits.bodyBytes)
        do {
            let bytes = try await server.clock.within(limits.bodyTime) {
                var bytes = ByteBuffer()
                for try await var part in body {
                    guard bytes.readableBytes + part.readableBytes <= limit else { throw tooLarge }
                    guard lease.grow(by: part.readableBytes) else { throw full }
                    bytes.writeBuffer(&part)
                }
                return bytes
            }
            return (bytes, lease)
        } catch is TimeIsOver { throw Refusal.slowBody }
    }

    /// Without words of the body, which may be anybody's.
    private static func reason(_ error: JSONError) -> String {
        if case .duplicateKey(let offset, _) = error { return "an object names a member twice (second time at byte \(offset))" }
        return "\(error)"
    }
}

extension HTTPField.Name {
    /// These names are right, so that none is ever missing.
    static let requestID = HTTPField.Name("X-Request-Id") ?? .via
    static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .via
    static let buffering = HTTPField.Name("X-Accel-Buffering") ?? .via
}

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.compact)))
    }
}

extension Refusal {
    var json: JSONValue {
        .record([
            "error": .record([
                "message": .text(message), "type": .text(type), "param": param.map(JSONValue.text) ?? .null,
                "code": code.map(JSONValue.text) ?? .null,
            ])
        ])
    }

    var body: [UInt8] { json.compact }

    var response: Response {
        var response = Response.json(json, status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if let allow { response.headers[.allow] = allow }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
