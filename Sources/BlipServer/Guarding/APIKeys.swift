import Crypto

/// The keys that open the server. None: it is open.
public struct APIKeys: Sendable {
    private let digests: [SHA256.Digest]

    public init(_ keys: [String]) { digests = keys.map { SHA256.hash(data: Array($0.utf8)) } }

    public var isOpen: Bool { digests.isEmpty }

    /// Whether a header `Authorization` names one of the keys. It takes as long for a wrong key as for a right one: what is compared are
    /// digests, all of them, to the last byte.
    func admit(_ authorization: String?) -> Bool {
        if isOpen { return true }
        let given = SHA256.hash(data: Array(Self.key(authorization ?? "").utf8))
        var isKnown = false
        for digest in digests {
            var difference: UInt8 = 0
            for (one, other) in zip(digest, given) { difference |= one ^ other }
            isKnown = (difference == 0) || isKnown
        }
        return isKnown
    }

    /// The scheme's name has no case.
    private static func key(_ header: String) -> String {
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return "" }
        return parts[1].trimmingPrefix(" ").description
    }
}
