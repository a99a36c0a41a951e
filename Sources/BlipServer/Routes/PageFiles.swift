import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The page's files, read once: no address of a request ever becomes a path.
struct PageFiles: Sendable {
    private struct File {
        let type: String
        let bytes: ByteBuffer
    }

    private let files: [String: File]
    static let index = "index.html"

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
        "png": "image/png", "json": "application/json", "ico": "image/x-icon", "webmanifest": "application/manifest+json",
    ]

    /// - Throws: ``ServerError/pageMissing(bundle:program:)``.
    init() throws {
        let bundles = ["swift-instructblip_BlipServer.resources", "swift-instructblip_BlipServer.bundle"]
        let places = [Bundle.main.bundleURL, Bundle.main.resourceURL].compactMap(\.self)
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Page")
        let candidates = places.flatMap { place in bundles.map { place.appendingPathComponent("\($0)/Page") } } + [sources]
        // `Bundle.module` would end the program where there is none.
        guard let folder = candidates.first(where: { FileManager.default.fileExists(atPath: $0.appendingPathComponent(Self.index).path) })
        else {
            throw ServerError.pageMissing(bundle: bundles[0], program: places.first?.path ?? "")
        }
        var files: [String: File] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let file = folder.appendingPathComponent(name)
            guard let type = Self.types[file.pathExtension.lowercased()] else { continue }
            files[name] = File(type: type, bytes: ByteBuffer(bytes: try Data(contentsOf: file)))
        }
        self.files = files
    }

    /// - Parameter name: a file's name, without folders.
    func response(_ name: String) throws -> Response {
        guard let file = files[name] else { throw Refusal.notFound }
        return Response(
            status: .ok, headers: [.contentType: file.type, .cacheControl: "no-cache", .contentSecurityPolicy: Self.policy],
            body: ResponseBody(byteBuffer: file.bytes))
    }

    /// Nothing from elsewhere, nothing written into the page itself, and no frame around it.
    private static let policy = """
        default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; connect-src 'self'; \
        object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """
}
