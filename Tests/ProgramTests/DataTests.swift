import BlipTestSupport
import Foundation
import Testing

/// The verbs about data, as somebody with a terminal uses them.
@Suite("instructblip data")
struct DataTests {
    static let root = Fixtures.root.appendingPathComponent("datasets").path
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func data(_ arguments: String...) throws -> Program.Outcome { try Program.run(["data"] + arguments, in: folder) }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private func picture(_ name: String, cutTo bytes: Int? = nil) throws {
        let picture = try Data(contentsOf: Fixtures.root.appendingPathComponent("pictures/shapes.jpg"))
        try (bytes.map { picture.prefix($0) } ?? picture).write(to: folder.appendingPathComponent(name))
    }

    /// A conversation of two turns, and everything that can be wrong.
    private func own() throws {
        try picture("a.jpg")
        try picture("cut.jpg", cutTo: 3_000)
        try write(
            """
            [{"id": "1", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image>\\nWhat is it?"}, {"from": "gpt", "value": "A <b>cat</b>."},
              {"from": "human", "value": "Where?"}, {"from": "gpt", "value": "On a mat."}]},
             {"id": "2", "image": "cut.jpg", "conversations": [{"from": "human", "value": "<image> And this?"}, {"from": "gpt", "value": " "}]},
             {"id": "3", "image": "gone.jpg", "conversations": [{"from": "human", "value": "<image> And this?"}, {"from": "gpt", "value": "x"}]},
             {"id": "4", "image": "a.jpg", "modle": 1, "conversations": [{"from": "gpt", "value": "<image>"}]},
             {"id": "5", "image": "a.jpg", "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "x"}]},
             {"id": "3", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image> Why?"}, {"from": "gpt", "value": "x"}]}]
            """, "own.json")
    }

    @Test("list shows 26 datasets and the scenes, and which files are there")
    func list() throws {
        let outcome = try data("list", "--root", Self.root)
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count { !$0.hasPrefix("scenes_") } == 27)
        #expect(
            lines.contains {
                $0.hasPrefix("okvqa ") && $0.contains("held-in") && $0.contains("train 9,009") && $0.hasSuffix("train*, val*")
            })
        let json = try data("list", "--root", folder.path, "--json").json()
        let listed = try #require(json["datasets"] as? [[String: Any]])
        let datasets = listed.filter { ($0["name"] as? String)?.hasPrefix("scenes_") == false }
        #expect(datasets.count == 26 && listed.count >= 26 + 14)
        #expect(Set(datasets.compactMap { $0["category"] as? String }).count == 11)
        #expect(datasets.count { $0["role"] as? String == "held-out" } == 13)
        let splits = datasets.flatMap { $0["splits"] as? [[String: Any]] ?? [] }
        #expect(splits.count > 40 && splits.allSatisfy { $0["found"] as? Bool == false })
    }

    @Test("show prints the card, samples after templates, and draws a page")
    func show() throws {
        let outcome = try data("show", "okvqa", "--root", Self.root, "--split", "val", "--from", "1", "--html", "page.html")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("https://okvqa.allenai.org") && outcome.output.contains("motocross ×6"))
        let page = try String(contentsOf: folder.appendingPathComponent("page.html"), encoding: .utf8)
        #expect(page.contains("What café sells this") && page.contains("COCO_val2014_000000297147.jpg"))
        // Without files the card says what to fetch, and that is all.
        let card = try data("show", "vizwiz", "--root", folder.path)
        #expect(card.status == 0 && card.output.contains("missing") && card.output.contains("http"))
        #expect(try data("show", "vizwiz", "--root", folder.path, "--split", "val").status == 66)
    }

    @Test("show draws the pictures of one's own data, and what they say cannot become part of the page")
    func page() throws {
        try own()
        let outcome = try data("show", "own.json", "--from", "1", "--n", "2", "--html", "page.html")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("What is it? A <b>cat</b>. Where?"))
        let page = try String(contentsOf: folder.appendingPathComponent("page.html"), encoding: .utf8)
        #expect(page.contains("src=\"data:image/png;base64,iVBOR") && page.contains("A &lt;b&gt;cat&lt;/b&gt;.") && !page.contains("<b>"))
        #expect(try data("show", "own.json", "--from", "99").status == 64)
    }

    @Test("marks that join a letter hide nothing from the page's escaping, and control characters do not reach the terminal")
    func hostileTexts() throws {
        try picture("a.jpg")
        let text = "\u{600}<img src=x onerror=alert(1) \u{600}> \u{1B}[2J"
        try JSONSerialization.data(withJSONObject: [["id": "1", "image": "a.jpg", "instruction": text, "answer": "x\"\u{301} onload=y"]])
            .write(to: folder.appendingPathComponent("own.json"))
        let outcome = try data("show", "own.json", "--format", "jsonl", "--from", "1", "--html", "page.html")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(!outcome.output.contains("\u{1B}") && outcome.output.contains("\\u{1b}[2J"))
        let page = try Data(contentsOf: folder.appendingPathComponent("page.html"))
        #expect(page.range(of: Data("<img src=x".utf8)) == nil && page.range(of: Data("&lt;img src=x".utf8)) != nil)
        #expect(page.range(of: Data("x\"".utf8)) == nil)
    }

    @Test("nothing that was read is written over")
    func overwriting() throws {
        try picture("a.jpg")
        try write("{\"image\": \"a.jpg\", \"instruction\": \"What?\", \"answer\": \"A cat.\"}\n", "own.jsonl")
        let before = try Data(contentsOf: folder.appendingPathComponent("own.jsonl"))
        for arguments in [
            ["check", "own.jsonl", "--report", "own.jsonl"], ["show", "own.jsonl", "--html", "own.jsonl"],
            ["convert", "own.jsonl", "--output", "own.jsonl"],
        ] {
            let outcome = try Program.run(["data"] + arguments, in: folder)
            #expect(outcome.status == 70 && outcome.errors.contains("it is what is read"), "\(arguments) \(outcome.errors)")
        }
        #expect(try Data(contentsOf: folder.appendingPathComponent("own.jsonl")) == before)
    }

    @Test("check finds missing and broken pictures, wrong turns, empty answers, unknown keys and ids that come twice")
    func check() throws {
        try own()
        let outcome = try data("check", "own.json", "--json", "--report", "report.jsonl")
        #expect(outcome.status == 65)
        let json = try outcome.json()
        #expect(json["ok"] as? Bool == false && json["samples"] as? Int == 7)
        #expect(
            json["problems"] as? [String: Int] == [
                "broken_image": 1, "missing_image": 1, "empty_answer": 1, "role_order": 1, "image_count": 1, "duplicate_id": 1,
                "unknown_key": 1,
            ])
        let report = try String(contentsOf: folder.appendingPathComponent("report.jsonl"), encoding: .utf8).split(separator: "\n")
        #expect(report.count == 8 && report.last?.contains("\"samples\":7") == true)
        #expect(report.contains { $0.contains("gone.jpg is not there") } && report.contains { $0.contains("modle") })
        let text = try data("check", "own.json", "--pictures", "none")
        #expect(text.output.contains("role_order: sample 5: own.json, record 4") && !text.output.contains("missing_image"))
    }

    @Test("check is content with data that is in order, whatever keys it has besides")
    func clean() throws {
        try picture("a.jpg")
        try write("{\"image\": \"a.jpg\", \"instruction\": \"What?\", \"answer\": \"A cat.\", \"scource\": \"mine\"}\n", "own.jsonl")
        let outcome = try data("check", "own.jsonl")
        #expect(outcome.status == 0 && outcome.output.contains("unknown_key 1"))
        #expect(try data("check", "own.jsonl", "--strict").status == 65)
    }

    @Test("convert to lines and to shards loses nothing, and leaves nothing half-written")
    func convert() throws {
        try own()
        let refused = try data("convert", "own.json", "--output", "a.jsonl")
        #expect(refused.status == 65 && refused.errors.contains("more than the 0 allowed"))
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("a.jsonl").path))
        let lines = try data("convert", "own.json", "--output", "a.jsonl", "--max-bad-samples", "9")
        #expect(lines.status == 65 && lines.output.contains("5 samples in"))
        let shown = try data("show", "a.jsonl", "--from", "1", "--json").output
        #expect(
            try data("show", "own.json", "--from", "1", "--n", "4", "--json").output == shown.split(separator: "\n").prefix(4).joined(
                separator: "\n") + "\n")
        let shards = try data("convert", "a.jsonl", "--output", "a.tar", "--max-bad-samples", "9")
        #expect(shards.output.contains("4 samples in"))
        #expect(try data("stats", "a-shards.json", "--json").json()["samples"] as? Int == 4)
    }

    @Test("stats counts samples, words and answers")
    func stats() throws {
        let json = try data("stats", "okvqa", "--root", Self.root, "--split", "val", "--json").json()
        #expect(json["samples"] as? Int == 2 && json["distinct_pictures"] as? Int == 2)
        #expect((json["answers"] as? [[String: Any]])?.count == 2)
        #expect(try data("stats", "okvqa", "--root", Self.root, "--split", "val").output.contains("words on average"))
    }

    @Test("mixture prints the paper's table without files, and counts and leaves out with them")
    func mixture() throws {
        let recipe = Fixtures.root.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "Recipes/paper-mixture.yaml"
        ).path
        let json = try data("mixture", recipe, "--official", "--draws", "11520000", "--json").json()
        let rows = try #require(json["rows"] as? [[String: Any]])
        #expect(rows.count == 14)
        #expect(abs(rows.compactMap { $0["probability"] as? Double }.reduce(0, +) - 1) < 1e-9)
        try write(
            "training: {steps: 100, batch: 4}\ndata:\n  root: \(Self.root)\n  exclude: [okvqa/val]\n  datasets: [{name: okvqa, split: val}, aokvqa]\n",
            "p.yaml")
        let emptied = try data("mixture", "p.yaml")
        #expect(emptied.status == 64 && emptied.errors.contains("kept out of training for okvqa/val"))
        let counted = try data("mixture", "p.yaml", "--set", "data.exclude=nothing", "--json").json()
        #expect((counted["rows"] as? [[String: Any]])?.compactMap { $0["samples"] as? Int }.first == 2 && counted["draws"] as? Int == 400)
        #expect(try data("mixture", recipe, "--official").output.contains("capfilt"))
        // What a plan leaves out is as training has it: batches of 128, 60,000 steps.
        for (training, draws) in [("steps: 100", 12_800), ("batch: 2", 120_000)] {
            try write("training: {\(training)}\ndata: {datasets: [scenes_vqa], exclude: nothing}\n", "q.yaml")
            #expect(try data("mixture", "q.yaml", "--json").json()["draws"] as? Int == draws)
        }
    }

    @Test("mistakes are said in a sentence, with an exit status")
    func mistakes() throws {
        try write("nothing anybody knows", "x.bin")
        for (arguments, status, message) in [
            (["show", "okvqq"], 64, "did you mean okvqa"), (["show", "okvqa", "--split", "dev"], 64, "it has train, val"),
            (["check", "x.bin"], 65, "x.bin"), (["stats", "gone.json"], 66, "gone.json, which is not there"),
            (["show", "x.bin", "--split", "val"], 64, "--split is for datasets of the catalog"),
            (["show", "okvqa", "--format", "llava"], 64, "data of your own"),
            (["mixture", "gone.yaml"], 66, "gone.yaml"), (["convert", "x.bin", "--output", "y.csv"], 64, "must end in .jsonl or .tar"),
            (["show", "okvqa", "--n", "0"], 64, "--n must be between"), (["check", folder.path + "/none/x.jsonl"], 66, "check the path"),
        ] as [([String], Int32, String)] {
            let outcome = try Program.run(["data"] + arguments, in: folder)
            #expect(outcome.status == status && outcome.errors.contains(message), "\(arguments): \(outcome.status) \(outcome.errors)")
        }
    }
}
