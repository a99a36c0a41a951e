import BlipTensors

/// Forbids the stop ids until an answer is long enough.
struct MinimumTokens: LogitRule {
    let count: Int
    let stopIDs: [Int]

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: Int) throws -> Tensor {
        written < count ? try scores.forbidding(said.map { _ in stopIDs }) : scores
    }
}
