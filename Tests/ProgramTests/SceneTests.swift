import BlipTestSupport
import Foundation
import Testing

/// `scene` and the datasets made of scenes, as somebody with a terminal uses them.
@Suite("scene draws pictures to ask about") struct SceneTests {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("scene-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func scene(_ arguments: String...) throws -> Program.Outcome { try Program.run(["scene"] + arguments, in: folder) }

    private func file(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    @Test("the same seed is the same picture, another seed another one, and what is in it is said")
    func picture() throws {
        let first = try scene("--seed", "7", "--out", "a.png", "--describe")
        #expect(first.status == 0 && first.output.hasPrefix("The picture shows "))
        #expect(try scene("--seed", "7", "--out", "b.png").output.isEmpty)
        #expect(try scene("--seed", "8", "--out", "c.png").status == 0)
        #expect(try file("a.png") == file("b.png"))
        #expect(try file("a.png") != file("c.png"))
        let json = try scene("--seed", "7", "--out", "a.png", "--json", "--style", "held-out", "--size", "64").json()
        #expect(json["seed"] as? Int == 7 && json["files"] as? [String] == ["a.png"] && json["size"] as? Int == 64)
        let facts = try #require(json["scene"] as? [String: Any])
        let objects = try #require(facts["objects"] as? [[String: Any]])
        #expect(objects.contains { $0["held_out"] as? Bool == true })
        #expect((facts["description"] as? String)?.isEmpty == false)
    }

    @Test("a clip is a folder of four frames, and a sheet one picture")
    func clipAndSheet() throws {
        let clip = try scene("--seed", "3", "--frames", "--out", "clip", "--json", "--size", "48").json()
        #expect((clip["files"] as? [String])?.count == 4 && clip["action"] as? String != nil && clip["actor"] as? Int != nil)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("clip").path).sorted().first == "frame1.png")
        let sheet = try scene("--seed", "0", "--sheet", "3x2", "--size", "48", "--out", "sheet.png", "--describe")
        #expect(sheet.status == 0 && sheet.output.split(separator: "\n").count == 6)
    }

    @Test("what cannot be drawn is refused in a sentence")
    func refusals() throws {
        for arguments in [
            ["--size", "15"], ["--size", "4000"], ["--sheet", "0x3"], ["--sheet", "6"], ["--sheet", "2x2", "--frames"], ["--style", "oil"],
            ["--sheet", "100x100", "--size", "2048"],
        ] {
            let outcome = try Program.run(["scene", "--seed", "1", "--out", "x.png"] + arguments, in: folder)
            #expect(outcome.status == 64 && !outcome.errors.isEmpty, "\(arguments): \(outcome.status)")
        }
        #expect(try scene("--seed", "1", "--out", "no/where/x.png").status == 70)
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("x.png").path))
    }

    @Test("sets of scenes are listed, shown, counted and converted like any dataset, without files")
    func datasets() throws {
        let list = try Program.run(["data", "list"], in: folder)
        #expect(list.output.split(separator: "\n").contains { $0.hasPrefix("scenes_vqa ") && $0.hasSuffix("train, val, test") })
        let shown = try Program.run(["data", "show", "scenes_visdial", "--n", "2", "--html", "page.html"], in: folder)
        #expect(shown.status == 0 && shown.output.contains("made by this package"))
        #expect(try String(decoding: file("page.html"), as: UTF8.self).contains("data:image/png;base64"))
        let stats = try Program.run(["data", "stats", "scenes_memes", "--json"], in: folder).json()
        #expect(stats["samples"] as? Int == 500 && stats["distinct_pictures"] as? Int ?? 0 > 480)
        #expect(try Program.run(["data", "check", "scenes_memes"], in: folder).status == 0)
        let converted = try Program.run(["data", "convert", "scenes_memes", "--output", "memes.tar"], in: folder)
        #expect(converted.status == 0, "\(converted.errors)")
    }
}
