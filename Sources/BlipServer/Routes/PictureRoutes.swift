import Blip
import BlipImages
import BlipJSON
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// `POST /v1/caption`.
enum CaptionRoute {
    /// Source: InstructBLIP (Dai et al., 2023), appendix E, the prompt for NoCaps and Flickr30K.
    private static let prompt = "A short image description:"
    /// New tokens where a request names no number: a caption is a sentence or two.
    private static let tokens = 64

    static func caption(_ call: Call) async throws -> Response {
        let (body, lease) = try await call.json()
        let request = try CaptionRequest(body, call.limits)
        let loan = try await call.server.shelf.borrow(request.model)
        // An empty prompt asks for the usual one; BLIP-2 captions best when it is told nothing.
        let told = request.prompt.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        let instruction = told ?? (loan.model.needsInstruction ? prompt : "")
        var options = try request.decoding.options(isEncoderDecoder: loan.model.isEncoderDecoder, call.limits)
        if request.decoding.preset == nil, request.decoding.maximumTokens == nil {
            options.decoding.maximumTokens = min(tokens, call.limits.newTokens)
        }
        let asking = try await Asking(call, loan, [request.picture], instruction, options, holding: lease)
        do {
            let outcome = try await asking.outcome()
            return .json(
                .record([
                    "object": .text("caption"), "model": .text(loan.model.name), "caption": .text(outcome.answer.text),
                    "finish_reason": .text(outcome.answer.finishReason.rawValue), "usage": Asking.usage(outcome.answer),
                    "timings": asking.timings(outcome),
                ]))
        } catch { throw asking.refusal(error) }
    }
}

/// `POST /v1/rank`.
enum RankRoute {
    static func rank(_ call: Call) async throws -> Response {
        let (body, lease) = try await call.json()
        let request = try RankRequest(body, call.limits)
        let loan = try await call.server.shelf.borrow(request.model)
        try loan.model.check(request.prompt, param: "prompt")
        var desk = try await call.server.desk.pictures([request.picture])
        desk.leases.append(lease)
        let (pictures, processor) = (desk.pictures, loan.model.processor)
        let input = try await call.told("prompt") {
            try await call.server.desk.onThread { try processor.input(pictures, request.prompt) }
        }
        let start = ContinuousClock.now
        let (ranking, waited) = try await call.told("candidates") {
            try await loan.model.scheduler.perform(deadline: call.deadline) { assistant in
                let waited = start.duration(to: .now) / .seconds(1)
                return (try await assistant.rank(request.candidates, behind: request.prompt, of: input), waited)
            }
        }
        let candidates = ranking.candidates.map {
            JSONValue.record([
                "text": .text($0.text), "index": .integer($0.index), "logprob": .number($0.logProbability),
                "probability": .number($0.probability),
            ])
        }
        return .json(
            .record([
                "object": .text("rank"), "model": .text(loan.model.name), "candidates": .array(candidates),
                "timings": PictureTimings.json(desk, ranking.timings, waited: waited),
            ]))
    }
}

/// `POST /v1/heatmap`.
enum HeatmapRoute {
    static func draw(_ call: Call) async throws -> Response {
        let (body, lease) = try await call.json()
        let request = try HeatmapRequest(body, call.limits)
        let loan = try await call.server.shelf.borrow(request.model)
        try loan.model.check(request.prompt, param: "prompt")
        var desk = try await call.server.desk.pictures([request.picture])
        desk.leases.append(lease)
        guard let picture = desk.pictures.first else { throw Refusal.internal }
        let map = try await call.told("prompt") {
            try await loan.model.scheduler.perform(deadline: call.deadline) {
                try await $0.heatmap(request.prompt, about: picture, answer: request.answer)
            }
        }
        let weights = try map.mean()
        if request.format == .json {
            let rows = (0..<map.rows).map { row in
                JSONValue.list(weights[(row * map.columns)..<((row + 1) * map.columns)].map { .number(Double($0)) })
            }
            return .json(
                .record([
                    "object": .text("heatmap"), "model": .text(loan.model.name), "rows": .integer(map.rows),
                    "columns": .integer(map.columns),
                    "weights": .array(rows),
                ]))
        }
        let side = call.limits.heatmapSide
        let png = try await call.server.desk.onThread { () -> [UInt8] in
            let sized = try HeatmapPicture.sized(picture, side)
            guard request.overlays else {
                return HeatmapPicture.transparent(weights, rows: map.rows, columns: map.columns, width: sized.width, height: sized.height)
            }
            return [UInt8](try HeatOverlay.draw(weights, rows: map.rows, columns: map.columns, over: sized).pngData())
        }
        return Response(status: .ok, headers: [.contentType: "image/png"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: png)))
    }
}

/// `POST /v1/embeddings`.
enum EmbeddingsRoute {
    static func embed(_ call: Call) async throws -> Response {
        let (body, lease) = try await call.json()
        let request = try EmbeddingsRequest(body, call.limits)
        let loan = try await call.server.shelf.borrow(request.model)
        var data: [JSONValue] = []
        for (index, input) in request.inputs.enumerated() {
            var desk = try await call.server.desk.pictures(input.pictures)
            desk.leases.append(lease)
            let pictures = desk.pictures
            let vector = try await call.told("input") {
                try await loan.model.scheduler.perform(deadline: call.deadline) {
                    try await $0.embeddings(input.instruction, about: pictures)
                }
            }
            data.append(
                .record(["object": .text("embedding"), "index": .integer(index), "embedding": encoded(vector, request.encoding)]))
        }
        let usage = JSONValue.record(["prompt_tokens": .integer(0), "total_tokens": .integer(0)])
        return .json(.record(["object": .text("list"), "model": .text(loan.model.name), "data": .array(data), "usage": usage]))
    }

    /// As base64 the vector is little-endian float32, as OpenAI has it.
    private static func encoded(_ vector: [Float], _ encoding: EmbeddingsRequest.Encoding) -> JSONValue {
        guard encoding == .base64 else { return .list(vector.map { .number(Double($0)) }) }
        var bytes = Data(capacity: vector.count * 4)
        for value in vector { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        return .text(bytes.base64EncodedString())
    }
}

/// The timings of what is not an answer.
enum PictureTimings {
    static func json(_ desk: PicturesOnDesk, _ times: Timings, waited: Double) -> JSONValue {
        .record([
            "queue_ms": .milliseconds(waited), "image_ms": .milliseconds(desk.fetching + desk.decoding + times.image),
            "vision_ms": .milliseconds(times.vision), "qformer_ms": .milliseconds(times.qformer),
            "prompt_ms": .milliseconds(times.prefill), "predicted_ms": .milliseconds(times.decode),
        ])
    }
}

extension Call {
    /// What `work` says of its input is laid to a field.
    func told<Value: Sendable>(_ param: String, _ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let error as CancellationError {
            throw error
        } catch {
            let refusal = Refusal(error, param: param)
            if refusal.status == .internalServerError { logger.error("request failed", metadata: ["error": "\(error)"]) }
            throw refusal
        }
    }
}
