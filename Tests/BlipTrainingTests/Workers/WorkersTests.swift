import Blip
import BlipTensors
import Foundation
import Testing

@testable import BlipTraining

@Suite("What launchers say of the workers") struct WorkersTests {
    @Test("rank, number and place on the machine are read from every launcher")
    func launchers() throws {
        func read(_ environment: [String: String]) throws -> [Int?]? {
            try Launch(environment).map { [$0.rank, $0.count, $0.localRank] }
        }
        #expect(try read([:]) == nil)
        #expect(try read(["RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"]) == [3, 4, 1])
        #expect(try read(["RANK": "3", "WORLD_SIZE": "4"]) == [3, 4, nil])
        #expect(try read(["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "0"]) == [2, 3, 0])
        #expect(try read(["PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "1"]) == [1, 2, 1])
        #expect(try read(["SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_LOCALID": "1"]) == [1, 2, 1])
        for local in ["2", "-1", "x"] {
            let error = #expect(throws: BatchError.self) { try Launch(["RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": local]) }
            #expect(error?.description.contains("LOCAL_RANK is \"\(local)\"; expected a number from 0 to 1") == true)
        }
    }

    @Test("variables that are missing or wrong are named")
    func variables() throws {
        let launch = try #require(try Launch(["RANK": "0", "WORLD_SIZE": "2"]))
        let cases: [([String: String], String)] = [
            ([:], "MASTER_ADDR is not set"), (["MASTER_ADDR": ""], "MASTER_ADDR is not set"),
            (["MASTER_ADDR": "localhost"], "MASTER_PORT is not set"),
            (["MASTER_ADDR": "localhost", "MASTER_PORT": "0"], "MASTER_PORT is \"0\""),
            (["MASTER_ADDR": "localhost", "MASTER_PORT": "65536"], "MASTER_PORT is \"65536\""),
            (["MASTER_ADDR": "localhost", "MASTER_PORT": "many"], "MASTER_PORT is \"many\""),
        ]
        for (environment, words) in cases {
            let error = #expect(throws: DistributedError.self) { _ = try TorchWorkers(launch, environment: environment) }
            #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
        }
    }

    @Test("one worker alone needs nobody")
    func alone() throws {
        let worker = OneWorker()
        let weight = try Tensor.of([Float(2), 3], nil)
        try weight.requireGradient()
        try worker.broadcast([weight])
        for isLast in [false, true] { try worker.backward(weight.square().sum(), parameters: [weight], isLast: isLast) }
        #expect(try weight.gradient?.floats() == [8, 12])
        #expect(try worker.sum([1.5, 2]) == [1.5, 2] && worker.rank == 0 && worker.count == 1)
        try worker.barrier()
    }

    @Test("one process of a launcher meets itself", .enabled(if: ProcessGroup.isSupported, "built without gloo's headers"))
    func single() throws {
        let store = try RendezvousStore(localWithin: 20)
        let environment = ["MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(store.port)", "TORCHELASTIC_USE_AGENT_STORE": "True"]
        let launch = try #require(try Launch(["RANK": "0", "WORLD_SIZE": "1"]))
        let workers = try TorchWorkers(launch, environment: environment)
        #expect(try workers.sum([0.1, 1e300]) == [0.1, 1e300] && workers.sum([]) == [])
        let weights = try (0..<2).map { try Tensor.of([Float($0), 3], nil) }
        for weight in weights { try weight.requireGradient() }
        // Other parameters are watched as soon as they come.
        for weight in weights + weights {
            try workers.backward(weight.square().sum(), parameters: [weight], isLast: true)
            try #expect(weight.gradient?.floats() == [2 * weight.floats()[0], 6])
            try weight.clearGradient()
        }
        withExtendedLifetime(store) {}
    }
}
