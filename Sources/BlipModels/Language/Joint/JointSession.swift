import BlipTensors

/// Answers in the making that are computed together, of prompts that come and go: each is a row, which joins when its prompt is read and leaves
/// when it likes.
///
/// A step takes the tokens of any rows. What is the same for all of them, the products with the weights, is computed for all at once; each row
/// attends to its own keys and values. So nothing is padded while answers are written, joining and leaving cost the others nothing, and what a
/// row is given depends on the others in the last bits of a product at most.
public protocol JointSession: AnyObject {
    /// Reads B prompts at once. Where it fails, none of them has joined.
    ///
    /// - Parameter rooms: tokens that each row may be given, those of all its beams together.
    /// - Returns: the rows' numbers, and logits of their first tokens [B, vocabulary].
    func join(_ prompt: Prompt, rooms: [Int]) throws -> (rows: [Int], logits: Tensor)

    /// Takes the next tokens of some rows. Where it fails, nothing was taken.
    ///
    /// - Parameter steps: each row at most once, and only rows that have joined and not left.
    /// - Returns: logits after each token, row after row [tokens of all rows, vocabulary].
    func step(_ steps: [JointTokens]) throws -> Tensor

    /// Forgets a row.
    func leave(_ row: Int)
}

/// What a row is given in a step.
public struct JointTokens: Sendable, Equatable {
    public var row: Int
    /// At least one.
    public var tokens: [Int]
    /// The number of the row's token that each one follows, counted as they were given; -1 follows the prompt.
    public var parents: [Int]

    public init(row: Int, tokens: [Int], parents: [Int]) {
        (self.row, self.tokens, self.parents) = (row, tokens, parents)
    }
}

/// Rows whose prompts were read, by their numbers.
struct JointRows {
    private var rows: [Int: JointRow] = [:]
    private var next = 0

    mutating func join(_ new: [JointRow]) -> [Int] {
        new.map { row in
            rows[next] = row
            next += 1
            return next - 1
        }
    }

    mutating func leave(_ row: Int) { rows[row] = nil }

    /// - Precondition: the row has joined and not left.
    subscript(_ row: Int) -> JointRow {
        guard let found = rows[row] else { preconditionFailure("row \(row) has not joined, or has left") }
        return found
    }
}

/// What is kept of one answer in the making.
final class JointRow {
    /// One for each layer, of this row alone.
    let caches: [KeyValueCache]
    /// What an encoder made of the prompt, for each layer of the decoder: [1, H, n, d], without padding. Empty where the prompt is in the caches.
    let readings: [(keys: Tensor, values: Tensor)]
    /// Positions in the caches before the first token.
    let promptTokens: Int
    private(set) var tree = TokenTree(rows: 1)

    init(caches: [KeyValueCache], readings: [(keys: Tensor, values: Tensor)] = [], promptTokens: Int) {
        (self.caches, self.readings, self.promptTokens) = (caches, readings, promptTokens)
    }

    func append(_ parents: [Int]) { tree.append([parents]) }

    func truncate(to count: Int) {
        tree.truncate(to: count)
        for cache in caches { cache.truncate(to: promptTokens + count) }
    }
}

extension [JointRow] {
    /// Adds tokens to each row's tree, computes, and takes the tokens back if that fails: layers may have got different numbers of them.
    func taking(_ parents: [[Int]], _ compute: () throws -> Tensor) throws -> Tensor {
        let before = map(\.tree.count)
        for (row, parents) in zip(self, parents) { row.append(parents) }
        do { return try compute() } catch {
            for (row, count) in zip(self, before) { row.truncate(to: count) }
            throw error
        }
    }
}
