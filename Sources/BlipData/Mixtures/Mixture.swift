/// How likely each of several datasets is to be drawn from.
public struct Mixture: Sendable, Equatable {
    /// What the chance of a dataset grows with.
    public enum Balance: String, Sendable, CaseIterable {
        /// The square root of its size. Source: the paper, section 2.4.
        case squareRoot = "sqrt"
        /// Its size: every pair of picture and text is as likely.
        case proportional
        /// Nothing: every dataset is as likely.
        case uniform
        /// Its weight alone.
        case fixed
    }

    public struct Part: Sendable, Equatable {
        public var name: String
        /// Samples to draw from.
        public var count: Int
        /// Pairs of picture and text.
        public var size: Int
        /// Multiplies the chance that the balance gives. The paper lowers A-OKVQA's multiple choice and raises OKVQA by amounts it does not say.
        public var weight: Double
        /// The size that counts for the balance at most; nil for no such limit.
        public var cap: Int?

        public init(_ name: String, count: Int, size: Int? = nil, weight: Double = 1, cap: Int? = nil) {
            self.name = name
            self.count = count
            self.size = size ?? count
            self.weight = weight
            self.cap = cap
        }
    }

    public let parts: [Part]
    public let balance: Balance
    /// One for each part; their sum is 1.
    public let probabilities: [Double]

    /// - Throws: ``DataError/badMixture(reason:)`` for no parts, an empty part with a chance, or weights that are negative, not finite or all 0.
    public init(_ parts: [Part], balance: Balance = .squareRoot) throws(DataError) {
        guard !parts.isEmpty else { throw .badMixture(reason: "there are none") }
        let shares = try parts.map { part throws(DataError) in
            guard part.weight >= 0, part.weight.isFinite else {
                throw .badMixture(reason: "the weight of \(part.name) is \(part.weight); expected 0 or a positive number")
            }
            if let cap = part.cap, cap < 1 { throw .badMixture(reason: "the cap of \(part.name) is \(cap); expected 1 or more") }
            guard part.weight == 0 || part.count > 0 else { throw .badMixture(reason: "\(part.name) has no samples") }
            let size = Double(min(part.size, part.cap ?? .max))
            switch balance {
            case .squareRoot: return part.weight * size.squareRoot()
            case .proportional: return part.weight * size
            case .uniform, .fixed: return part.weight
            }
        }
        let sum = shares.reduce(0, +)
        guard sum > 0, sum.isFinite else { throw .badMixture(reason: "all weights are 0") }
        self.parts = parts
        self.balance = balance
        probabilities = shares.map { $0 / sum }
    }

    /// How often each pair of a part is expected to be seen in so many draws.
    public func expectedEpochs(_ part: Int, draws: Int) -> Double {
        parts[part].size == 0 ? 0 : Double(draws) * probabilities[part] / Double(parts[part].size)
    }
}
