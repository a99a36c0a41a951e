import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches one connection: how long its sender takes, whether its reader still reads, and whether it is there at all.
///
/// It stands behind the HTTP decoder. A second handler, before everything else, tells it when the first bytes of a request come.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What the connection waits for.
    private enum Stage { case firstHead, nextRequest, head, body, answer, goodbye }

    private let limits: ServerLimits
    private let watches: ConnectionWatches
    private var stage = Stage.firstHead
    /// Requests whose answers have not been written, and whether the one that is being read is complete.
    private var unanswered = 0
    private var isReading = false
    private var closesAfterAnswer = false
    private var answerHasBegun = false
    private var timer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(_ limits: ServerLimits, _ watches: ConnectionWatches) {
        (self.limits, self.watches) = (limits, watches)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        _ = watches.add(context.channel)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let inner = NIOLoopBound(context, eventLoop: context.eventLoop)
        let listener = FirstByteListener { bound.value.bytesCame(inner.value) }
        do {
            try context.pipeline.syncOperations.addHandler(listener, position: .first)
        } catch { context.fireErrorCaught(error) }
        wait(for: .firstHead, limits.headerTime, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        writeTimer?.cancel()
        watches.remove(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        writeTimer?.cancel()
        watches.remove(context.channel)
        context.fireChannelInactive()
    }

    // MARK: The sender

    private func bytesCame(_ context: ChannelHandlerContext) {
        if stage == .nextRequest { wait(for: .head, limits.headerTime, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Whoever was refused is only listened to until he has read why.
        if stage == .goodbye { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            isReading = true
            // Behind an unanswered request, reading may wait for us.
            if unanswered == 1 { wait(for: .body, patience, context) }
            encourage(head, context)
        case .body: break
        case .end:
            isReading = false
            if unanswered == 1 { rest(.answer) }
        }
        context.fireChannelRead(data)
    }

    /// Longer than whoever reads the body waits, who says so and is gone by then.
    private var patience: Double { limits.bodyTime + limits.lingerTime }

    /// Some clients send a large body only when they are told to.
    private func encourage(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard head.headerFields[.expect]?.lowercased() == "100-continue", unanswered == 1 else { return }
        guard let length = head.headerFields[.contentLength].flatMap({ Int($0) }), length <= limits.bodyBytes else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard stage != .goodbye, unanswered == 0 || (unanswered == 1 && isReading && !answerHasBegun) else {
            context.fireErrorCaught(error)
            return
        }
        let refusal =
            error as? HTTPParserError == .headerOverflow
            ? Refusal(
                .requestHeaderFieldsTooLarge, "invalid_request_error", "the header is larger than \(limits.headerBytes) bytes",
                code: "header_too_large")
            : Refusal(.badRequest, "invalid_request_error", "this is not HTTP as it should be", code: "bad_request")
        let body = refusal.body
        let head = HTTPResponse(
            status: refusal.status,
            headerFields: [.contentType: "application/json", .contentLength: "\(body.count)", .connection: "close"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        sayGoodbye(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Who sends no more while an answer is made has gone; a socket that was closed looks the same.
        if case .inputClosed? = event as? ChannelEvent, unanswered > 0 {
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: The reader

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            answerHasBegun = true
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
            context.write(data, promise: promise)
        case .end:
            answerHasBegun = false
            unanswered = max(0, unanswered - 1)
            context.write(data, promise: promise)
            if closesAfterAnswer {
                context.flush()
                sayGoodbye(context)
            } else if unanswered == 0 {
                wait(for: .nextRequest, limits.idleTime, context)
            } else if isReading {
                wait(for: .body, patience, context)
            }
        default: context.write(data, promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = nil
        if !context.channel.isWritable {
            let inner = NIOLoopBound(context, eventLoop: context.eventLoop)
            writeTimer = context.eventLoop.scheduleTask(in: .seconds(limits.writeTime)) { inner.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Closing at once would take the answer back: what the client still sends would reset the connection before it has read.
    private func sayGoodbye(_ context: ChannelHandlerContext) {
        wait(for: .goodbye, limits.lingerTime, context)
        context.close(mode: .output, promise: nil)
    }

    // MARK: Time

    private func wait(for stage: Stage, _ seconds: Double, _ context: ChannelHandlerContext) {
        rest(stage)
        let inner = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(seconds)) { inner.value.close(promise: nil) }
    }

    private func rest(_ stage: Stage) {
        self.stage = stage
        timer?.cancel()
        timer = nil
    }
}

/// Says that bytes came, before they are read as HTTP.
private final class FirstByteListener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let bytesCame: () -> Void

    init(_ bytesCame: @escaping () -> Void) { self.bytesCame = bytesCame }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytesCame()
        context.fireChannelRead(data)
    }
}

extension TimeAmount {
    static func seconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
}
