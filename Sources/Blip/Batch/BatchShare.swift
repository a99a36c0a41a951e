import Foundation

/// Which part of the work this process does: of `count` processes, number `rank` takes the questions i with i mod count = rank.
public struct BatchShare: Sendable, Equatable {
    /// Counted from 0.
    public let rank: Int
    public let count: Int

    /// Everything.
    public static let whole = BatchShare(uncheckedRank: 0, count: 1)

    private static let limit = 100_000

    private init(uncheckedRank rank: Int, count: Int) {
        self.rank = rank
        self.count = count
    }

    /// - Throws: ``BatchError/badShare(name:found:expected:)`` unless 0 <= rank < count <= 100,000.
    public init(rank: Int, count: Int) throws(BatchError) {
        try self.init(rank: "\(rank)", count: "\(count)", names: ("the rank", "the number of processes"))
    }

    private init(rank: String, count: String, names: (rank: String, count: String)) throws(BatchError) {
        guard let all = Int(count), (1...Self.limit).contains(all) else {
            throw .badShare(name: names.count, found: "\"\(count)\"", expected: "a number of processes, 1 to \(Self.limit)")
        }
        guard let mine = Int(rank), (0..<all).contains(mine) else {
            throw .badShare(name: names.rank, found: "\"\(rank)\"", expected: "a number from 0 to \(all - 1), as \(names.count) is \(all)")
        }
        self.init(uncheckedRank: mine, count: all)
    }

    /// What the launcher of this process said: torchrun, mpirun or srun, in this order; ``whole`` without one.
    ///
    /// - Parameter environment: `RANK` and `WORLD_SIZE`, `OMPI_COMM_WORLD_RANK` and `_SIZE`, `PMI_RANK` and `PMI_SIZE`,
    ///   `SLURM_PROCID` and `SLURM_STEP_NUM_TASKS`. One without the other is an error; but the script of `sbatch` and the shell of
    ///   `salloc` have a `SLURM_PROCID` alone, and run once, however many tasks there is room for.
    public static func launched(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(BatchError) -> BatchShare {
        let launchers = [
            ("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"),
            ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
        ]
        for (rankName, countName) in launchers {
            let (rank, count) = (environment[rankName] ?? "", environment[countName] ?? "")
            switch (rank.isEmpty, count.isEmpty) {
            case (true, true): continue
            case (false, true) where rankName == "SLURM_PROCID": continue
            case (true, false): throw .badShare(name: rankName, found: "not set", expected: "a number, as \(countName) is set")
            case (false, true): throw .badShare(name: countName, found: "not set", expected: "a number, as \(rankName) is set")
            case (false, false): return try BatchShare(rank: rank, count: count, names: (rankName, countName))
            }
        }
        return .whole
    }

    func takes(_ index: Int) -> Bool { index % count == rank }
}
