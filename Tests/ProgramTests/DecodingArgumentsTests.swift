import BlipTestSupport
import Foundation
import Testing

/// Decoding options, ranking and heat maps from the command line.
@Suite("instructblip decodes, ranks and draws") struct DecodingArgumentsTests {
    private let base = [
        "ask", Fixtures.picture("shapes.png").path, "What is in the picture?", "--model", Fixtures.checkpoint("flan-t5").path, "--json",
    ]

    @Test("several answers come as sequences, best first")
    func sequences() throws {
        let beams = try Program.run(base + ["--num-beams", "3", "--n", "2", "--max-tokens", "6"]).json()
        let sequences = try #require(beams["sequences"] as? [[String: Any]])
        #expect(sequences.count == 2)
        #expect(Set(sequences[0].keys) == ["answer", "token_ids", "score"])
        #expect(sequences[0]["token_ids"] as? [Int] == beams["token_ids"] as? [Int])
        let scores = sequences.compactMap { $0["score"] as? Double }
        #expect(scores == scores.sorted(by: >))
    }

    @Test("a seed makes draws repeatable, and a temperature of 0 draws nothing")
    func sampling() throws {
        let drawn = base + ["--temperature", "1.5", "--top-k", "40", "--top-p", "0.95", "--min-p", "0.01", "--max-tokens", "10"]
        func ids(_ arguments: [String]) throws -> [Int] { try Program.run(arguments).json()["token_ids"] as? [Int] ?? [] }
        #expect(try ids(drawn + ["--seed", "5"]) == ids(drawn + ["--seed", "5"]))
        #expect(try ids(drawn + ["--seed", "5"]) != ids(drawn + ["--seed", "6"]))
        #expect(try ids(base + ["--temperature", "0", "--max-tokens", "10"]) == ids(base + ["--max-tokens", "10"]))
    }

    @Test("presets set options, and options beside them win")
    func presets() throws {
        let preset = try Program.run(base + ["--preset", "vqa", "--log-probabilities"]).json()
        let ids = try #require(preset["token_ids"] as? [Int])
        #expect(ids.count <= 10)
        #expect((preset["log_probabilities"] as? [Double])?.count == ids.count)
        let shorter = try Program.run(base + ["--preset", "vqa", "--max-tokens", "3"]).json()
        #expect((shorter["token_ids"] as? [Int])?.count ?? 9 <= 3)
    }

    @Test("the picture may be given by --image, and a mark in front of candidates belongs to none")
    func forms() throws {
        let places = try Program.run(base)
        let picture = base[1]
        let named = try Program.run([base[0]] + base.dropFirst(2) + ["--image", picture])
        #expect(places.status == 0 && named.status == 0, "\(named.errors)")
        let ids = try (places.json()["token_ids"] as? [Int], named.json()["token_ids"] as? [Int])
        #expect(ids.0 == ids.1 && ids.0 != nil)
        let rank = ["rank", picture, "Why?", "--model", Fixtures.checkpoint("vicuna").path, "--candidates", "-", "--json"]
        let marked = try Program.run(rank, input: Data("\u{FEFF}red\r\nblue\r\n".utf8)).json()
        let names = (marked["candidates"] as? [[String: Any]])?.compactMap { $0["candidate"] as? String }
        #expect(Set(names ?? []) == ["red", "blue"])
    }

    @Test("rank writes candidates best first, from a file or standard input")
    func rank() throws {
        let picture = Fixtures.picture("shapes.png").path
        let arguments = [
            "rank", picture, "Is there a circle?", "--model", Fixtures.checkpoint("vicuna").path, "--candidates", "-", "--json",
        ]
        let json = try Program.run(arguments, input: Data("yes\nno\n\nperhaps\n".utf8)).json()
        #expect(Set(json.keys) == ["candidates", "timings"])
        let candidates = try #require(json["candidates"] as? [[String: Any]])
        #expect(Set(candidates.compactMap { $0["candidate"] as? String }) == ["yes", "no", "perhaps"])
        #expect(Set(candidates[0].keys) == ["candidate", "log_probability", "probability"])
        let missing = try Program.run(arguments.map { $0 == "-" ? "/nowhere.txt" : $0 })
        #expect(missing.status == 66 && missing.errors.contains("/nowhere.txt"))
        let empty = try Program.run(arguments, input: Data("\n \n".utf8))
        #expect(empty.status == 65 && empty.errors.contains("holds no candidates"))
    }

    @Test("a heat map is drawn, alone, beside another, and query by query")
    func heatmap() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("heat.png").path
            for options in [
                [], ["--compare", "Why?"], ["--heatmap-grid"], ["--heatmap-query", "1", "--heatmap-layer", "0"],
                ["--heatmap-answer", "--compare", "Why?"],
            ] {
                let outcome = try Program.run(base + ["--max-tokens", "2", "--heatmap", file] + options)
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: file)).starts(with: [0x89, 0x50, 0x4E, 0x47]))
            }
            for options in [["--heatmap-query", "99"], ["--heatmap-layer", "99"]] {
                let outcome = try Program.run(base + ["--heatmap", file] + options)
                #expect(outcome.status == 64 && outcome.output.isEmpty && outcome.errors.contains("expected 0 to"), "\(outcome)")
            }
            #expect(try Program.run(base + ["--compare", "Why?"]).status == 64)
            #expect(try Program.run(base + ["--heatmap", file, "--heatmap-answer", "--heatmap-grid"]).status == 64)
        }
    }
}
