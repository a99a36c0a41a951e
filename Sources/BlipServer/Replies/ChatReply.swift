import Blip
import BlipJSON
import Foundation

/// What `/v1/chat/completions` answers, whole or in chunks.
struct ChatReply: Sendable {
    let asking: Asking
    let request: ChatRequest
    let id = "chatcmpl-" + UUID().uuidString.lowercased().filter { $0 != "-" }
    let created = Int(Date().timeIntervalSince1970)

    init(_ asking: Asking, _ request: ChatRequest) { (self.asking, self.request) = (asking, request) }

    func whole(_ outcome: Asking.Outcome) -> JSONValue {
        let choices = asking.numbered(outcome.answer).map { index, sequence in
            JSONValue.record([
                "index": .integer(index),
                "message": .record(["role": .text("assistant"), "content": .text(sequence.text), "refusal": .null]),
                "finish_reason": .text(sequence.finishReason.rawValue), "logprobs": logProbabilities(sequence),
            ])
        }
        return .record([
            "id": .text(id), "object": .text("chat.completion"), "created": .integer(created), "model": .text(asking.model.name),
            "system_fingerprint": .text(Self.fingerprint), "choices": .array(choices), "usage": Asking.usage(outcome.answer),
            "timings": asking.timings(outcome),
        ])
    }

    /// One line of a stream.
    ///
    /// - Parameter usage: of the last chunk; the others say `null` where it was asked for.
    func chunk(_ choices: [JSONValue], usage: JSONValue? = nil, timings: JSONValue? = nil) -> [UInt8] {
        let value = JSONValue.record([
            "id": .text(id), "object": .text("chat.completion.chunk"), "created": .integer(created), "model": .text(asking.model.name),
            "system_fingerprint": .text(Self.fingerprint), "choices": .array(choices),
            "usage": request.includesUsage ? usage ?? .null : nil, "timings": timings,
        ])
        return Self.event(value)
    }

    func choice(_ index: Int, _ delta: JSONValue, finish: String? = nil, logProbabilities: JSONValue = .null) -> JSONValue {
        .record([
            "index": .integer(index), "delta": delta, "finish_reason": finish.map(JSONValue.text) ?? .null, "logprobs": logProbabilities,
        ])
    }

    static func event(_ value: JSONValue) -> [UInt8] { Array("data: ".utf8) + value.compact + Array("\n\n".utf8) }

    private static let fingerprint = "swift-instructblip-" + BlipServer.version

    /// Each token of an answer with its probability, and with others in its place; those that only end it are left out.
    func logProbabilities(_ sequence: Answer.Sequence) -> JSONValue {
        guard request.logProbabilities else { return .null }
        var entries: [JSONValue] = []
        for (place, (id, probability)) in zip(sequence.tokenIDs, sequence.logProbabilities).enumerated() {
            if asking.model.processor.tokenizer.isSpecial(id) { continue }
            let others = place < sequence.alternatives.count ? sequence.alternatives[place] : []
            entries.append(
                entry(id, probability, others: others.prefix(request.alternatives).map { entry($0.id, $0.logProbability, others: nil) }))
        }
        return .record(["content": .array(entries), "refusal": .null])
    }

    private func entry(_ id: Int, _ probability: Double, others: [JSONValue]?) -> JSONValue {
        let text = tokenText(id)
        return .record([
            "token": .text(text), "logprob": .number(probability.isFinite ? probability : -9999),
            "bytes": .list(text.utf8.map { .integer(Int($0)) }), "top_logprobs": others.map { .array($0) },
        ])
    }

    /// A token as it stands within a text: with the space that parts it from the word before.
    private func tokenText(_ id: Int) -> String {
        let tokenizer = asking.model.processor.tokenizer
        let text = tokenizer.decode([id], skippingSpecialTokens: false)
        let begins = tokenizer.token(of: id)?.hasPrefix("\u{2581}") ?? false
        return begins && !text.hasPrefix(" ") ? " " + text : text
    }
}
