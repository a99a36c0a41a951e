import BlipImages
import BlipTestSupport
import Foundation
import Testing

@Suite("demo shows what the built-in model can do") struct DemoTests {
    @Test("five instructions with answers and truth, a picture with six tiles, and a score")
    func whole() async throws {
        try await withTemporaryFolder { folder in
            let outcome = try Program.run(["demo", "--seed", "5", "--out", "sheet.png", "--score", "8"], in: folder)
            #expect(outcome.status == 0 && !outcome.errors.contains("note:"), "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("Scene 5, which no training has seen"))
            #expect(outcome.output.contains("\n8 fresh scenes with a question each (scenes_vqa): "))
            let picture = try ImageSource.file(folder.appendingPathComponent("sheet.png")).load()
            #expect(picture.width > 3 * 256 && picture.height > 2 * 256)

            let json = try Program.run(["demo", "--seed", "5", "--out", "other.png", "--score", "8", "--json"], in: folder).json()
            #expect(json["seed"] as? Int == 5 && json["model"] as? String == "scenes" && json["picture"] as? String == "other.png")
            let items = try #require(json["items"] as? [[String: Any]])
            #expect(items.map { $0["name"] as? String } == ["question", "caption", "reading", "counting", "statement"])
            #expect(items.allSatisfy { ($0["truth"] as? [String])?.isEmpty == false && $0["answer"] is String })
            #expect(items.map { $0["right"] is Bool } == [true, false, true, true, true] && items[1]["facts_right"] is Double)
            let score = try #require(json["score"] as? [String: Any])
            #expect(score["count"] as? Int == 8 && score["benchmark"] as? String == "scenes_vqa" && score["value"] is Double)
            #expect(
                try Data(contentsOf: folder.appendingPathComponent("other.png"))
                    == Data(contentsOf: folder.appendingPathComponent("sheet.png")))
        }
    }

    @Test("any model can be asked, and the score left out")
    func otherModel() async throws {
        try await withTemporaryFolder { folder in
            let outcome = try Program.run(
                ["demo", "--score", "0", "--json", "--model", Fixtures.checkpoint("vicuna").path, "--threads", "1"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try outcome.json()["score"] == nil)
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("demo.png").path))
        }
    }

    @Test("mistakes are told before anything is computed")
    func refusals() throws {
        let wrong = try Program.run(["demo", "--score", "-1"])
        #expect(wrong.status == 64 && wrong.errors.contains("--score"))
        let place = try Program.run(["demo", "--out", "/nowhere/demo.png", "--score", "0"])
        #expect(place.status == 70 && place.errors.contains("/nowhere/demo.png"), "\(place.errors)")
    }
}
