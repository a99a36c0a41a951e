import Crypto
import Foundation

/// A repository as the hub shows it: the listing, and the files with ranges, tags and hashes.
public struct FakeRepository: Sendable {
    public var name = "Org/tiny-model"
    public var commit = "0123456789abcdef0123456789abcdef01234567"
    public var revision = "main"
    public var files: [String: Data]
    /// Whether the server knows ranges.
    public var hasRanges = true
    /// Where the large files are; nil: on the hub itself.
    public var store: URL?
    /// Without it, the listing is that of a simple mirror: names only.
    public var listsHashes = true
    /// Names put into the listing though nothing stands behind them.
    public var listedNames: [String] = []

    public init(_ files: [String: Data] = FakeRepository.tiny) { self.files = files }

    /// The files of a small checkpoint, and some that nobody needs. `Scripts/fixtures/hub_cache.py` makes the same.
    public static let tiny: [String: Data] = [
        "config.json": Data(#"{"model_type": "instructblip"}"#.utf8),
        "generation_config.json": Data("{}".utf8),
        "preprocessor_config.json": Data(#"{"size": 224}"#.utf8),
        "tokenizer.json": Data(#"{"version": "1.0"}"#.utf8),
        "qformer_tokenizer/tokenizer.json": Data(#"{"version": "2.0"}"#.utf8),
        "qformer_tokenizer/vocab.txt": Data("[PAD]\n[UNK]\n".utf8),
        "model.safetensors": pattern(200_000),
        "pytorch_model.bin": pattern(1000),
        "flax_model.msgpack": pattern(1001),
        "tf_model.h5": pattern(1002),
        "README.md": Data("# A model\n".utf8),
    ]

    /// Bytes that differ from place to place.
    public static func pattern(_ count: Int) -> Data {
        Data((0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8)) })
    }

    public static func sha256(_ data: Data) -> String { SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined() }

    public static func gitBlob(_ data: Data) -> String {
        Insecure.SHA1.hash(data: Data("blob \(data.count)\0".utf8) + data).map { String(format: "%02x", $0) }.joined()
    }

    /// Weights are kept as large files, as on the hub.
    public static func isLarge(_ path: String) -> Bool {
        [".safetensors", ".bin", ".msgpack", ".h5"].contains { path.hasSuffix($0) }
    }

    /// The name of a file's blob.
    public func blob(_ path: String) -> String {
        let data = files[path] ?? Data()
        return Self.isLarge(path) ? Self.sha256(data) : Self.gitBlob(data)
    }

    public func reply(to request: TestServer.Request) -> TestServer.Reply {
        let api = "/api/models/\(name)/revision/"
        let resolve = "/\(name)/resolve/\(commit)/"
        if request.path == api + revision || request.path == api + commit { return listing }
        if request.path.hasPrefix("/api/models/\(name)/") {
            return TestServer.Reply(404, headers: ["X-Error-Code": "RevisionNotFound"])
        }
        if request.path.hasPrefix(resolve) { return file(String(request.path.dropFirst(resolve.count)), request) }
        if request.path.hasPrefix("/store/") { return content(String(request.path.dropFirst("/store/".count)), request) }
        return TestServer.Reply(404, headers: ["X-Error-Code": "RepoNotFound"])
    }

    public var listing: TestServer.Reply {
        var siblings: [[String: Any]] = files.keys.sorted().map { path in
            let data = files[path] ?? Data()
            guard listsHashes else { return ["rfilename": path] }
            guard Self.isLarge(path) else { return ["rfilename": path, "size": data.count, "blobId": Self.gitBlob(data)] }
            let large: [String: Any] = ["sha256": Self.sha256(data), "size": data.count, "pointerSize": 134]
            return ["rfilename": path, "size": data.count, "blobId": String(repeating: "a", count: 40), "lfs": large]
        }
        siblings += listedNames.map { ["rfilename": $0] }
        let body = try? JSONSerialization.data(withJSONObject: ["id": name, "sha": commit, "siblings": siblings] as [String: Any])
        return TestServer.Reply(200, headers: ["Content-Type": "application/json"], body: body ?? Data())
    }

    private func file(_ path: String, _ request: TestServer.Request) -> TestServer.Reply {
        guard let data = files[path] else { return TestServer.Reply(404, headers: ["X-Error-Code": "EntryNotFound"]) }
        guard let store, Self.isLarge(path) else { return content(path, request) }
        return TestServer.Reply(
            302,
            headers: [
                "Location": store.absoluteString + "/store/" + path, "X-Linked-Etag": "\"\(Self.sha256(data))\"",
                "X-Linked-Size": "\(data.count)", "X-Repo-Commit": commit,
            ])
    }

    public func content(_ path: String, _ request: TestServer.Request) -> TestServer.Reply {
        guard let data = files[path] else { return TestServer.Reply(404, headers: ["X-Error-Code": "EntryNotFound"]) }
        let tag = "\"\(blob(path))\""
        var reply = TestServer.Reply(200, headers: ["ETag": tag, "X-Repo-Commit": commit], body: data)
        if Self.isLarge(path) { reply.headers["X-Linked-Etag"] = tag }
        guard hasRanges, let start = request.rangeStart, request.headers["if-range"].map({ $0 == tag }) ?? true else { return reply }
        guard start < data.count else {
            return TestServer.Reply(416, headers: ["Content-Range": "bytes */\(data.count)"])
        }
        reply.status = 206
        let end = min(data.count, max(request.rangeEnd ?? data.count, start + 1))
        reply.headers["Content-Range"] = "bytes \(start)-\(end - 1)/\(data.count)"
        reply.body = data[start..<end]
        return reply
    }
}
