import Foundation

/// What the launcher of this process said: torchrun, mpirun, srun, or `instructblip launch`, which speaks as torchrun does.
public struct Launch: Sendable, Equatable {
    /// Counted from 0.
    public let rank: Int
    public let count: Int
    /// The rank among the processes of this machine; nil where the launcher says none.
    public let localRank: Int?

    private static let limit = 100_000

    /// Rank, number of processes, and rank on the machine, as each launcher calls them.
    private static let launchers = [
        ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
        ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
    ]

    /// Nil without a launcher.
    ///
    /// - Parameter environment: `RANK` and `WORLD_SIZE`, `OMPI_COMM_WORLD_RANK` and `_SIZE`, `PMI_RANK` and `PMI_SIZE`,
    ///   `SLURM_PROCID` and `SLURM_STEP_NUM_TASKS`, in this order. One without the other is an error; but the script of `sbatch` and the
    ///   shell of `salloc` have a `SLURM_PROCID` alone, and run once, however many tasks there is room for.
    /// - Throws: ``BatchError/badShare(name:found:expected:)``.
    public init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(BatchError) {
        for (rankName, countName, localName) in Self.launchers {
            let (rank, count) = (environment[rankName] ?? "", environment[countName] ?? "")
            switch (rank.isEmpty, count.isEmpty) {
            case (true, true): continue
            case (false, true) where rankName == "SLURM_PROCID": continue
            case (true, false): throw .badShare(name: rankName, found: "not set", expected: "a number, as \(countName) is set")
            case (false, true): throw .badShare(name: countName, found: "not set", expected: "a number, as \(rankName) is set")
            case (false, false):
                try self.init(rank: rank, count: count, names: (rankName, countName), local: environment[localName] ?? "", localName)
                return
            }
        }
        return nil
    }

    init(
        rank: String, count: String, names: (rank: String, count: String), local: String = "", _ localName: String = ""
    ) throws(BatchError) {
        guard let all = Int(count), (1...Self.limit).contains(all) else {
            throw .badShare(name: names.count, found: "\"\(count)\"", expected: "a number of processes, 1 to \(Self.limit)")
        }
        guard let mine = Int(rank), (0..<all).contains(mine) else {
            throw .badShare(name: names.rank, found: "\"\(rank)\"", expected: "a number from 0 to \(all - 1), as \(names.count) is \(all)")
        }
        (self.rank, self.count) = (mine, all)
        if local.isEmpty {
            localRank = nil
        } else {
            guard let place = Int(local), (0...mine).contains(place) else {
                throw .badShare(name: localName, found: "\"\(local)\"", expected: "a number from 0 to \(mine), as \(names.rank) is \(mine)")
            }
            localRank = place
        }
    }
}
