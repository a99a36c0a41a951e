import Foundation

/// An internet address, and whether it belongs to the open internet.
struct HostAddress: Sendable, Equatable, CustomStringConvertible {
    /// Four bytes, or sixteen.
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads `93.184.216.34`, `2606:2800:220:1::1` or the latter in brackets.
    ///
    /// Nothing else: a C library takes `0x7f.1`, `2130706433` and `010.0.0.1` for addresses as well, and others do not, which is how filters are passed by.
    init?(_ text: String) {
        if text.contains(":") {
            let inner = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
            // A zone says which of this machine's networks is meant; only private addresses have one.
            guard !inner.contains("%"), inner.utf8.count <= 45 else { return nil }
            var address = in6_addr()
            guard inet_pton(AF_INET6, inner, &address) == 1 else { return nil }
            bytes = withUnsafeBytes(of: &address) { Array($0) }
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            let isPlain = part.utf8.allSatisfy { (48...57).contains($0) } && (part == "0" || !part.hasPrefix("0"))
            guard isPlain, let byte = UInt8(part) else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    var isVersion6: Bool { bytes.count == 16 }

    var isLoopback: Bool { isVersion6 ? bytes == Array(repeating: 0, count: 15) + [1] : bytes.first == 127 }

    /// As a connection is made to it.
    var description: String {
        guard isVersion6 else { return bytes.map { "\($0)" }.joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is neither this machine, nor a private network's, nor set aside for anything else.
    ///
    /// Source: the registries of special-purpose addresses of IANA, RFC 6890 and what came after. Of version 6 only 2000::/3 is in use for the open
    /// internet, which leaves out all forms that carry an address of version 4 (mapped, compatible, NAT64) but two, and these are named.
    var isPublic: Bool {
        if isVersion6 { return Self.prefix(bytes, [0x20], 3) && !Self.reserved6.contains { Self.prefix(bytes, $0.bytes, $0.bits) } }
        return bytes.count == 4 && !Self.reserved4.contains { Self.prefix(bytes, $0.bytes, $0.bits) }
    }

    private static let reserved4: [(bytes: [UInt8], bits: Int)] = [
        ([0], 8),  // this network; 0.0.0.0 is this machine
        ([10], 8), ([172, 16], 12), ([192, 168], 16),  // private
        ([100, 64], 10),  // between providers and customers
        ([127], 8),  // loopback
        ([169, 254], 16),  // link-local; clouds tell secrets at 169.254.169.254
        ([192, 0, 0], 24), ([192, 0, 2], 24), ([198, 51, 100], 24), ([203, 0, 113], 24),  // protocols, documentation
        ([192, 31, 196], 24), ([192, 52, 193], 24), ([192, 175, 48], 24),  // anycast of registries
        ([192, 88, 99], 24),  // relays from version 6
        ([198, 18], 15),  // benchmarks
        ([224], 4), ([240], 4),  // multicast, the future and broadcast
    ]

    private static let reserved6: [(bytes: [UInt8], bits: Int)] = [
        ([0x20, 0x01, 0x00], 23),  // protocols; Teredo carries an address of version 4
        ([0x20, 0x01, 0x0d, 0xb8], 32), ([0x3f, 0xff, 0x00], 20),  // documentation
        ([0x20, 0x02], 16),  // 6to4 carries an address of version 4
        ([0x26, 0x20, 0x00, 0x4f, 0x80, 0x00], 48),  // anycast of a registry
        ([0x5f, 0x00], 16),  // segment routing
    ]

    private static func prefix(_ bytes: [UInt8], _ prefix: [UInt8], _ bits: Int) -> Bool {
        for place in 0..<bits where place / 8 < bytes.count {
            let mask = UInt8(0x80 >> (place % 8))
            let wanted = place / 8 < prefix.count ? prefix[place / 8] & mask : 0
            if bytes[place / 8] & mask != wanted { return false }
        }
        return true
    }
}
