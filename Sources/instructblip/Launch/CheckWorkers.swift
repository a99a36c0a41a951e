import ArgumentParser
import BlipTensors
import BlipTraining
import Foundation

/// `instructblip check-workers`, not shown: what a launcher's processes can be tried with, on a cluster and in the tests.
struct CheckWorkers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-workers", abstract: "Tries sums, copies and gradients over the processes that a launcher has started.",
        shouldDisplay: false)

    /// What goes wrong on one rank while the others wait for it.
    enum Fault: String, ExpressibleByArgument, CaseIterable { case none, `throw`, kill, sleep, late, shapes, absent }

    @Option(help: "Something to go wrong on the last rank.")
    var fault = Fault.none

    @Option(help: "Seconds to wait for the others.")
    var limit: Double = 60

    @Option(help: "Steps of training.")
    var steps = 3

    func run() throws {
        let limits = TorchWorkers.Limits(meeting: limit, operation: limit)
        if fault == .absent, ProcessInfo.processInfo.environment["RANK"] == "1" {
            sleep(60)
            return
        }
        try TorchWorkers.run(limits: limits) { workers in
            let isFaulty = workers.rank == workers.count - 1
            try check(
                try workers.sum([Double(workers.rank), 0.5]),
                [Double(workers.count * (workers.count - 1) / 2), 0.5 * Double(workers.count)])
            try copies(workers, shape: isFaulty && fault == .shapes ? [3] : [2, 3])
            try gathers(workers)
            if isFaulty { try fail() }
            try workers.barrier()
            let losses = try train(workers)
            try workers.barrier()
            try writeOutput(
                "rank \(workers.rank) of \(workers.count): losses \(losses.map { String(format: "%.6f", $0) }.joined(separator: " "))\n")
        }
    }

    private func fail() throws {
        switch fault {
        case .throw: throw WorkerFault(description: "this rank was told to fail")
        case .kill: kill(getpid(), SIGKILL)
        case .sleep: sleep(60)
        case .late: usleep(500_000)
        case .none, .shapes, .absent: break
        }
    }

    private func copies(_ workers: any Workers, shape: [Int]) throws {
        let weights = try Tensor.full(shape, Double(workers.rank + 1))
        let ids = try Tensor.of([workers.rank, 7], nil)
        try weights.requireGradient()
        try workers.broadcast([weights, ids])
        try check(try weights.floats().map(Double.init), [Double](repeating: 1, count: weights.count))
        try check(try ids.integers().map(Double.init), [0, 7])
    }

    private func gathers(_ workers: any Workers) throws {
        let parts = try workers.gather(Tensor.of([Float(workers.rank), -1], nil))
        let expected = (0..<workers.count).flatMap { [Double($0), -1.0] }
        try check(try parts.flatMap { try $0.floats() }.map(Double.init), expected)
    }

    /// Fits a small network to 24 rows, which the processes share in two micro-batches each. The losses must not depend on their number.
    private func train(_ workers: any Workers) throws -> [Double] {
        let (all, width) = (24, 8)
        let random = try RandomStream(seed: 7)
        let inputs = try random.normal([all, width])
        let targets = try random.normal([all, 1])
        // Only rank 0's first weights count.
        let own = try RandomStream(seed: UInt64(100 + workers.rank))
        let parameters = [try own.normal([16, width]), try own.normal([1, 16]), try own.normal([5])]
        for parameter in parameters { try parameter.requireGradient() }
        try workers.broadcast(parameters)
        let share = all / workers.count
        guard share * workers.count == all, share % 2 == 0 else {
            throw WorkerFault(description: "\(all) rows cannot be shared by \(workers.count) processes")
        }
        var losses: [Double] = []
        for _ in 0..<steps {
            var total = 0.0
            for half in 0..<2 {
                let start = workers.rank * share + half * share / 2
                let rows = start..<start + share / 2
                let hidden = try inputs.slice(0, rows).linear(parameters[0]).tanh()
                let distance = try hidden.linear(parameters[1]) - targets.slice(0, rows)
                let loss = try distance.square().sum() * (1 / Double(all))
                try workers.backward(loss, parameters: parameters, isLast: half == 1)
                total += try loss.item()
            }
            losses.append(try workers.sum([total])[0])
            // The last parameter takes no part.
            guard try parameters[2].gradient == nil else { throw WorkerFault(description: "a gradient came from nowhere") }
            try withoutGradients {
                for parameter in parameters.prefix(2) {
                    guard let gradient = try parameter.gradient else { throw WorkerFault(description: "a gradient is missing") }
                    try parameter.add(gradient, scale: -0.05)
                    try parameter.clearGradient()
                }
            }
        }
        return losses
    }

    private func check(_ found: [Double], _ expected: [Double]) throws {
        guard found == expected else { throw WorkerFault(description: "expected \(expected), found \(found)") }
    }
}

/// A process found something wrong, or was told to.
struct WorkerFault: Error, CustomStringConvertible, LocalizedError {
    let description: String
    var errorDescription: String? { description }
}
