import Blip
import BlipImages
import BlipJSON
import BlipSceneModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

@testable import BlipServer

/// A server with the model built in, asked through its router or a real socket.
enum TestServer {
    /// Opened once for all tests.
    static let assistant = Task { try await Assistant.open(SceneModel.folder()) }

    static var quiet: Logger {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return logger
    }

    static func make(
        models: [String] = ["scenes"], resolver: HostResolver = .system, _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> BlipServer {
        var settings = ServerSettings()
        // All tests share one model, and wait for each other.
        (settings.limits.loadWait, settings.limits.headerTime) = (3600, 120)
        change(&settings)
        let folder = try SceneModel.folder()
        return try BlipServer(settings, models.map { ModelSpecification(name: $0, folder: folder) }, quiet, resolver: resolver) { _ in
            try await assistant.value
        }
    }

    /// Asks the router of a server whose model is open.
    static func ask<Value>(
        _ server: BlipServer? = nil, _ test: @Sendable (any TestClientProtocol) async throws -> Value
    ) async throws -> Value {
        let server = try server ?? make()
        try await server.shelf.start()
        return try await server.application().test(.router, test)
    }

    /// A scene of 96 pixels, as PNG and as an address.
    static let scene: [UInt8] = {
        let pixels = (0..<96 * 96).flatMap { place -> [UInt8] in
            let (x, y) = (place % 96, place / 96)
            return (x - 48) * (x - 48) + (y - 48) * (y - 48) < 500 ? [200, 30, 30] : [40, 120, 200]
        }
        do { return [UInt8](try RGBImage(width: 96, height: 96, pixels: pixels).pngData()) } catch { return [] }
    }()

    static let address = address(of: scene)

    static func address(of picture: [UInt8]) -> String { "data:image/png;base64," + Data(picture).base64EncodedString() }

    /// The body of a chat request.
    static func chat(_ text: String, picture: String? = address, _ more: String = "") -> String {
        let image = picture.map { #","# + #"{"type":"image_url","image_url":{"url":"\#($0)"}}"# } ?? ""
        let fields = more.isEmpty ? "" : "," + more
        return #"{"messages":[{"role":"user","content":[{"type":"text","text":"\#(text)"}\#(image)]}]\#(fields)}"#
    }
}

/// What was answered.
struct Reply {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue { get throws { try JSONValue(parsing: bytes) } }

    /// A member by its path, as `error.param`; numbers count elements.
    func member(_ path: String) throws -> JSONValue? {
        try path.split(separator: ".").reduce(json) { value, name in
            if let place = Int(name), let list = value?.array { return list.indices.contains(place) ? list[place] : nil }
            return value?[JSONString(stringLiteral: String(name))]
        }
    }

    func string(_ path: String) throws -> String? { try member(path)?.string }

    /// The data lines of a stream.
    var events: [String] {
        text.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }
}

extension TestClientProtocol {
    func get(_ path: String, _ headers: HTTPFields = [:], method: HTTPRequest.Method = .get) async throws -> Reply {
        let response = try await executeRequest(uri: path, method: method, headers: headers, body: nil)
        return Reply(status: response.status.code, headers: response.headers, bytes: Array(response.body.readableBytesView))
    }

    func post(_ path: String, _ body: String, _ headers: HTTPFields = [.contentType: "application/json"]) async throws -> Reply {
        let response = try await executeRequest(uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
        return Reply(status: response.status.code, headers: response.headers, bytes: Array(response.body.readableBytesView))
    }

    func chat(_ body: String) async throws -> Reply { try await post("/v1/chat/completions", body) }
}
