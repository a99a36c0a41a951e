/// Which frames of a clip are read.
public enum FrameSampling {
    /// What the InstructBLIP paper reads of a video.
    public static let defaultCount = 4
    /// Ours: each frame takes 32 places of the language model.
    public static let maximumCount = 64

    /// The first frame of each of `count` parts of equal length: frame `i * total / count`, rounded down. All frames where there are fewer.
    ///
    /// This is what `sample_frames` of transformers' video processors gives, and "uniform" of LAVIS.
    ///
    /// - Parameters:
    ///   - total: at least 0.
    ///   - count: at least 1.
    /// - Returns: places counted from 0, in order, each once.
    public static func places(of total: Int, count: Int) -> [Int] {
        precondition(total >= 0 && count >= 1, "\(count) of \(total) frames cannot be chosen")
        guard total > count else { return Array(0..<total) }
        // The product may not fit; quotient and remainder do.
        let (share, rest) = total.quotientAndRemainder(dividingBy: count)
        return (0..<count).map { $0 * share + $0 * rest / count }
    }
}
