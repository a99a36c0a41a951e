import Blip
import BlipJSON

/// The chunks of one streamed answer, in their order: roles, pieces, ends, usage, `[DONE]`.
struct ChatStream {
    private let reply: ChatReply
    private let asking: Asking
    private var watch: FirstTokenWatch
    private var waited = 0.0
    /// What was sent of each answer.
    private var sent: [String]
    private(set) var isOver = false

    init(_ reply: ChatReply, _ asking: Asking) {
        (self.reply, self.asking) = (reply, asking)
        watch = FirstTokenWatch(asking)
        sent = Array(repeating: "", count: asking.question.options.decoding.returned)
    }

    func begin() -> [UInt8] {
        reply.chunk(sent.indices.map { reply.choice($0, .record(["role": .text("assistant"), "content": .text("")])) })
    }

    /// What one event adds to the stream; nil is a silence that has been long.
    mutating func bytes(of event: AnswerEvent?) -> [UInt8] {
        switch event {
        case nil: return Array(": ping\n\n".utf8)
        case .began(let seconds):
            waited = seconds
            return Array(": begun\n\n".utf8)
        case .piece(let number, let text):
            guard sent.indices.contains(number), !text.isEmpty else { return [] }
            watch.piece()
            sent[number] += text
            return reply.chunk([reply.choice(number, .record(["content": .text(text)]))])
        case .answer(let answer): return end(answer)
        }
    }

    private mutating func end(_ answer: Answer) -> [UInt8] {
        let outcome = Asking.Outcome(answer: answer, waited: waited)
        var bytes: [UInt8] = []
        let ends = asking.numbered(answer)
        for (number, sequence) in ends where sent.indices.contains(number) {
            // Beams have sent nothing yet.
            if sequence.text.utf8.starts(with: sent[number].utf8) {
                let rest = String(decoding: sequence.text.utf8.dropFirst(sent[number].utf8.count), as: UTF8.self)
                if !rest.isEmpty {
                    watch.piece()
                    bytes += reply.chunk([reply.choice(number, .record(["content": .text(rest)]))])
                }
            }
        }
        for (place, (number, sequence)) in ends.enumerated() {
            let choice = reply.choice(
                number, .record([:]), finish: sequence.finishReason.rawValue, logProbabilities: reply.logProbabilities(sequence))
            bytes += reply.chunk([choice], timings: place == ends.count - 1 ? asking.timings(outcome) : nil)
        }
        if reply.request.includesUsage { bytes += reply.chunk([], usage: Asking.usage(answer)) }
        bytes += Array("data: [DONE]\n\n".utf8)
        asking.noteEnd(outcome)
        isOver = true
        return bytes
    }

    /// The end of a stream that cannot go on.
    mutating func failure(_ error: any Error, _ call: Call) -> [UInt8] {
        isOver = true
        let refusal = Refusal(error)
        call.server.book.count("rejected_requests_total", [("reason", refusal.code ?? "invalid")])
        return ChatReply.event(refusal.json)
    }
}
