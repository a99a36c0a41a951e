import BlipModels
import BlipTensors

/// A language model whose logits are given by a function of what was said: for hand-made distributions.
public struct ScriptedLanguageModel: LanguageModel {
    let vocabulary: Int
    let logits: (_ prompt: Int, _ said: [Int]) -> [Float]

    public init(vocabulary: Int, logits: @escaping (_ prompt: Int, _ said: [Int]) -> [Float]) {
        self.vocabulary = vocabulary
        self.logits = logits
    }

    public var dtype: DType { .float32 }
    public var promptPadding: PaddingSide { .left }
    public var startIDs: [Int] { [] }

    public func embed(_ ids: Tensor) throws -> Tensor { try Tensor.zeros(ids.shape + [1]) }

    public func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        let first = (0..<prompt.batch).flatMap { logits($0, []) }
        return (try Tensor.of(first, [prompt.batch, vocabulary]), ScriptedSession(self, rows: prompt.batch))
    }

    public func logits(_ prompt: Prompt, observe: LayerObserver?) throws -> Tensor { try prefill(prompt, room: 0).logits.unsqueeze(1) }

    public func loss(_ prompt: Prompt, _ targets: TokenBatch, recomputing: Bool) throws -> Tensor {
        throw FixtureError(description: "a scripted model has no loss")
    }

    /// A prompt of B rows without content.
    public static func prompt(rows: Int = 1) throws -> Prompt { Prompt(embeddings: try Tensor.zeros([rows, 1, 1]), mask: nil) }
}

final class ScriptedSession: DecodingSession {
    private let model: ScriptedLanguageModel
    private var paths: [[[Int]]]

    init(_ model: ScriptedLanguageModel, rows: Int) {
        self.model = model
        paths = Array(repeating: [], count: rows)
    }

    var count: Int { paths.first?.count ?? 0 }

    func extend(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor {
        var values: [Float] = []
        for row in tokens.indices {
            for (token, parent) in zip(tokens[row], parents[row]) {
                let path = (parent < 0 ? [] : paths[row][parent]) + [token]
                paths[row].append(path)
                values += model.logits(row, path)
            }
        }
        return try Tensor.of(values, [tokens.count, tokens.first?.count ?? 0, model.vocabulary])
    }

    func rewind(to count: Int) {
        for row in paths.indices { paths[row].removeLast(max(0, paths[row].count - count)) }
    }
}
