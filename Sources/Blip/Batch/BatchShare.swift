import Foundation

/// Which part of the work this process does: of `count` processes, number `rank` takes the questions i with i mod count = rank.
public struct BatchShare: Sendable, Equatable {
    /// Counted from 0.
    public let rank: Int
    public let count: Int

    /// Everything.
    public static let whole = BatchShare(uncheckedRank: 0, count: 1)

    private init(uncheckedRank rank: Int, count: Int) {
        self.rank = rank
        self.count = count
    }

    private init(_ launch: Launch) { self.init(uncheckedRank: launch.rank, count: launch.count) }

    /// - Throws: ``BatchError/badShare(name:found:expected:)`` unless 0 <= rank < count <= 100,000.
    public init(rank: Int, count: Int) throws(BatchError) {
        self.init(try Launch(rank: "\(rank)", count: "\(count)", names: ("the rank", "the number of processes")))
    }

    /// The part of this process among those that its launcher started, see ``Launch``; ``whole`` without a launcher.
    public static func launched(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(BatchError) -> BatchShare {
        try Launch(environment).map(BatchShare.init) ?? .whole
    }

    func takes(_ index: Int) -> Bool { index % count == rank }
}
