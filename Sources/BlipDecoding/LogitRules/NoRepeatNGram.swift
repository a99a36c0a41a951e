import BlipTensors

/// Forbids the token that would make a run of `length` tokens come a second time.
struct NoRepeatNGram: LogitRule {
    let length: Int

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        try scores.forbidding(said.map(forbidden))
    }

    /// Tokens that once followed the last `length - 1` ones.
    func forbidden(_ said: [Int]) -> [Int] {
        guard said.count >= length else { return [] }
        let ending = said.suffix(length - 1)
        return (0...said.count - length).filter { said[$0..<$0 + length - 1].elementsEqual(ending) }.map { said[$0 + length - 1] }
    }
}

extension Tensor {
    /// Scores [R, vocabulary] with minus infinity at each row's forbidden ids.
    func forbidding(_ ids: [[Int]]) throws -> Tensor {
        guard ids.contains(where: { !$0.isEmpty }) else { return self }
        let width = size(1)
        let places = ids.enumerated().flatMap { row, ids in ids.filter { $0 < width }.map { row * width + $0 } }
        let lowest = try Tensor.full([places.count], -Double.infinity, dtype, on: device)
        return try reshape([-1]).scatter(lowest, at: Tensor.of(places).to(device), 0).reshape(shape)
    }
}
