import BlipData
import BlipScenes
import Foundation

/// What a plan's mixture comes to: sizes, chances and how often everything is expected to be seen.
public struct MixtureTable: Sendable, Encodable {
    public struct Row: Sendable, Encodable {
        public var name: String
        /// Samples; nil where the dataset's files are not there.
        public var samples: Int?
        /// Pairs of picture and text.
        public var size: Int
        /// Whether the size was counted, or is the card's.
        public var isOfficialSize: Bool
        public var weight: Double
        public var probability: Double
        public var expectedDraws: Double
        public var expectedEpochs: Double
        /// Samples left out for evaluation's sake.
        public var removed: Int

        private enum CodingKeys: String, CodingKey {
            case name, samples, size, weight, probability, removed
            case isOfficialSize = "official_size"
            case expectedDraws = "expected_draws"
            case expectedEpochs = "expected_epochs"
        }
    }

    public var balance: String
    public var draws: Int
    public var rows: [Row]
    /// Evaluation sets whose pictures and questions were left out.
    public var excluded: [String]
    /// Evaluation sets whose files are not there, so that nothing could be left out for them.
    public var notChecked: [String]

    private enum CodingKeys: String, CodingKey {
        case balance, draws, rows, excluded
        case notChecked = "not_checked"
    }

    /// The table of datasets that were opened.
    public init(_ data: TrainingData, draws: Int) {
        let mixture = data.set.mixture
        self.init(mixture, draws: draws, balance: data.plan.balance)
        for (place, source) in data.sources.enumerated() {
            rows[place].samples = source.samples.count
            // What is seen is what was counted, whatever size the plan gives for the balance.
            rows[place].expectedEpochs = rows[place].expectedDraws / Double(max(1, source.samples.size))
            rows[place].removed = source.removed.values.reduce(0, +)
        }
        (excluded, notChecked) = (data.excluded, data.notChecked)
    }

    /// The table from official sizes, for a plan whose files are somewhere else.
    ///
    /// - Throws: ``DataError/badMixture(reason:)`` for a dataset without an official size, or of one's own.
    public init(official plan: DataPlan, draws: Int) throws {
        let parts = try plan.sources.map { source in
            guard case .named(let name) = source.origin else {
                throw DataError.badMixture(
                    reason: "\(source.name) is data of your own, which has no official size; its file has to be there")
            }
            let facts = try NamedDatasets.dataset(name).card.splits.first { $0.split == source.split }
            guard let size = source.size ?? facts?.size else {
                throw DataError.badMixture(
                    reason:
                        "the size of \(name), split \(source.split.rawValue), is not published; its files have to be there, or the plan has to give a size"
                )
            }
            return Mixture.Part(source.name, count: min(size, source.limit ?? size), weight: source.weight, cap: source.cap)
        }
        self.init(try Mixture(parts, balance: plan.balance), draws: draws, balance: plan.balance)
        for place in rows.indices { rows[place].isOfficialSize = true }
    }

    private init(_ mixture: Mixture, draws: Int, balance: Mixture.Balance) {
        self.balance = balance.rawValue
        self.draws = draws
        (excluded, notChecked) = ([], [])
        rows = mixture.parts.indices.map { place in
            let part = mixture.parts[place]
            return Row(
                name: part.name, samples: nil, size: part.size, isOfficialSize: false, weight: part.weight,
                probability: mixture.probabilities[place], expectedDraws: Double(draws) * mixture.probabilities[place],
                expectedEpochs: mixture.expectedEpochs(place, draws: draws), removed: 0)
        }
    }
}
