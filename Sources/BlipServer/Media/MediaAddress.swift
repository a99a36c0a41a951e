/// The address of a remote picture, read once: whatever is checked is what is connected to.
///
/// Two readers of one address that disagree are how filters are passed by, so there is one here, and it takes no more than it must: `http` or `https`, a
/// name or a plainly written number, a port, and a path of the characters that need no reading.
struct MediaAddress: Sendable, Equatable {
    let isSecure: Bool
    /// A name in small letters, or an address; of version 6 without brackets.
    let host: String
    let port: Int
    /// From the first slash on, with the query.
    let path: String

    static let limit = 2048

    var hasUsualPort: Bool { port == (isSecure ? 443 : 80) }

    /// As a client is told it.
    var text: String { "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)" }

    /// - Throws: what is wrong with the address, as it completes "the address ...".
    init(_ text: String) throws(MediaAddressError) {
        guard text.utf8.count <= Self.limit else { throw .wrong("has more than \(Self.limit) characters") }
        let lowered = text.prefix(8).lowercased()
        let isSecure = lowered.hasPrefix("https://")
        guard isSecure || lowered.hasPrefix("http://") else { throw .wrong("begins with neither https:// nor http://") }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let tail = rest[end...].prefix { $0 != "#" }
        guard tail.utf8.allSatisfy(Self.isPlain) else { throw .wrong("has characters in its path that must be written with %") }
        self.isSecure = isSecure
        path = tail.hasPrefix("/") ? String(tail) : "/" + tail
        let (host, port) = try Self.authority(String(rest[..<end]))
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    /// Another place on the same host, or anywhere else: what `Location` says.
    init(_ location: String, from origin: MediaAddress) throws(MediaAddressError) {
        guard location.hasPrefix("/"), !location.hasPrefix("//") else {
            self = try MediaAddress(location)
            return
        }
        let host = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
        self = try MediaAddress("\(origin.isSecure ? "https" : "http")://\(host):\(origin.port)\(location)")
    }

    private static func authority(_ text: String) throws(MediaAddressError) -> (host: String, port: Int?) {
        guard !text.contains("@") else { throw .wrong("has a user's name in it") }
        var (host, portText): (String, Substring?)
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw .wrong("opens a bracket and does not close it") }
            let after = text[text.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw .wrong("has something behind its bracket") }
            guard let address = HostAddress(String(text[...close])), address.isVersion6 else {
                throw .wrong("has no address in its brackets")
            }
            (host, portText) = (address.description, after.isEmpty ? nil : after.dropFirst())
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts.first.map { $0.lowercased() } ?? ""
            portText = parts.count > 1 ? parts[1] : nil
            try check(host)
        }
        guard let portText else { return (host, nil) }
        guard portText.count <= 5, portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(portText),
            (1...65_535).contains(port)
        else { throw .wrong("has a port that none is") }
        return (host, port)
    }

    private static func check(_ host: String) throws(MediaAddressError) {
        guard (1...253).contains(host.utf8.count) else { throw .wrong("names no host") }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            let isLabel = label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
            guard isLabel, (1...63).contains(label.utf8.count) else { throw .wrong("names no host that can be looked up") }
        }
        // What ends in a number is a number, whatever it looks like before: `0x7f.1`, `127.1` and `2130706433` are this machine to many.
        guard let last = labels.last else { return }
        let isNumber = last.utf8.allSatisfy { (48...57).contains($0) } || last.hasPrefix("0x")
        if isNumber, HostAddress(host) == nil { throw .wrong("writes its number in a way that is not taken; use four decimal numbers") }
    }

    /// Source: RFC 3986, the characters of paths and queries. A backslash is none.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 97...122, 65...90, 48...57: true
        default: "-._~!$&'()*+,;=:@/?%".utf8.contains(byte)
        }
    }
}

/// What is wrong with an address.
struct MediaAddressError: Error, Equatable {
    /// As it completes "the address ...".
    let reason: String

    static func wrong(_ reason: String) -> MediaAddressError { MediaAddressError(reason: reason) }
}
