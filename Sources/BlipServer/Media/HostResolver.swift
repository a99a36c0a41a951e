import Foundation
import NIOPosix

/// Finds the addresses of a host's name.
struct HostResolver: Sendable {
    var addresses: @Sendable (_ host: String) async throws -> [HostAddress]

    /// The system's own, on a thread where it may block.
    static let system = HostResolver { host in
        if let address = HostAddress(host) { return [address] }
        return try await NIOThreadPool.singleton.runIfActive { lookUp(host) }
    }

    private static func lookUp(_ host: String) -> [HostAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [HostAddress] = []
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            guard let address = info.ai_addr else { continue }
            switch info.ai_family {
            case AF_INET:
                found.append(
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                        HostAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) })
                    })
            case AF_INET6:
                found.append(
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                        HostAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) })
                    })
            default: break
            }
        }
        return found
    }
}
