import BlipTensors

/// Answers one beside another, each in a session of its own: for models that know nothing better.
final class SeparateSessions: JointSession {
    private let language: any LanguageModel
    private var sessions: [Int: any DecodingSession] = [:]
    private var next = 0

    init(_ language: any LanguageModel) { self.language = language }

    func join(_ prompt: Prompt, rooms: [Int]) throws -> (rows: [Int], logits: Tensor) {
        let read = try zip(prompt.places(), rooms).enumerated().map { row, size in
            let (places, room) = size
            let alone = try prompt.embeddings.slice(0, row..<row + 1).selecting(Tensor.of(places).to(prompt.embeddings.device), 1)
            return try language.prefill(Prompt(embeddings: alone, mask: nil), room: room)
        }
        let rows = read.map { _, session in
            sessions[next] = session
            next += 1
            return next - 1
        }
        return (rows, try Tensor.concatenate(read.map(\.logits), 0))
    }

    func step(_ steps: [JointTokens]) throws -> Tensor {
        let mine = steps.map { step in
            guard let session = sessions[step.row] else { preconditionFailure("row \(step.row) has not joined, or has left") }
            return (step: step, session: session, before: session.count)
        }
        do {
            return try Tensor.concatenate(
                mine.map { try $0.session.extend([$0.step.tokens], parents: [$0.step.parents]).select(0, 0) }, 0)
        } catch {
            for taken in mine { taken.session.rewind(to: taken.before) }
            throw error
        }
    }

    func leave(_ row: Int) { sessions[row] = nil }
}
