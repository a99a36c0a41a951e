import BlipModels
import BlipTensors

/// Why a row of an answer ended.
public enum FinishReason: String, Sendable, Codable {
    /// The model said that the answer is complete.
    case stop
    /// The token limit was reached first.
    case length
}

/// One finished row: the tokens as the model gave them, the ending one included, as `generate` of transformers returns them.
public struct TokenRow: Sendable, Equatable {
    public var ids: [Int]
    public var finish: FinishReason
}

/// What bounds an answer.
public struct TokenLimits: Sendable {
    /// New tokens at most, the ending one included.
    public var maximumTokens: Int
    /// Ids that end an answer.
    public var stopIDs: Set<Int>

    public init(maximumTokens: Int, stopIDs: Set<Int>) {
        self.maximumTokens = maximumTokens
        self.stopIDs = stopIDs
    }
}

/// Something went wrong while tokens were chosen.
public enum DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The model's output is not a number.
    case notFinite(step: Int)
    case cancelled

    public var description: String {
        switch self {
        case .notFinite(let step): "the model's output at token \(step + 1) is not finite (NaN or infinity)"
        case .cancelled: "the answer was cancelled"
        }
    }
}

/// Greedy decoding: the likeliest token, step by step.
public struct TokenLoop {
    let language: any LanguageModel
    let limits: TokenLimits

    public init(_ language: any LanguageModel, _ limits: TokenLimits) {
        self.language = language
        self.limits = limits
    }

    /// Answers for B prompts at once.
    ///
    /// - Parameter onStep: sees the step's number and each row's new token, nil for rows that are complete; false cancels.
    /// - Returns: one row per prompt.
    public func run(_ prompt: Prompt, onStep: (_ step: Int, _ tokens: [Int?]) throws -> Bool = { _, _ in true }) throws -> [TokenRow] {
        var rows = Array(repeating: TokenRow(ids: [], finish: .length), count: prompt.batch)
        var isOpen = Array(repeating: true, count: prompt.batch)
        guard limits.maximumTokens > 0 else { return rows }

        // 1. Read the prompt once.
        var (logits, session) = try language.prefill(prompt, room: limits.maximumTokens)
        for step in 0..<limits.maximumTokens {
            // 2. Choose. The only moment in the loop when the host waits for the device.
            let chosen = try choose(logits, step)
            // 3. Note what each open row said, and whether it is done.
            for row in rows.indices where isOpen[row] {
                rows[row].ids.append(chosen[row])
                if limits.stopIDs.contains(chosen[row]) {
                    rows[row].finish = .stop
                    isOpen[row] = false
                }
            }
            // A row that ended with this token still shows it.
            let shown: [Int?] = rows.indices.map { rows[$0].ids.count == step + 1 ? chosen[$0] : nil }
            guard try onStep(step, shown) else { throw DecodingError.cancelled }
            if !isOpen.contains(true) || step == limits.maximumTokens - 1 { break }
            // 4. Go on. Complete rows are fed what they would have said; rows do not see each other.
            logits = try session.extend(Tensor.of(chosen, [chosen.count, 1]).to(logits.device))
        }
        return rows
    }

    private func choose(_ logits: Tensor, _ step: Int) throws -> [Int] {
        let best = try logits.to(.float32).max(-1)
        guard try best.floats().allSatisfy(\.isFinite) else { throw DecodingError.notFinite(step: step) }
        return try logits.argmax(-1).integers()
    }
}
