public import Foundation

/// Which pictures the server fetches for those who ask.
public struct MediaRules: Sendable {
    /// Hosts that pictures may come from: `example.com`, `*.example.com` for all below it, and `example.com:8443` for a port that is not the usual one. None: no remote pictures.
    public var domains: [String] = []
    /// Hosts among them that may lie in a private network.
    public var privateDomains: [String] = []
    /// Whether pictures may come unencrypted.
    public var allowsHTTP = false
    /// How often a host may send on to another place, which is checked like the first.
    public var redirects = 0
    /// The folder that `file:` addresses may lead into; nil: none.
    public var folder: URL?
    public var connectTime = 5.0
    /// Seconds for all of it, redirects included.
    public var totalTime = 15.0
    public var maximumBytes = 16 << 20

    public init() {}

    func allows(_ address: MediaAddress) -> Bool { Self.list(domains + privateDomains, has: address) }

    func allowsPrivate(_ address: MediaAddress) -> Bool { Self.list(privateDomains, has: address) }

    private static func list(_ domains: [String], has address: MediaAddress) -> Bool {
        domains.contains { entry in
            let (name, port) = parts(entry.lowercased())
            guard port.map({ $0 == address.port }) ?? address.hasUsualPort else { return false }
            if name.hasPrefix("*.") { return address.host.hasSuffix(name.dropFirst(1)) && address.host.count >= name.count }
            return name == address.host || name == "[\(address.host)]"
        }
    }

    private static func parts(_ entry: String) -> (name: String, port: Int?) {
        guard let colon = entry.lastIndex(of: ":"), let port = Int(entry[entry.index(after: colon)...]), !entry.hasSuffix("]") else {
            return (entry, nil)
        }
        // Without brackets an address of version 6 has no port.
        let name = String(entry[..<colon])
        return name.contains(":") && !name.hasPrefix("[") ? (entry, nil) : (name, port)
    }
}
