import BlipTensors

/// Forbids the stop ids until an answer is long enough.
struct MinimumTokens: LogitRule {
    let count: Int
    let stopIDs: [Int]

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        try scores.forbidding(written.map { $0 < count ? stopIDs : [] })
    }
}
