import AsyncHTTPClient
import Blip
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Fetches pictures from hosts that are allowed, and from no address but one that was checked.
struct MediaFetcher: Sendable {
    let rules: MediaRules
    var resolver = HostResolver.system
    private let clock = AlarmClock()

    init(rules: MediaRules, resolver: HostResolver = .system) { (self.rules, self.resolver) = (rules, resolver) }

    /// - Returns: the undecoded bytes.
    func fetch(_ text: String, param: String) async throws -> [UInt8] {
        let first = try parse(param) { () throws(MediaAddressError) in try MediaAddress(text) }
        do {
            return try await clock.within(rules.totalTime) { [self] in try await follow(first, param) }
        } catch is TimeIsOver {
            throw Refusal.badPicture(param, "the picture did not come within \(Int(rules.totalTime)) seconds", code: "image_fetch")
        }
    }

    private func follow(_ first: MediaAddress, _ param: String) async throws -> [UInt8] {
        var address = first
        for _ in 0...max(0, rules.redirects) {
            switch try await get(address, param) {
            case .bytes(let bytes): return bytes
            case .elsewhere(let location):
                let origin = address
                address = try parse(param) { () throws(MediaAddressError) in try MediaAddress(location, from: origin) }
            }
        }
        throw Refusal.badPicture(param, "the picture's host sends on to another place, which is not followed", code: "image_fetch")
    }

    private func parse(_ param: String, _ read: () throws(MediaAddressError) -> MediaAddress) throws -> MediaAddress {
        do { return try read() } catch { throw Refusal.badPicture(param, "the picture's address \(error.reason)", code: "image_url") }
    }

    private enum Answer {
        case bytes([UInt8])
        case elsewhere(String)
    }

    private func get(_ address: MediaAddress, _ param: String) async throws -> Answer {
        let target = try await check(address, param)
        // Foundation reads the address once more inside the client; it must find the same host, whose address is set below.
        guard let host = URL(string: address.text)?.host?.lowercased(), host == address.host || host == "[\(address.host)]" else {
            throw Refusal.badPicture(param, "the picture's address can be read in two ways", code: "image_url")
        }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(rules.connectTime), read: .seconds(rules.totalTime))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        // The name goes into the certificate's check and the Host field, the connection to the address that was checked.
        configuration.dnsOverride = [address.host: target.description]
        let client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        let outcome: Result<Answer, any Error>
        do { outcome = .success(try await get(address, param, client)) } catch { outcome = .failure(error) }
        try await client.shutdown()
        do { return try outcome.get() } catch let refusal as Refusal { throw refusal } catch let error as CancellationError {
            throw error
        } catch is IOError {
            throw Refusal.badPicture(param, "the picture cannot be fetched: its host cannot be reached", code: "image_fetch")
        } catch {
            // Whatever else the client meets is the host's doing: its certificate, its handshake, its HTTP.
            throw Refusal.badPicture(
                param, "the picture cannot be fetched: its host does not answer as it should, or its certificate is not to be trusted",
                code: "image_fetch")
        }
    }

    private func get(_ address: MediaAddress, _ param: String, _ client: HTTPClient) async throws -> Answer {
        var request = HTTPClientRequest(url: address.text)
        request.headers = ["User-Agent": "swift-instructblip", "Accept": "image/*"]
        let response = try await client.execute(request, timeout: .seconds(rules.totalTime))
        if [301, 302, 303, 307, 308].contains(response.status.code), let location = response.headers.first(name: "location") {
            return .elsewhere(location)
        }
        guard response.status.code == 200 else {
            throw Refusal.badPicture(param, "the picture's host answers with status \(response.status.code)", code: "image_fetch")
        }
        let tooLarge = Refusal.tooLarge("the picture has more than \(rules.maximumBytes) bytes; name a smaller one", param: param)
        if let length = response.headers.first(name: "content-length").flatMap({ Int($0) }), length > rules.maximumBytes { throw tooLarge }
        var bytes: [UInt8] = []
        for try await part in response.body {
            guard bytes.count + part.readableBytes <= rules.maximumBytes else { throw tooLarge }
            bytes += part.readableBytesView
        }
        return .bytes(bytes)
    }

    /// Whether an address may be asked, and where it is.
    ///
    /// Every address that the name has must be right: which of them a connection takes is nobody's promise.
    private func check(_ address: MediaAddress, _ param: String) async throws -> HostAddress {
        guard address.isSecure || rules.allowsHTTP else {
            throw Refusal.badPicture(param, "pictures are fetched by https alone", code: "image_url")
        }
        let closed = Refusal.badPicture(
            param, "pictures are not fetched from this host; send the picture as a data: address, or have the host allowed",
            code: "image_host")
        guard rules.allows(address) else { throw closed }
        let found = try await clock.within(rules.connectTime) { [resolver] in try await resolver.addresses(address.host) }
        guard let first = found.first else {
            throw Refusal.badPicture(param, "the picture's host has no address", code: "image_fetch")
        }
        guard rules.allowsPrivate(address) || found.allSatisfy(\.isPublic) else { throw closed }
        return first
    }
}
