import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Fetches one file into `blobs`, over as many connections as it takes.
struct FileFetch: Sendable {
    let client: HubClient
    let name: ModelName
    let commit: String
    let file: RemoteFile
    let blob: URL
    /// Told how many bytes of the file are on the disk; falls when the file is begun anew.
    let progress: @Sendable (Int) -> Void

    /// - Throws: ``HubError``, `CancellationError`. The partial file stays, unless its bytes proved to be wrong.
    func run() async throws {
        let url = try client.address(of: file, of: name, commit: commit)
        let partial = try await PartialFile.resume(blob.appendingPathExtension("incomplete"), size: file.size, digest: file.digest)
        let body = FileBody(partial, file: file, pieceBytes: client.settings.pieceBytes, progress: progress)
        progress(partial.count)
        var isSecondTry = false
        while true {
            try await fill(body, from: url)
            guard let found = partial.wrongHash() else { break }
            // Bytes of an earlier run, or of a connection that broke, may be to blame: once more, from the start.
            guard body.isPieced, !isSecondTry else {
                try partial.delete()
                throw HubError.wrongHash(file: file.path, expected: file.digest?.text ?? "", found: found)
            }
            isSecondTry = true
            try body.restart()
        }
        try partial.move(to: blob)
    }

    private func fill(_ body: FileBody, from url: URL) async throws {
        var failures = 0
        while !body.isFull {
            let before = body.mostBytes
            do {
                let response = try await client.exchange("GET", url, headers: body.nextHeaders(), receiver: body)
                switch response.statusCode {
                case 200, 206:
                    if file.size == nil { body.end() }
                    if !body.isFull, !body.hasPiece { throw URLError(.networkConnectionLost) }
                    failures = 0
                // The range begins behind the end of what the server has.
                case 416: try body.restart()
                default: throw client.refusal(response, name: name, file: file.path)
                }
                if response.statusCode == 416 { throw TemporaryRefusal(status: 416, url: HubClient.shown(url), wait: nil) }
            } catch let error as HubError {
                if case .wrongSize = error { try body.partial.delete() }
                throw error
            } catch {
                // A connection that brought something new is a fresh start; one without ranges that begins anew each time is not.
                failures = body.mostBytes > before ? 1 : failures + 1
                body.isPieced = body.isPieced || body.partial.count > 0
                try await client.pause(after: error, failures: failures, url: url)
            }
        }
    }
}

/// Writes a response into the partial file.
///
/// Unchecked: the session's queue writes while the task waits for it.
private final class FileBody: ResponseReceiver, @unchecked Sendable {
    let partial: PartialFile
    private let file: RemoteFile
    private let progress: @Sendable (Int) -> Void
    /// The tag of the bytes that are in the file: a server that has other bytes by now sends them all.
    private var tag: String?
    /// Whether bytes of an earlier run, or of a connection that broke, are in the file.
    var isPieced: Bool
    private(set) var mostBytes: Int
    private var hasEnded = false
    private let pieceBytes: Int
    private var pieceEnd: Int?

    init(_ partial: PartialFile, file: RemoteFile, pieceBytes: Int, progress: @escaping @Sendable (Int) -> Void) {
        self.partial = partial
        self.file = file
        self.pieceBytes = max(1, pieceBytes)
        self.progress = progress
        isPieced = partial.count > 0
        mostBytes = partial.count
    }

    var isFull: Bool { file.size.map { partial.count >= $0 } ?? hasEnded }

    /// For files of unknown size: the end of a body that came to its end.
    func end() { hasEnded = true }

    /// The next piece: all of it, the rest, or a part.
    func nextHeaders() -> [String: String] {
        let start = partial.count
        let (end, isBeyond) = start.addingReportingOverflow(pieceBytes)
        pieceEnd = if let size = file.size, !isBeyond, end < size { end } else { nil }
        guard start > 0 || pieceEnd != nil else { return [:] }
        var headers = ["Range": "bytes=\(start)-" + (pieceEnd.map { String($0 - 1) } ?? "")]
        if start > 0 { headers["If-Range"] = tag }
        return headers
    }

    func restart() throws {
        try partial.restart()
        tag = nil
        isPieced = false
        hasEnded = false
        progress(0)
    }

    /// Whether all that was asked for has come.
    var hasPiece: Bool { pieceEnd == partial.count }

    func begin(_ response: HTTPURLResponse) throws -> Bool {
        switch response.statusCode {
        case 200:
            try check(total: response.value(forHTTPHeaderField: "Content-Length").flatMap { Int($0) })
            // The whole file, asked for or not.
            if partial.count > 0 { try restart() }
            tag = strongTag(response)
            return true
        case 206:
            let url = response.url.map(HubClient.shown) ?? file.path
            guard let range = ContentRange(response.value(forHTTPHeaderField: "Content-Range")), range.start == partial.count else {
                throw HubError.badAnswer(url: url, reason: "the part that came is not the part that was asked for")
            }
            try check(total: range.total)
            if let tag, let new = strongTag(response), tag != new {
                // It should have sent everything. The next request, without a range, makes it.
                try restart()
                return false
            }
            tag = strongTag(response)
            return true
        default: return false
        }
    }

    func receive(_ data: Data) throws {
        if let size = file.size, partial.count + data.count > size {
            throw HubError.wrongSize(file: file.path, expected: size, found: partial.count + data.count)
        }
        try partial.append(data)
        mostBytes = max(mostBytes, partial.count)
        progress(partial.count)
    }

    private func check(total: Int?) throws {
        if let size = file.size, let total, total != size { throw HubError.wrongSize(file: file.path, expected: size, found: total) }
    }

    /// Weak tags do not promise the same bytes.
    private func strongTag(_ response: HTTPURLResponse) -> String? {
        response.value(forHTTPHeaderField: "ETag").flatMap { $0.hasPrefix("\"") ? $0 : nil }
    }
}

/// `bytes 100-199/200`
struct ContentRange: Equatable {
    let start: Int
    /// Nil when the server does not know.
    let total: Int?

    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes "), let slash = text.firstIndex(of: "/"), let dash = text.firstIndex(of: "-"), dash < slash,
            let start = Int(text[..<dash].dropFirst("bytes ".count)), start >= 0
        else { return nil }
        self.start = start
        total = Int(text[text.index(after: slash)...])
    }
}
