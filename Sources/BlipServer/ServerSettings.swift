public import Blip

/// How a server listens, and whom it serves.
public struct ServerSettings: Sendable {
    /// A name or an address of this machine.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 8080
    public var keys = APIKeys([])
    /// Names that requests may call the server by, besides this machine's own.
    public var allowedHosts: [String] = []
    public var media = MediaRules()
    public var limits = ServerLimits()
    public var scheduling = AnswerScheduler.Limits()
    /// Seconds after which a model that nobody asks is closed; nil: never.
    public var idleUnload: Double?
    /// Seconds that requests get to end when the server is told to stop.
    public var shutdownTime = 30.0
    /// The page, and the scenes it draws.
    public var servesPage = true
    /// Whether instructions and answers stand in the log.
    public var logsPrompts = false

    public init() {}

    /// - Throws: ``ServerError`` for what would not be safe, or cannot be.
    public func validate(isInsecure: Bool) throws(ServerError) {
        guard (0...65_535).contains(port) else { throw .badSetting(name: "the port", found: "\(port)", expected: "0 to 65535") }
        if !HostRules.isLoopback(host), keys.isOpen, !isInsecure { throw .openToOthers(host: host) }
    }
}
