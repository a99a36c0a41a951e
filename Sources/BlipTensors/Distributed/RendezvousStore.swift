import CTorch
import Foundation

/// Where the processes of a run find each other: libtorch's `TCPStore`, small texts under keys that one process serves to all.
public final class RendezvousStore {
    let handle: OpaquePointer
    /// `host:port`.
    public let address: String
    private let limit: Double

    /// Connects to the store, and serves it where `serves`.
    ///
    /// - Parameter limit: seconds that connecting may take.
    /// - Throws: ``DistributedError/cannotServe(address:reason:)``, ``DistributedError/unreachable(address:seconds:reason:)``.
    public init(host: String, port: UInt16, serves: Bool, limit: Double) throws(DistributedError) {
        var store: OpaquePointer?
        let place = "\(host):\(port)"
        let (_, reason) = outcome { ctorch_store_open(host, port, serves, Self.milliseconds(limit), &store, $0) }
        guard let store else {
            throw serves ? .cannotServe(address: place, reason: reason) : .unreachable(address: place, seconds: limit, reason: reason)
        }
        (handle, address, self.limit) = (store, place, limit)
    }

    /// Serves one that only this machine reaches, at a free port: for a launcher.
    public init(localWithin limit: Double) throws(DistributedError) {
        var store: OpaquePointer?
        let (_, reason) = outcome { ctorch_store_open_local(Self.milliseconds(limit), &store, $0) }
        guard let store else { throw .cannotServe(address: "127.0.0.1", reason: reason) }
        (handle, self.limit) = (store, limit)
        address = "127.0.0.1:\(ctorch_store_port(store))"
    }

    deinit { ctorch_store_release(handle) }

    public var port: UInt16 { ctorch_store_port(handle) }

    /// Puts a text under a key, unless one is there.
    public func putFirst(_ text: String, under key: String) throws(DistributedError) {
        let (status, reason) = outcome { ctorch_store_put_first(handle, key, text, $0) }
        guard status == CTORCH_OK else { throw .unreachable(address: address, seconds: limit, reason: reason) }
    }

    /// The text under a key; nil for none.
    public func text(under key: String) throws(DistributedError) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let (status, reason) = outcome { ctorch_store_find(handle, key, &text, $0) }
        guard status == CTORCH_OK else { throw .unreachable(address: address, seconds: limit, reason: reason) }
        defer { ctorch_free_message(text) }
        return text.map { String(cString: $0) }
    }

    /// Waits until all ranks have come to a place, which is any name that they share.
    /// - Throws: ``DistributedError/missingRanks(_:count:address:seconds:)`` past the limit.
    public func meet(at place: String, rank: Int, of count: Int) throws(DistributedError) {
        var missing = [Bool](repeating: false, count: count)
        let (status, reason) = outcome {
            ctorch_store_meet(handle, place, Int32(clamping: rank), Int32(clamping: count), Self.milliseconds(limit), &missing, $0)
        }
        guard status == CTORCH_OK else { throw .unreachable(address: address, seconds: limit, reason: reason) }
        let absent = missing.indices.filter { missing[$0] }
        guard absent.isEmpty else { throw .missingRanks(absent, count: count, address: address, seconds: limit) }
    }

    static func milliseconds(_ seconds: Double) -> Int64 { Int64((min(max(seconds, 0.001), 1e9) * 1000).rounded()) }
}

/// Runs one shim function; the reason is the first line of what libtorch says, without the place in its source.
func outcome(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ctorch_status) -> (status: Int, reason: String) {
    var message: UnsafeMutablePointer<CChar>?
    let status = Int(body(&message))
    defer { ctorch_free_message(message) }
    let text = message.map { String(cString: $0) } ?? "no reason given"
    var line = text.split(separator: "\n", omittingEmptySubsequences: true).first.map(String.init) ?? text
    // gloo begins with its own file and line in brackets.
    if line.hasPrefix("["), line.contains(".cc:") || line.contains(".h:"), let end = line.range(of: "] ") {
        line = String(line[end.upperBound...])
    }
    // And ends with good wishes.
    if let wishes = line.range(of: ". This is typically caused by") { line = String(line[..<wishes.lowerBound]) }
    return (status, line)
}
