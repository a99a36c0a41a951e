import Blip
import BlipJSON
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// `POST /v1/chat/completions`.
enum ChatRoute {
    static func answer(_ call: Call) async throws -> Response {
        let (body, lease) = try await call.json()
        let request = try ChatRequest(body, call.limits)
        let loan = try await call.server.shelf.borrow(request.model)
        try loan.model.check(request.instruction, param: "messages")
        let options = try request.decoding.options(isEncoderDecoder: loan.model.isEncoderDecoder, call.limits)
        let asking = try await Asking(
            call, loan, request.pictures, request.instruction, options, alternatives: request.alternatives, holding: lease)
        let reply = ChatReply(asking, request)
        if request.streams { return try stream(asking, reply) }
        do { return .json(reply.whole(try await asking.outcome())) } catch {
            throw asking.refusal(error)
        }
    }

    /// Answers piece by piece. What goes wrong from here on is told in the stream: its head is written already.
    private static func stream(_ asking: Asking, _ reply: ChatReply) throws -> Response {
        let call = asking.call
        let events = PingedEvents(try asking.submit(), every: call.limits.pingInterval, call.server.clock)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .buffering: "no"],
            body: ResponseBody { writer in
                let watch = call.server.watches[call.channel]
                let place = watch?.whenGone { events.cancel() }
                defer {
                    events.cancel()
                    if let place { watch?.forget(place) }
                }
                var stream = ChatStream(reply, asking)
                try await writer.write(ByteBuffer(bytes: stream.begin()))
                var iterator = events.items.makeAsyncIterator()
                while !stream.isOver {
                    // Only what the engine says is told; what writing says ends the connection.
                    let bytes: [UInt8]
                    do {
                        guard let item = try await iterator.next() else { throw CancellationError() }
                        bytes = stream.bytes(of: item)
                    } catch is CancellationError {
                        asking.noteGivenUp()
                        throw CancellationError()
                    } catch {
                        bytes = stream.failure(asking.refusal(error), call)
                    }
                    do { try await writer.write(ByteBuffer(bytes: bytes)) } catch {
                        if !stream.isOver { asking.noteGivenUp() }
                        throw error
                    }
                }
                try await writer.finish(nil)
            })
    }
}

extension Asking {
    /// Whatever an answer ends with, as its asker is told.
    func refusal(_ error: any Error) -> any Error {
        if error is CancellationError {
            noteGivenUp()
            return error
        }
        let refusal = Refusal(error, param: "messages")
        if refusal.status == .internalServerError { call.logger.error("answer failed", metadata: ["error": "\(error)"]) }
        return refusal
    }
}

/// What an engine says, with a ping whenever it has been silent for a while.
struct PingedEvents: Sendable {
    /// Nil is a ping.
    let items: AsyncThrowingStream<AnswerEvent?, any Error>
    private let end: @Sendable () -> Void

    init(_ events: AsyncThrowingStream<AnswerEvent, any Error>, every seconds: Double, _ clock: AlarmClock) {
        let (items, continuation) = AsyncThrowingStream.makeStream(of: AnswerEvent?.self, throwing: (any Error).self)
        let pump = Task {
            do {
                for try await event in events { continuation.yield(event) }
                continuation.finish()
            } catch { continuation.finish(throwing: error) }
        }
        let pings = clock.ring(at: .now + .seconds(seconds), every: .seconds(seconds)) { continuation.yield(nil) }
        continuation.onTermination = { _ in
            pump.cancel()
            clock.cancel(pings)
        }
        self.items = items
        end = {
            clock.cancel(pings)
            continuation.finish(throwing: CancellationError())
        }
    }

    func cancel() { end() }
}
