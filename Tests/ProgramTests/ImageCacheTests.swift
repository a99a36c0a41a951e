import BlipTestSupport
import Foundation
import Testing

/// `--image-cache`, from several processes.
@Suite("--image-cache keeps pictures between runs") struct ImageCacheTests {
    private let picture = Fixtures.picture("shapes.png").path
    private let model = Fixtures.checkpoint("flan-t5").path

    private func ids(_ outcome: Program.Outcome) throws -> [Int]? {
        #expect(outcome.status == 0 && !outcome.errors.contains("note:"), "\(outcome.errors)")
        return try outcome.json()["token_ids"] as? [Int]
    }

    @Test("ask, chat and rank find what another run saw, and answer alike")
    func runs() async throws {
        try await withTemporaryFolder { folder in
            let cache = ["--image-cache", folder.appendingPathComponent("cache").path, "--image-cache-size", "500KB"]
            let ask = ["ask", picture, "Why?", "--model", model, "--max-tokens", "6", "--json"]
            let fresh = try ids(Program.run(ask))
            let first = try Program.run(ask + cache)
            let again = try Program.run(ask + cache)
            #expect(try ids(first) == fresh && ids(again) == fresh)
            func seconds(_ outcome: Program.Outcome) throws -> Double {
                try #require((try outcome.json()["timings"] as? [String: Double])?["vision_s"])
            }
            #expect(try seconds(again) < 0.5)
            let candidates = folder.appendingPathComponent("candidates.txt")
            try Data("yes\nno\n".utf8).write(to: candidates)
            let rank = ["rank", picture, "Why?", "--model", model, "--candidates", candidates.path]
            #expect(try Program.run(rank + cache).output == Program.run(rank).output)
            let chat = ["chat", picture, "--model", model, "--max-tokens", "6"]
            let question = Data("Why?\n".utf8)
            #expect(try Program.run(chat + cache, input: question).output == Program.run(chat, input: question).output)
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache[1]).count == 1)
        }
    }

    @Test("processes that write and remove the same entries at once all answer alike")
    func atOnce() async throws {
        try await withTemporaryFolder { folder in
            // Room for one entry of about 5 KB: whoever writes removes what another one may be reading.
            let pictures = ["shapes.png", "tower.png"].map { Fixtures.picture($0).path }
            let ask = pictures.map { ["ask", $0, "Why?", "--model", model, "--max-tokens", "4", "--json"] }
            let expected = try ask.map { try ids(Program.run($0)) }
            let results = try await withThrowingTaskGroup(of: (Int, Program.Outcome).self) { group in
                for run in 0..<8 {
                    let arguments = ask[run % 2] + ["--image-cache", folder.path, "--image-cache-size", "6KB"]
                    group.addTask { (run % 2, try Program.run(arguments)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (index, outcome) in results { #expect(try ids(outcome) == expected[index]) }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!left.contains { $0.hasSuffix(".partial") }, "\(left)")
        }
    }

    @Test("a damaged entry is told on standard error, and the answer is right")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let ask = ["ask", picture, "Why?", "--model", model, "--max-tokens", "6", "--image-cache", folder.path]
            let first = try Program.run(ask)
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
            try Data("{".utf8).write(to: folder.appendingPathComponent(name))
            let again = try Program.run(ask)
            #expect(
                again.output == first.output && again.errors.contains("note: ") && again.errors.contains("is damaged"), "\(again.errors)")
        }
    }

    @Test(
        "sizes that are none, a size without a folder, and a folder that is a file are refused",
        arguments: [
            (["--image-cache", "c", "--image-cache-size", "0"], "image-cache-size"),
            (["--image-cache", "c", "--image-cache-size", "2XB"], "2XB"),
            (["--image-cache", "c", "--image-cache-size", "99999999999TB"], "image-cache-size"),
            (["--image-cache-size", "2GB"], "goes with --image-cache"),
        ])
    func refused(_ options: [String], _ words: String) throws {
        let outcome = try Program.run(["ask", picture, "Why?", "--model", model] + options)
        #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test("a folder that cannot be made is one sentence; trace has no use for one")
    func folders() throws {
        let blocked = try Program.run(["ask", picture, "Why?", "--model", model, "--image-cache", picture + "/below"])
        #expect(blocked.status == 70 && blocked.errors.contains("cannot be made"), "\(blocked.errors)")
        let trace = try Program.run(["trace", picture, "Why?", "--model", model, "-o", "/dev/null", "--image-cache", "c"])
        #expect(trace.status == 64 && trace.errors.contains("anew"), "\(trace.errors)")
    }
}
