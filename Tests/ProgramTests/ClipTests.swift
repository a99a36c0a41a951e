import BlipImages
import BlipTestSupport
import Foundation
import Testing

@Suite("instructblip reads clips") struct ClipTests {
    private let model = ["--model", Fixtures.checkpoint("flan-t5").path, "--max-tokens", "4"]
    private let clip = Fixtures.picture("moving.gif").path
    private let folder = Fixtures.picture("frames").path

    private func file(_ number: Int) -> String { Fixtures.picture("frames/frame\(number).png").path }

    @Test("an animation, the folder of its frames, and the frames one by one are the same")
    func same() throws {
        let expected = try Program.run(
            ["ask", file(1), "Why?", "--image", file(3), "--image", file(6), "--image", file(8), "--json"] + model)
        let json = try expected.json()
        #expect(json["frames"] as? Int == 4)
        for source in [clip, folder] {
            let found = try Program.run(["ask", source, "Why?", "--json"] + model)
            #expect(found.status == 0, "\(found.errors)")
            #expect(try found.json()["token_ids"] as? [Int] == json["token_ids"] as? [Int])
            #expect(try found.json()["prompt_tokens"] as? Int == json["prompt_tokens"] as? Int)
            #expect(Set(try found.json().keys) == Set(json.keys))
        }
        let piped = try Program.run(["ask", "-", "Why?", "--json"] + model, input: Data(contentsOf: URL(fileURLWithPath: clip)))
        #expect(try piped.json()["token_ids"] as? [Int] == json["token_ids"] as? [Int])
    }

    @Test("--frames says how many; with one, the first is a picture")
    func frames() throws {
        let two = try Program.run(["ask", clip, "Why?", "--frames", "2", "--image", folder, "--json"] + model)
        #expect(try two.json()["frames"] as? Int == 4)
        let all = try Program.run(["ask", folder, "Why?", "--frames", "64", "--json"] + model)
        #expect(try all.json()["frames"] as? Int == 10)
        let (one, still) = (
            try Program.run(["ask", clip, "Why?", "--frames", "1"] + model), try Program.run(["ask", file(1), "Why?"] + model)
        )
        #expect(one.output == still.output && one.status == 0)
        for wrong in ["0", "65", "x"] { #expect(try Program.run(["ask", clip, "Why?", "--frames", wrong] + model).status == 64) }
    }

    @Test("chat takes clips, at first and on the way")
    func chat() throws {
        let lines = "Why?\n/image \(folder)\nWhy?\n/image \(file(1))\nWhy?\n"
        let outcome = try Program.run(["chat", clip] + model, input: Data(lines.utf8))
        let (moving, still) = (try Program.run(["ask", clip, "Why?"] + model), try Program.run(["ask", file(1), "Why?"] + model))
        #expect(outcome.output == moving.output + moving.output + still.output, "\(outcome.errors)")
    }

    @Test("rank takes an animation's first frame")
    func rank() throws {
        let tail = ["Why?", "--candidates", "-", "--model", Fixtures.checkpoint("flan-t5").path]
        let candidates = Data("red\nblue\n".utf8)
        let (moving, still) = (
            try Program.run(["rank", clip] + tail, input: candidates), try Program.run(["rank", file(1)] + tail, input: candidates)
        )
        #expect(moving.status == 0 && moving.output == still.output, "\(moving.errors)")
    }

    @Test("frames' heat maps stand in a row, those of a second instruction below")
    func heatmaps() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("heat.png")
            let outcome = try Program.run(["ask", clip, "Why?", "--frames", "3", "--heatmap", file.path, "--compare", "What?"] + model)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let sheet = try ImageSource.file(file).load()
            #expect(sheet.width == 208 && sheet.height == 104)
            let grid = try Program.run(["ask", clip, "Why?", "--heatmap", file.path, "--heatmap-grid"] + model)
            #expect(grid.status == 64 && grid.errors.contains("--frames 1"))
        }
    }

    @Test("what is no clip, and a video without ffmpeg, are told in one sentence")
    func refusals() async throws {
        try await withTemporaryFolder { empty in
            let none = try Program.run(["ask", empty.path, "Why?"] + model)
            #expect(none.status == 65 && none.errors.contains("is a folder without pictures"))
            let video = empty.appendingPathComponent("a.mp4")
            try Data("\0\0\0\u{18}ftypisom".utf8).write(to: video)
            let missing = try Program.run(["ask", video.path, "Why?"] + model, environment: ["PATH": empty.path])
            #expect(missing.status == 69 && missing.errors.contains("install FFmpeg") && missing.errors.split(separator: "\n").count == 1)
            #expect(try Program.run(["rank", folder, "Why?", "--candidates", "-"] + model.prefix(2), input: Data("a\n".utf8)).status == 65)
        }
    }
}
