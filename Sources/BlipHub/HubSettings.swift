import Foundation

/// Where models come from and where they are kept, as the environment variables of `huggingface_hub` say it.
public struct HubSettings: Sendable {
    /// `HF_ENDPOINT`, else the public hub. No slash at its end.
    public var endpoint: URL
    /// The folder of `models--ORG--NAME` folders: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `XDG_CACHE_HOME/huggingface/hub`, else
    /// `~/.cache/huggingface/hub`.
    public var cache: HubCache
    /// `HF_TOKEN`, else what `hf auth login` left in `HF_HOME/token`. Sent to the endpoint's own host only.
    public var token: String?
    /// `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`: nothing is sent at all.
    public var isOffline: Bool
    public var retries = RetryPolicy()
    /// Seconds without a byte after which a connection counts as cut.
    public var idleTimeout = 30.0
    /// How many files are fetched at once.
    public var simultaneousFiles = 4
    /// Bytes asked for in one request. On Linux, URLSession goes on reading while its delegate works and keeps in memory what a slow disk has
    /// not taken yet, and a task that is suspended does not come back; so what one request can bring is bounded.
    var pieceBytes = 128 << 20
    /// Bytes free on the disk of a folder; replaced by tests.
    var freeBytes: @Sendable (URL) -> Int? = { FreeSpace.bytes(at: $0) }

    public init(endpoint: URL, cache: HubCache, token: String? = nil, isOffline: Bool = false) {
        self.endpoint = endpoint
        self.cache = cache
        self.token = token
        self.isOffline = isOffline
    }

    /// - Throws: ``HubError/badSetting(name:found:expected:)``, or ``HubError/system(path:reason:)`` for an unreadable token file.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let set = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = set("HOME") ?? NSHomeDirectory()
        let expand = { (path: String) in path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path }
        let caches = set("XDG_CACHE_HOME").map(expand) ?? home + "/.cache"
        let hubHome = set("HF_HOME").map(expand) ?? caches + "/huggingface"
        let folder = (set("HF_HUB_CACHE") ?? set("HUGGINGFACE_HUB_CACHE")).map(expand) ?? hubHome + "/hub"
        cache = HubCache(folder: URL(fileURLWithPath: folder, isDirectory: true))
        endpoint = try Self.endpoint(set("HF_ENDPOINT") ?? "https://huggingface.co")
        let tokenFile = set("HF_TOKEN_PATH").map(expand) ?? hubHome + "/token"
        token = try Self.token(set("HF_TOKEN") ?? set("HUGGING_FACE_HUB_TOKEN"), file: tokenFile)
        isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains { ["1", "ON", "YES", "TRUE"].contains(set($0)?.uppercased()) }
    }

    private static func endpoint(_ text: String) throws -> URL {
        let trimmed = String(text.trimmingPrefix(while: \.isWhitespace).reversed().drop { $0 == "/" || $0.isWhitespace }.reversed())
        guard let url = URL(string: trimmed), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host, !host.isEmpty, url.user == nil, url.password == nil, url.query == nil, url.fragment == nil
        else {
            throw HubError.badSetting(name: "HF_ENDPOINT", found: text, expected: "an address like https://huggingface.co")
        }
        return url
    }

    private static func token(_ variable: String?, file: String) throws -> String? {
        var text = variable
        if text == nil, FileManager.default.fileExists(atPath: file) {
            do {
                text = try String(contentsOfFile: file, encoding: .utf8)
            } catch {
                throw HubError.system(path: file, reason: "the token in it cannot be read (\(error.localizedDescription))")
            }
        }
        guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines), !token.isEmpty else { return nil }
        // It becomes part of a header, where a line break would begin another one.
        guard token.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw HubError.badSetting(
                name: variable == nil ? file : "HF_TOKEN", found: "(hidden)", expected: "a token without white space or control characters")
        }
        return token
    }
}

/// How often a request is tried again, and how long is waited before it.
public struct RetryPolicy: Sendable {
    /// Failed attempts in a row, none of which brought a new byte, after which the error is reported.
    public var attempts = 6
    /// Seconds before the second attempt; doubled for each further one.
    public var firstDelay = 0.5
    public var longestDelay = 30.0

    public init() {}

    /// Seconds to wait after `failures` failures in a row. A server may ask for longer, but not for longer than the longest delay.
    func delay(afterFailures failures: Int, serverAsks: Double? = nil) -> Double {
        let doubled = firstDelay * pow(2, Double(min(failures, 32) - 1))
        // Many pulls that failed at one moment should not all come back at one moment.
        let spread = min(doubled, longestDelay) * Double.random(in: 0.75...1)
        return max(spread, min(serverAsks ?? 0, longestDelay))
    }
}

enum FreeSpace {
    /// Nil when the system does not say.
    static func bytes(at folder: URL) -> Int? {
        var information = statvfs()
        guard statvfs(folder.path, &information) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: information.f_bavail).multipliedReportingOverflow(by: Int(clamping: information.f_frsize))
        return overflow ? nil : bytes
    }
}
