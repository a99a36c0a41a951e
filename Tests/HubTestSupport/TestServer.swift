import Foundation

/// A small HTTP/1.1 server on 127.0.0.1, on a free port, whose every answer a test writes. One connection per request, one thread each.
///
/// Unchecked: the mutable state is only touched under the lock.
public final class TestServer: @unchecked Sendable {
    public struct Request: Sendable {
        public let method: String
        /// As sent, with percent-encoding and query.
        public let target: String
        /// Names in lower case.
        public let headers: [String: String]

        public init(method: String, target: String, headers: [String: String]) {
            self.method = method
            self.target = target
            self.headers = headers
        }

        /// Decoded, without the query.
        public var path: String {
            let path = target.prefix { $0 != "?" }
            return String(path).removingPercentEncoding ?? String(path)
        }

        /// The first byte asked for; nil without a range.
        public var rangeStart: Int? {
            headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).prefix { $0 != "-" }) : nil }
        }

        /// Behind the last byte asked for; nil without a range, or with one that is open.
        public var rangeEnd: Int? {
            headers["range"].flatMap { Int($0.drop { $0 != "-" }.dropFirst()) }.map { $0 + 1 }
        }
    }

    public struct Reply: Sendable {
        public var status: Int
        public var headers: [String: String]
        public var body: Data
        /// Close the connection after so many bytes of the body, though more were announced.
        public var cutAfter: Int?
        /// Send nothing for so long, at the point where a cut would be (else before the head).
        public var stall: Double = 0
        /// Announce no length; the end of the connection is the end of the body.
        public var hidesLength = false

        public init(_ status: Int, headers: [String: String] = [:], body: Data = Data()) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    public let port: UInt16
    private let listener: Int32
    private let lock = NSLock()
    private let answer: @Sendable (Request) -> Reply
    private var log: [Request] = []
    private var isStopped = false

    /// - Throws: when the system gives no socket.
    public init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        self.answer = answer
        #if os(Linux)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                listener >= 0 && bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isOpen else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                guard let self, !self.lock.withLock({ self.isStopped }) else {
                    close(connection)
                    break
                }
                Thread.detachNewThread { self.serve(connection) }
            }
            close(listener)
        }
    }

    public var url: URL { address("127.0.0.1") }
    /// The same server under a name that is another host.
    public var otherURL: URL { address("localhost") }
    /// Requests so far, in the order in which they came.
    public var requests: [Request] { lock.withLock { log } }

    private func address(_ host: String) -> URL {
        var parts = URLComponents()
        parts.scheme = "http"
        parts.host = host
        parts.port = Int(port)
        return parts.url ?? URL(fileURLWithPath: "/")
    }

    public func stop() {
        lock.withLock {
            // Once only: the number may be another socket's by now.
            if !isStopped { shutdown(listener, Int32(SHUT_RDWR)) }
            isStopped = true
        }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        #if !os(Linux)
            var yes: Int32 = 1
            setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
        guard let request = read(connection) else { return }
        lock.withLock { log.append(request) }
        let reply = answer(request)
        if reply.cutAfter == nil { sleep(reply.stall) }
        var head = "HTTP/1.1 \(reply.status) Status\r\nConnection: close\r\n"
        if !reply.hidesLength, reply.headers["Content-Length"] == nil { head += "Content-Length: \(reply.body.count)\r\n" }
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        write(Data((head + "\r\n").utf8), to: connection)
        if request.method != "HEAD" { write(reply.body.prefix(reply.cutAfter ?? reply.body.count), to: connection) }
        if reply.cutAfter != nil { sleep(reply.stall) }
        shutdown(connection, Int32(SHUT_WR))
    }

    /// Ends with the server at the latest.
    private func sleep(_ seconds: Double) {
        let end = Date(timeIntervalSinceNow: seconds)
        while end.timeIntervalSinceNow > 0, !lock.withLock({ isStopped }) {
            Thread.sleep(forTimeInterval: min(0.02, max(0, end.timeIntervalSinceNow)))
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let got = recv(connection, &buffer, buffer.count, 0)
            guard got > 0, bytes.count < 65536 else { return nil }
            bytes += buffer[..<got]
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        let headers = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        return Request(
            method: String(words[0]), target: String(words[1]), headers: Dictionary(headers, uniquingKeysWith: { first, _ in first }))
    }

    private func write(_ data: Data, to connection: Int32) {
        #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        var rest = data[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, flags) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }
}
