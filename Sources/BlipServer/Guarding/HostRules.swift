/// Which names the server answers to.
///
/// A page in somebody's browser can give its own name the address 127.0.0.1 and then talk to this machine as if it were its own server (DNS
/// rebinding); the name it asks for gives it away. And a page that asks for us by our right name says where it comes from, in `Origin`.
public struct HostRules: Sendable {
    private let isLocal: Bool
    private let others: Set<String>

    /// - Parameters:
    ///   - host: where the server listens.
    ///   - allowed: further names. Of a server that listens to other machines, any name is right where none is given.
    public init(listeningAt host: String, allowed: [String] = []) {
        isLocal = Self.isLoopback(host)
        others = Set(allowed.map { Self.name($0) })
    }

    func admits(_ authority: String?) -> Bool {
        // Browsers always send one.
        guard let authority, !authority.isEmpty else { return true }
        let name = Self.name(authority)
        if others.contains(name) { return true }
        return isLocal ? Self.isLoopback(name) : others.isEmpty
    }

    /// A page of our own, or no page.
    func admits(origin: String?, authority: String?) -> Bool {
        guard let origin else { return true }
        guard let authority else { return false }
        return origin.lowercased() == "http://" + authority.lowercased() || origin.lowercased() == "https://" + authority.lowercased()
    }

    /// Without the port, in small letters.
    private static func name(_ authority: String) -> String {
        let authority = authority.lowercased()
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        // An address of version 6 without brackets has no port.
        if authority.count(where: { $0 == ":" }) > 1 { return "[\(authority)]" }
        return String(authority.prefix { $0 != ":" })
    }

    /// Whether only this machine itself can reach what listens there.
    public static func isLoopback(_ host: String) -> Bool {
        let name = name(host)
        if name == "localhost" || name == "[::1]" { return true }
        guard let address = HostAddress(name) else { return false }
        return address.isLoopback
    }
}
