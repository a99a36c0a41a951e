import BlipTensors

/// Keeps the `count` likeliest tokens, and others exactly as likely as the last of them.
struct TopK: LogitRule {
    let count: Int

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        let kept = min(count, scores.size(1))
        let least = try scores.top(kept).values.slice(1, kept - 1..<kept)
        return try scores.filling(scores.less(least), with: -Double.infinity)
    }
}

/// Keeps the likeliest tokens that together reach a probability: the nucleus (Holtzman et al., 2020).
struct TopP: LogitRule {
    let share: Double
    let keep: Int

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        // From the unlikeliest up: what does not reach into the nucleus goes, the last `keep` never do.
        let (sorted, places) = try scores.sorted(-1)
        let rising = try sorted.softmax().cumulativeSum(-1)
        let certain = sorted.size(1) - min(keep, sorted.size(1))
        let isCertain = try Tensor.range(0, sorted.size(1), on: scores.device).atLeast(Double(certain)).unsqueeze(0)
        let goes = try rising.atMost(1 - share).and(isCertain.not())
        let kept = try sorted.filling(goes, with: -Double.infinity)
        return try scores.scatter(kept, at: places, 1)
    }
}

/// Keeps tokens at least `share` times as likely as the likeliest.
struct MinP: LogitRule {
    let share: Double
    let keep: Int

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        let probabilities = try scores.softmax()
        let isLow = try probabilities.less(probabilities.max(-1, keep: true) * share)
        let kept = min(keep, scores.size(1))
        let least = try scores.top(kept).values.slice(1, kept - 1..<kept)
        return try scores.filling(isLow.and(scores.less(least)), with: -Double.infinity)
    }
}
