import BlipTensors

/// Divides the scores: above 1 flattens the distribution, below 1 sharpens it.
struct Temperature: LogitRule {
    let temperature: Double

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor { try scores / temperature }
}
