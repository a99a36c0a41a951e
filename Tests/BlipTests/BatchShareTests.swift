import BlipTestSupport
import Foundation
import Testing

@testable import Blip

@Suite("Processes share the work, and lose nothing") struct BatchShareTests {
    private let text = FakeRun.text(23)

    private func whole(in folder: URL) async throws -> String {
        let file = folder.appendingPathComponent("whole.jsonl")
        _ = try await FakeRun.run(text, file)
        defer { unlink(file.path) }
        return try FakeRun.contents(file)
    }

    @Test("two or three, in any order, make the same file", arguments: [[0, 1], [1, 0], [0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]])
    func orders(_ ranks: [Int]) async throws {
        try await withTemporaryFolder { folder in
            let (whole, output) = (try await whole(in: folder), folder.appendingPathComponent("out.jsonl"))
            for (place, rank) in ranks.enumerated() {
                let (report, _) = try await FakeRun.run(text, output, rank: rank, of: ranks.count)
                #expect(report.isComplete == (place == ranks.count - 1))
                #expect(FileManager.default.fileExists(atPath: output.path) == report.isComplete)
                // The last one tells of all.
                if report.isComplete { #expect((report.answers, report.errors) == (14, 9)) }
                // Doing it again changes nothing.
                #expect(try await FakeRun.run(text, output, rank: rank, of: ranks.count).asked == 0)
            }
            #expect(try FakeRun.contents(output) == whole)
            #expect(try FakeRun.names(folder) == ["out.jsonl"])
        }
    }

    @Test("all at once make the same file", arguments: [2, 3, 8, 40])
    func atOnce(_ count: Int) async throws {
        try await withTemporaryFolder { folder in
            let (whole, output, text) = (try await whole(in: folder), folder.appendingPathComponent("out.jsonl"), text)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for rank in 0..<count {
                    group.addTask { _ = try await FakeRun.run(text, output, rank: rank, of: count, batch: 1) }
                }
                try await group.waitForAll()
            }
            #expect(try FakeRun.contents(output) == whole)
            #expect(try FakeRun.names(folder) == ["out.jsonl"])
        }
    }

    @Test("one that was killed at any byte is made good by the same command", arguments: [0, 1, 2])
    func killed(_ victim: Int) async throws {
        try await withTemporaryFolder { folder in
            let (whole, output) = (try await whole(in: folder), folder.appendingPathComponent("out.jsonl"))
            let part = folder.appendingPathComponent("out.jsonl.part-\(victim)-of-3")
            _ = try await FakeRun.run(text, output, rank: victim, of: 3)
            let written = try Data(contentsOf: part)
            for length in stride(from: 0, through: written.count, by: 7) {
                for file in try FakeRun.names(folder) { try FileManager.default.removeItem(at: folder.appendingPathComponent(file)) }
                try written.prefix(length).write(to: part)
                for rank in 0..<3 where rank != victim { _ = try await FakeRun.run(text, output, rank: rank, of: 3) }
                if length < written.count { #expect(!FileManager.default.fileExists(atPath: output.path)) }
                _ = try await FakeRun.run(text, output, rank: victim, of: 3)
                try #require(try FakeRun.contents(output) == whole, "cut at \(length)")
            }
        }
    }

    @Test("what an earlier run of any division left is taken over")
    func absorbs() async throws {
        try await withTemporaryFolder { folder in
            let (whole, output) = (try await whole(in: folder), folder.appendingPathComponent("out.jsonl"))
            // Alone, stopped; then one of three; one of two, stopped; then alone.
            await #expect(throws: FakeRun.Stop.self) { try await FakeRun.run(text, output, stopsAfter: 3) }
            let third = try await FakeRun.run(text, output, rank: 2, of: 3)
            #expect(third.report.finishedBefore == 2)
            await #expect(throws: FakeRun.Stop.self) { try await FakeRun.run(text, output, rank: 1, of: 2, stopsAfter: 1) }
            #expect(try FakeRun.names(folder) == ["out.jsonl", "out.jsonl.part-1-of-2", "out.jsonl.part-2-of-3"])
            let last = try await FakeRun.run(text, output)
            #expect(last.report.finishedBefore == 6 + 5 + 2)
            #expect(try FakeRun.contents(output) == whole)
            #expect(try FakeRun.names(folder) == ["out.jsonl"])
            // And divided after alone.
            try FileManager.default.removeItem(at: output)
            await #expect(throws: FakeRun.Stop.self) { try await FakeRun.run(text, output, stopsAfter: 4) }
            for rank in [1, 0] { _ = try await FakeRun.run(text, output, rank: rank, of: 2) }
            #expect(try FakeRun.contents(output) == whole)
        }
    }

    @Test("errors are tried again, and everything overwritten, by every process for its share")
    func again() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let fixed = folder.appendingPathComponent("fixed.jsonl")
            _ = try await FakeRun.run(text, fixed, fails: false)
            for ranks in [[0, 1], [1, 0]] {
                _ = try await FakeRun.run(text, output, .overwrite)
                for rank in ranks { _ = try await FakeRun.run(text, output, .retryErrors, rank: rank, of: 2, fails: false) }
                #expect(try FakeRun.contents(output) == FakeRun.contents(fixed))
            }
            _ = try await FakeRun.run(FakeRun.text(30), output, .overwrite)
            for rank in [0, 1] { _ = try await FakeRun.run(text, output, .overwrite, rank: rank, of: 2, fails: false) }
            #expect(try FakeRun.contents(output) == FakeRun.contents(fixed))
            #expect(try FakeRun.names(folder) == ["fixed.jsonl", "out.jsonl"])
        }
    }

    @Test("files with similar names are no parts")
    func similarNames() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let names = ["out.jsonl.part-3-of-3", "out.jsonl.part-a-of-2", "out.jsonl.part--1-of-2", "out.jsonl.part-1", "out.jsonl.parts"]
            for name in names { try Data("mine".utf8).write(to: folder.appendingPathComponent(name)) }
            _ = try await FakeRun.run(text, output)
            #expect(try FakeRun.names(folder) == (names + ["out.jsonl"]).sorted())
        }
    }

    @Test("what launchers say is understood, and contradictions are refused")
    func launchers() throws {
        func share(_ environment: [String: String]) throws -> [Int] {
            let share = try BatchShare.launched(environment)
            return [share.rank, share.count]
        }
        #expect(try share([:]) == [0, 1])
        #expect(try share(["RANK": "1", "WORLD_SIZE": "3", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"]) == [1, 3])
        #expect(try share(["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"]) == [2, 3])
        #expect(try share(["PMI_RANK": "0", "PMI_SIZE": "2"]) == [0, 2])
        #expect(try share(["SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_NTASKS": "4"]) == [1, 2])
        // The script of sbatch itself: nobody else does the other shares.
        #expect(try share(["SLURM_PROCID": "0", "SLURM_NTASKS": "2"]) == [0, 1])
        #expect(try share(["SLURM_NTASKS": "2"]) == [0, 1])
        #expect(try share(["RANK": "", "WORLD_SIZE": ""]) == [0, 1])
        let wrong = [
            ["RANK": "3", "WORLD_SIZE": "3"], ["RANK": "-1", "WORLD_SIZE": "3"], ["RANK": "0"], ["WORLD_SIZE": "2"], ["PMI_SIZE": "2"],
            ["RANK": "one", "WORLD_SIZE": "3"], ["RANK": "0", "WORLD_SIZE": "0"], ["RANK": "0", "WORLD_SIZE": "many"],
            ["SLURM_STEP_NUM_TASKS": "2"], ["RANK": "0", "WORLD_SIZE": "99999999999999999999"],
        ]
        for environment in wrong { #expect(throws: BatchError.self) { try BatchShare.launched(environment) } }
        #expect(throws: BatchError.self) { try BatchShare(rank: 2, count: 2) }
        let run = BatchRun(try FakeRun.questions(text), to: .lines { _ in }, share: try BatchShare(rank: 0, count: 2))
        #expect(throws: BatchError.shareWithoutFile(rank: 0, count: 2)) { try run.begin() }
    }
}
