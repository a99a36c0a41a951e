import Foundation
import Testing

/// A plain socket to this machine, which can be as rude as real ones.
final class RawSocket {
    private var descriptor: Int32 = -1

    /// A write to somebody who has gone is no reason to end the tests.
    #if canImport(Glibc)
        private let quiet = Int32(MSG_NOSIGNAL)
    #else
        private let quiet: Int32 = 0
    #endif

    /// `localhost` may be the address of either version.
    init(port: Int) throws {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        try #require(getaddrinfo("localhost", "\(port)", &hints, &list) == 0)
        defer { freeaddrinfo(list) }
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            let candidate = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
            if connect(candidate, info.ai_addr, info.ai_addrlen) == 0 {
                descriptor = candidate
                return
            }
            close(candidate)
        }
        try #require(descriptor >= 0, "nobody listens at port \(port)")
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, quiet) }
            // The other side has had enough.
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// What comes until a text has come, or the end.
    func read(until text: String? = nil) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            bytes += buffer[..<count]
            if let text, String(decoding: bytes, as: UTF8.self).contains(text) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Work that blocks, on a thread of its own.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
