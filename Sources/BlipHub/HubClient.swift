import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Requests to one hub: addresses, the token, redirects, and what an error status means.
struct HubClient: Sendable {
    static let maximumRedirects = 8

    let settings: HubSettings
    let transport: Transport

    init(_ settings: HubSettings) {
        self.settings = settings
        transport = Transport(idleTimeout: settings.idleTimeout)
    }

    /// `GET /api/models/NAME/revision/REVISION?blobs=true`
    func listing(of name: ModelName) async throws -> RepositoryListing {
        let revision = name.revision ?? ModelName.defaultRevision
        let url = try address("/api/models/\(Self.escape(name.repository))/revision/\(Self.escape(revision, keeping: ""))?blobs=true")
        return try await retrying(url) {
            let body = BufferedBody(limit: 32 << 20, url: url.absoluteString)
            let response = try await exchange("GET", url, receiver: body)
            guard response.statusCode == 200 else { throw refusal(response, name: name, file: nil) }
            return try RepositoryListing(body.bytes, url: url.absoluteString)
        }
    }

    /// What `HEAD` says about a file, for hubs that list no hashes.
    func complete(_ file: RemoteFile, of name: ModelName, commit: String) async throws -> RemoteFile {
        let url = try address(of: file, of: name, commit: commit)
        return try await retrying(url) {
            // Only the endpoint's own answer counts: behind a redirect to another host stands a store with other names for the file.
            let response = try await exchange("HEAD", url, receiver: NoBody(), followsToOtherHosts: false)
            guard (200..<400).contains(response.statusCode) else { throw refusal(response, name: name, file: file.path) }
            var file = file
            let linked = response.value(forHTTPHeaderField: "X-Linked-Etag")
            guard let tag = (linked ?? response.value(forHTTPHeaderField: "ETag")).map(Self.plain), Self.isBlobName(tag) else {
                throw HubError.badAnswer(url: url.absoluteString, reason: "there is no usable ETag")
            }
            file.blobName = tag
            if linked != nil, Checksum.isHexadecimal(tag, count: 64) { file.digest = .sha256(tag) }
            let length =
                response.value(forHTTPHeaderField: "X-Linked-Size")
                ?? (response.statusCode == 200 ? response.value(forHTTPHeaderField: "Content-Length") : nil)
            if file.size == nil, let size = length.flatMap({ Int($0) }), size >= 0 { file.size = size }
            return file
        }
    }

    func address(of file: RemoteFile, of name: ModelName, commit: String) throws -> URL {
        try address("/\(Self.escape(name.repository))/resolve/\(commit)/\(Self.escape(file.path))")
    }

    // MARK: One exchange

    /// Sends a request and follows its redirects, each of them checked.
    func exchange(
        _ method: String, _ url: URL, headers: [String: String] = [:], receiver: any ResponseReceiver, followsToOtherHosts: Bool = true
    ) async throws -> HTTPURLResponse {
        var url = url
        for _ in 0...Self.maximumRedirects {
            var request = URLRequest(url: url)
            request.httpMethod = method
            request.setValue("instructblip/0.1", forHTTPHeaderField: "User-Agent")
            // Sizes, hashes and ranges are those of the file itself.
            request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
            for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
            if let token = settings.token, isEndpoint(url) { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let response = try await transport.send(request, to: receiver)
            guard Self.isRedirect(response.statusCode), let target = response.value(forHTTPHeaderField: "Location") else { return response }
            let next = try redirect(from: url, to: target)
            if !followsToOtherHosts, !isEndpoint(next) { return response }
            url = next
        }
        throw HubError.badRedirect(
            url: Self.shown(url), target: "yet another address", reason: "more than \(Self.maximumRedirects) redirects")
    }

    static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    private func redirect(from url: URL, to target: String) throws -> URL {
        func refuse(_ reason: String) -> HubError {
            .badRedirect(url: Self.shown(url), target: String(target.prefix(200)).debugDescription, reason: reason)
        }
        guard let next = URL(string: target, relativeTo: url)?.absoluteURL, let scheme = next.scheme?.lowercased(), let host = next.host,
            !host.isEmpty
        else { throw refuse("it is no address") }
        guard ["http", "https"].contains(scheme) else { throw refuse("only http and https are followed") }
        guard next.user == nil, next.password == nil else { throw refuse("it contains a user's name or password") }
        if url.scheme?.lowercased() == "https", scheme != "https" { throw refuse("it leaves encryption") }
        return next
    }

    /// Same scheme, host and port. `localhost` and `127.0.0.1` are two hosts here: nobody vouches for both being one server.
    private func isEndpoint(_ url: URL) -> Bool {
        func origin(_ url: URL) -> [String] {
            let scheme = url.scheme?.lowercased() ?? ""
            return [scheme, url.host?.lowercased() ?? "", String(url.port ?? (scheme == "https" ? 443 : 80))]
        }
        return origin(url) == origin(settings.endpoint)
    }

    // MARK: Failures

    /// What to say about a status that is not success.
    func refusal(_ response: HTTPURLResponse, name: ModelName, file: String?) -> any Error {
        let code = response.value(forHTTPHeaderField: "X-Error-Code")
        let endpoint = settings.endpoint.absoluteString
        switch response.statusCode {
        case 401, 403:
            // A store behind a redirect refuses when its signed address is too old; the next attempt gets a new one.
            if let url = response.url, !isEndpoint(url) {
                return TemporaryRefusal(status: response.statusCode, url: Self.shown(url), wait: nil)
            }
            if code == "GatedRepo" || (response.statusCode == 403 && code != "RepoNotFound") {
                return HubError.gated(name: name.repository, endpoint: endpoint, sentToken: settings.token != nil)
            }
            return HubError.unauthorized(name: name.repository, endpoint: endpoint, sentToken: settings.token != nil)
        case 404:
            if let file { return HubError.missingFile(name: name.description, file: file) }
            if code == "RevisionNotFound" {
                return HubError.missingRevision(name: name.repository, revision: name.revision ?? ModelName.defaultRevision)
            }
            return HubError.missingRepository(name: name.repository, endpoint: endpoint)
        case 408, 425, 429, 500...599:
            let wait = response.value(forHTTPHeaderField: "Retry-After").flatMap(Double.init)
            return TemporaryRefusal(status: response.statusCode, url: Self.shown(response.url ?? settings.endpoint), wait: wait)
        default: return HubError.refused(url: Self.shown(response.url ?? settings.endpoint), status: response.statusCode)
        }
    }

    /// Repeats what fails for reasons that may pass; nothing else is repeated.
    func retrying<Result: Sendable>(_ url: URL, _ attempt: () async throws -> Result) async throws -> Result {
        var failures = 0
        while true {
            do {
                return try await attempt()
            } catch {
                failures += 1
                // At the beginning, a hub that is not there is a mistake more often than a passing trouble.
                try await pause(after: error, failures: failures, url: url, attemptsIfAbsent: 3)
            }
        }
    }

    /// Waits before the next attempt.
    ///
    /// - Throws: the error, in words, when it will not pass or was met too often.
    func pause(after error: any Error, failures: Int, url: URL, attemptsIfAbsent attempts: Int? = nil) async throws {
        let wait: Double?
        switch error {
        case let error as TemporaryRefusal:
            if failures >= settings.retries.attempts { throw HubError.refused(url: error.url, status: error.status) }
            wait = error.wait
        case let error as URLError where error.code != .unsupportedURL && error.code != .badURL:
            if failures >= (Self.isAbsence(error) ? min(attempts ?? .max, settings.retries.attempts) : settings.retries.attempts)
                || Self.isFinal(error)
            {
                throw HubError.unreachable(url: Self.shown(url), reason: Self.reason(error))
            }
            wait = nil
        default: throw error
        }
        try await Task.sleep(for: .seconds(settings.retries.delay(afterFailures: failures, serverAsks: wait)))
    }

    /// Certificates do not become valid by waiting.
    private static func isFinal(_ error: URLError) -> Bool {
        switch error.code {
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate, .serverCertificateHasUnknownRoot,
            .serverCertificateNotYetValid, .clientCertificateRejected:
            true
        default: false
        }
    }

    private static func isAbsence(_ error: URLError) -> Bool {
        [.cannotConnectToHost, .cannotFindHost, .dnsLookupFailed].contains(error.code)
    }

    private static func reason(_ error: URLError) -> String {
        switch error.code {
        case .timedOut: "it does not answer in time"
        case .cannotFindHost, .dnsLookupFailed: "its name is not known"
        case .cannotConnectToHost: "the connection is refused"
        case .networkConnectionLost: "the connection breaks off"
        case .badServerResponse: "the answer is not HTTP"
        default: error.localizedDescription
        }
    }

    // MARK: Addresses

    private func address(_ path: String) throws -> URL {
        guard let url = URL(string: settings.endpoint.absoluteString + path) else {
            throw HubError.badSetting(
                name: "HF_ENDPOINT", found: settings.endpoint.absoluteString, expected: "an address like https://huggingface.co")
        }
        return url
    }

    /// Percent-encoding of all but the unreserved characters (RFC 3986).
    static func escape(_ text: String, keeping kept: String = "/") -> String {
        let kept = Set(("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~" + kept).utf8)
        return text.utf8.reduce(into: "") { escaped, byte in
            if kept.contains(byte) {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    /// Without the query, where stores carry their signatures.
    static func shown(_ url: URL) -> String {
        String(url.absoluteString.prefix { $0 != "?" }.prefix(300))
    }

    /// `W/"abc"` and `"abc"` as `abc`.
    static func plain(_ tag: String) -> String {
        let tag = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
        return tag.trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    }

    /// Whether a tag can be the name of a file in `blobs`.
    static func isBlobName(_ tag: String) -> Bool {
        (8...128).contains(tag.utf8.count) && tag.first != "." && tag.first != "-" && escape(tag, keeping: "") == tag && !tag.contains("~")
            && !tag.hasSuffix(".incomplete")
    }
}

/// A status that may be another one in a while.
struct TemporaryRefusal: Error {
    let status: Int
    let url: String
    /// Seconds the server asks to wait.
    let wait: Double?
}

/// Keeps a body, up to a limit.
///
/// Unchecked: the session's queue writes while the task waits for it.
final class BufferedBody: ResponseReceiver, @unchecked Sendable {
    private let limit: Int
    private let url: String
    private(set) var bytes: [UInt8] = []

    init(limit: Int, url: String) {
        self.limit = limit
        self.url = url
    }

    func begin(_ response: HTTPURLResponse) -> Bool {
        bytes = []
        return response.statusCode == 200
    }

    func receive(_ data: Data) throws {
        guard bytes.count + data.count <= limit else { throw HubError.badAnswer(url: url, reason: "it is longer than \(limit) bytes") }
        bytes.append(contentsOf: data)
    }
}

/// For answers of which only the head matters.
final class NoBody: ResponseReceiver {
    func begin(_ response: HTTPURLResponse) -> Bool { true }
    func receive(_ data: Data) {}
}
