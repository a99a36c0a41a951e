import BlipTestSupport
import Foundation
import Synchronization
import Testing

@testable import BlipTensors

/// Ranks on threads of this process: to libtorch they are as good as processes. Real processes: `LaunchTests`.
private enum Ranks {
    /// Runs `body` on `count` threads, and gives what each returned or threw.
    static func all<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) -> [Result<Value, any Error>] {
        let results = Mutex([Int: Result<Value, any Error>]())
        let group = DispatchGroup()
        for rank in 0..<count {
            group.enter()
            Thread.detachNewThread {
                let result = Result { try body(rank) }
                results.withLock { $0[rank] = result }
                group.leave()
            }
        }
        group.wait()
        return results.withLock { found in (0..<count).compactMap { found[$0] } }
    }

    /// The same, with a group that they have formed.
    static func grouped<Value: Sendable>(
        _ count: Int, limit: Double = 20, _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Result<Value, any Error>] {
        let server = try RendezvousStore(localWithin: 20)
        let port = server.port
        return withExtendedLifetime(server) {
            all(count) { rank in
                let store = try RendezvousStore(host: "127.0.0.1", port: port, serves: false, limit: 20)
                return try body(ProcessGroup(meetingIn: store, host: "127.0.0.1", rank: rank, count: count, limit: limit))
            }
        }
    }
}

@Suite("Processes that compute together", .enabled(if: ProcessGroup.isSupported, "built without gloo's headers"))
struct ProcessGroupTests {
    /// NCCL's, or gloo's by way of the host where the program was built without NCCL.
    @Test("on a CUDA device a rank by itself finds what it had", .enabled(if: Device.cuda().isAvailable, "no CUDA device"))
    func card() throws {
        let results = try Ranks.grouped(1) { group in
            let mine = try Tensor.of([1, 0.5], nil).to(.cuda())
            try group.broadcast([mine], from: 0)
            return try ([group.sum(mine)] + group.gather(mine)).map { try $0.to(.cpu).floats() }
        }
        #expect(try results.map { try $0.get() } == [[[1, 0.5], [1, 0.5]]])
    }

    @Test("sums, copies and gathers reach every rank", arguments: [1, 2, 4])
    func collectives(count: Int) throws {
        let results = try Ranks.grouped(count) { group in
            let mine = try Tensor.of([Float(group.rank + 1), 0.5], nil)
            let sum = try group.sum(mine).floats()
            let weights = try Tensor.full([3, 2], Double(group.rank))
            try weights.requireGradient()
            let ids = try Tensor.of([group.rank, 7], nil)
            try group.broadcast([weights, ids, weights.detach().to(.bfloat16)], from: count - 1)
            let gathered = try group.gather(mine)
            try group.barrier()
            return (sum, try weights.floats(), try ids.integers(), try gathered.map { try $0.floats() }, try mine.floats())
        }
        for (rank, result) in results.enumerated() {
            let (sum, weights, ids, gathered, mine) = try result.get()
            #expect(sum == [Float(count * (count + 1) / 2), 0.5 * Float(count)])
            #expect(weights == [Float](repeating: Float(count - 1), count: 6))
            #expect(ids == [count - 1, 7])
            #expect(gathered == (1...count).map { [Float($0), 0.5] })
            #expect(mine == [Float(rank + 1), 0.5])
        }
    }

    /// A network of two layers, and losses over rows of fixed inputs.
    private struct Network {
        let parameters: [Tensor]
        let inputs: Tensor

        init() throws {
            let random = try RandomStream(seed: 3)
            parameters = try [[16, 8], [16], [1, 16], [4]].map { try random.normal($0) }
            inputs = try random.normal([24, 8])
            for parameter in parameters { try parameter.requireGradient() }
        }

        func loss(_ rows: Range<Int>) throws -> Tensor {
            try inputs.slice(0, rows).linear(parameters[0], parameters[1]).tanh().linear(parameters[2]).square().sum()
        }

        func gradients() throws -> [[Float]?] { try parameters.map { try $0.gradient?.floats() } }
    }

    @Test(
        "gradients summed in buckets are those of the whole batch",
        arguments: [(1, 64, true), (2, 64, true), (4, 64, true), (2, 1 << 20, true), (4, 64, false)])
    func gradients(count: Int, bucketBytes: Int, overlaps: Bool) throws {
        let whole = try Network()
        for rows in [0..<24, 0..<12] { try whole.loss(rows).backward() }
        let expected = try whole.gradients()
        let results = try Ranks.grouped(count) { group in
            let network = try Network()
            let reducer = try GradientReducer(network.parameters, over: group, bucketBytes: bucketBytes, overlaps: overlaps)
            var steps: [[[Float]?]] = []
            for _ in 0..<3 {
                // Three micro-batches: the first 12 rows, the others, and the first again.
                for (index, all) in [0..<12, 12..<24, 0..<12].enumerated() {
                    let share = 12 / count
                    let start = all.lowerBound + group.rank * share
                    try reducer.backward(try network.loss(start..<start + share), isLast: index == 2)
                }
                steps.append(try network.gradients())
                for parameter in network.parameters { try parameter.clearGradient() }
            }
            return steps
        }
        let ranks = try results.map { try $0.get() }
        for steps in ranks {
            // To the last bit on all ranks, or they would drift apart.
            #expect(steps == ranks[0])
            for step in steps {
                #expect(step[3] == nil, "nobody reached the last one")
                for (found, right) in zip(step, expected) {
                    let (found, right) = (found ?? [], right ?? [])
                    try #require(found.count == right.count)
                    let scale = right.map(abs).max() ?? 0
                    #expect(zip(found, right).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
                }
            }
        }
    }

    @Test("a parameter that one rank reached, in a micro-batch that is not the last, counts for all", arguments: [true, false])
    func partlyUsed(overlaps: Bool) throws {
        let results = try Ranks.grouped(2) { group in
            let (often, seldom) = (try Tensor.of([Float(1), 2], nil), try Tensor.of([Float(3)], nil))
            for parameter in [often, seldom] { try parameter.requireGradient() }
            let reducer = try GradientReducer([often, seldom], over: group, overlaps: overlaps)
            let first = try often.sum()
            try reducer.backward(group.rank == 1 ? try first + seldom.sum() : first, isLast: false)
            try reducer.backward(try often.sum(), isLast: true)
            return (try often.gradient?.floats(), try seldom.gradient?.floats())
        }
        for result in results {
            let (often, seldom) = try result.get()
            #expect(often == [4, 4] && seldom == [1])
        }
    }

    @Test("ranks that do not come are named")
    func missing() throws {
        let server = try RendezvousStore(localWithin: 20)
        let (port, address) = (server.port, server.address)
        let results = Ranks.all(2) { rank in
            let store = try RendezvousStore(host: "127.0.0.1", port: port, serves: false, limit: 2)
            // Ranks 1 and 3 of 4 are absent.
            _ = try ProcessGroup(meetingIn: store, host: "127.0.0.1", rank: rank * 2, count: 4, limit: 2)
        }
        let expected = DistributedError.missingRanks([1, 3], count: 4, address: address, seconds: 2)
        for result in results { #expect(throws: expected) { try result.get() } }
        #expect("\(expected)".contains("waited 2 s at \(address) for ranks 1, 3 of 4"))
        withExtendedLifetime(server) {}
    }

    @Test("an operation that another rank does not come to ends at the limit, and says which it is")
    func limit() throws {
        let results = try Ranks.grouped(2, limit: 2) { group in
            if group.rank == 1 {
                sleep(5)
                return
            }
            _ = try group.sum(Tensor.of([Float(1)], nil))
        }
        guard
            case .timedOut("a sum", rank: 0, count: 2, seconds: 2, _) = #expect(
                throws: DistributedError.self, performing: { try results[0].get() })
        else {
            Issue.record("another error: \(results[0])")
            return
        }
        let barrier = try Ranks.grouped(2, limit: 2) { group in
            if group.rank == 1 { sleep(5) } else { try group.barrier() }
        }
        let error = #expect(throws: DistributedError.self) { try barrier[0].get() }
        #expect(
            error?.description.contains("a barrier") == true && error?.description.contains("1") == true, "\(String(describing: error))")
    }

    @Test("a rank that leaves word of its failure is quoted by those that miss it")
    func cause() throws {
        let results = try Ranks.grouped(2, limit: 20) { group in
            if group.rank == 1 {
                try group.reportFailure("the disk is full")
                return
            }
            _ = try group.sum(Tensor.of([Float(1)], nil))
        }
        guard
            case .peerLost("a sum", rank: 0, count: 2, _, cause: "rank 1 failed: the disk is full") = #expect(
                throws: DistributedError.self, performing: { try results[0].get() })
        else {
            Issue.record("another error: \(results[0])")
            return
        }
    }

    @Test("parameters and copies that differ between ranks are refused")
    func mismatches() throws {
        for shape in [[3], [2, 2], []] {
            let shapes = try Ranks.grouped(2) { group in
                let tensor = try Tensor.zeros(group.rank == 0 ? [2] : shape)
                #expect(throws: DistributedError.self) { try group.broadcast([tensor]) }
                #expect(throws: DistributedError.self) { try group.sum(tensor) }
                #expect(throws: DistributedError.self) { try group.gather(tensor) }
                #expect(throws: DistributedError.self) { try group.sum(Tensor.zeros([2], group.rank == 0 ? .float32 : .float64)) }
                // The group is none the worse for it.
                return try group.sum(Tensor.ones([1])).floats()
            }
            for result in shapes { #expect(try result.get() == [2]) }
        }
        let counts = try Ranks.grouped(2) { group in
            let parameters = try (0...group.rank).map { _ in try Tensor.zeros([2]) }
            for parameter in parameters { try parameter.requireGradient() }
            _ = try GradientReducer(parameters, over: group)
        }
        for result in counts { #expect(throws: DistributedError.self) { try result.get() } }
    }

    @Test("a port in use, and one where nobody answers, are named")
    func ports() throws {
        let server = try RendezvousStore(localWithin: 20)
        let error = #expect(throws: DistributedError.self) {
            _ = try RendezvousStore(host: "127.0.0.1", port: server.port, serves: true, limit: 5)
        }
        guard case .cannotServe(server.address, _) = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect("\(String(describing: error))".contains("in use"))
        let port = server.port
        let free = try { try RendezvousStore(localWithin: 20).port }()
        #expect(free != port)
        guard
            case .unreachable("127.0.0.1:\(free)", seconds: 1, _) = #expect(
                throws: DistributedError.self,
                performing: { _ = try RendezvousStore(host: "127.0.0.1", port: free, serves: false, limit: 1) })
        else {
            Issue.record("it was reached")
            return
        }
    }
}
