import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import BlipServer

@Suite("a connection does not wait for ever") struct ConnectionGuardTests {
    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        (limits.headerTime, limits.bodyTime, limits.idleTime, limits.writeTime, limits.lingerTime) = (10, 60, 30, 20, 2)
        return limits
    }()

    private static let head = HTTPRequestPart.head(HTTPRequest(method: .post, scheme: "http", authority: "localhost", path: "/"))

    private static func channel(_ watches: ConnectionWatches = ConnectionWatches()) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionGuard(limits, watches))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func answer(_ channel: EmbeddedChannel, _ fields: HTTPFields = [:]) throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: fields)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    /// The status of the next answer that went out, with everything behind its head passed over.
    private static func status(_ channel: EmbeddedChannel) throws -> Int? {
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
            if case .head(let head) = part { return head.status.code }
        }
        return nil
    }

    private static func wait(_ channel: EmbeddedChannel, _ seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    @Test("a header that does not come in time closes the connection")
    func header() throws {
        let channel = try Self.channel()
        Self.wait(channel, 9)
        #expect(channel.isActive)
        Self.wait(channel, 1)
        #expect(!channel.isActive)
    }

    @Test("a body that does not come in time closes the connection, an answer may take longer")
    func body() throws {
        let slow = try Self.channel()
        try slow.writeInbound(Self.head)
        // 60 seconds for whoever reads it, and 2 for saying that they are over.
        Self.wait(slow, 61)
        #expect(slow.isActive)
        // Bytes that trickle in do not help.
        try slow.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
        Self.wait(slow, 1)
        #expect(!slow.isActive)

        let thinking = try Self.channel()
        try thinking.writeInbound(Self.head)
        try thinking.writeInbound(HTTPRequestPart.end(nil))
        Self.wait(thinking, 3_000)
        #expect(thinking.isActive)
    }

    @Test("between requests there is time, and from a request's first byte the header's time")
    func idle() throws {
        let channel = try Self.channel()
        try channel.writeInbound(Self.head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try Self.answer(channel)
        Self.wait(channel, 29)
        #expect(channel.isActive)
        Self.wait(channel, 1)
        #expect(!channel.isActive)
    }

    @Test("a reader that stops reading is left after a while")
    func slowReader() throws {
        let channel = try Self.channel()
        try channel.writeInbound(Self.head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        Self.wait(channel, 19)
        #expect(channel.isActive)
        Self.wait(channel, 1)
        #expect(!channel.isActive)
    }

    @Test("who is refused can read the answer, and is then left")
    func goodbye() throws {
        let channel = try Self.channel()
        try channel.writeInbound(Self.head)
        try Self.answer(channel, [.connection: "close"])
        #expect(try Self.status(channel) == 200)
        Self.wait(channel, 2)
        #expect(!channel.isActive)
    }

    @Test("a header that is too large, or none, gets an answer")
    func broken() throws {
        for (error, status) in [(HTTPParserError.headerOverflow, 431), (.invalidMethod, 400)] {
            let channel = try Self.channel()
            channel.pipeline.fireErrorCaught(error)
            #expect(try Self.status(channel) == status)
            Self.wait(channel, 2)
            #expect(!channel.isActive)
        }
    }

    @Test("a client that hangs up while it waits is noticed")
    func hangUp() throws {
        let watches = ConnectionWatches()
        let channel = try Self.channel(watches)
        #expect(watches.count == 1)
        let box = Box()
        _ = watches[channel]?.whenGone { box.isGone = true }
        try channel.writeInbound(Self.head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!channel.isActive && box.isGone && watches.count == 0)
    }

    @Test("a client that asks whether to send its body is told so")
    func expectation() throws {
        let channel = try Self.channel()
        let head = HTTPRequest(
            method: .post, scheme: "http", authority: "localhost", path: "/",
            headerFields: [.expect: "100-continue", .contentLength: "1000"])
        try channel.writeInbound(HTTPRequestPart.head(head))
        #expect(try Self.status(channel) == 100)
        let large = try Self.channel()
        let other = HTTPRequest(
            method: .post, scheme: "http", authority: "localhost", path: "/",
            headerFields: [.expect: "100-continue", .contentLength: "999999999999"])
        try large.writeInbound(HTTPRequestPart.head(other))
        #expect(try Self.status(large) == nil)
    }

    /// Touched on one thread alone.
    private final class Box: @unchecked Sendable { var isGone = false }
}
