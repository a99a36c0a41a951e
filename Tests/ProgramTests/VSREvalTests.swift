import BlipImages
import BlipTestSupport
import Foundation
import Testing

/// `eval --benchmarks vsr` on annotations byte for byte as cambridgeltl/visual-spatial-reasoning publishes them.
@Suite("VSR as it is published, from its lines to a score") struct VSREvalTests {
    /// Lines of `data/splits/zeroshot/test.jsonl` (votes as texts, an object's name that is cut) and of the files' older form (votes as
    /// lists, without subject and object).
    private static let lines = [
        #"{"image": "000000017697.jpg", "image_link": "http://images.cocodataset.org/train2017/000000017697.jpg", "caption": "The car is behind the suitcase.", "label": 1, "relation": "behind", "subj": "car", "obj": "suitcase", "annotator_id": 2, "vote_true_validator_id": "[18, 2]", "vote_false_validator_id": "[1]"}"#,
        #"{"image": "000000470862.jpg", "image_link": "http://images.cocodataset.org/train2017/000000470862.jpg", "caption": "The handbag is right of the cat.", "label": 0, "relation": "right of", "subj": "andbag", "obj": "cat", "annotator_id": 29, "vote_true_validator_id": "[2]", "vote_false_validator_id": "[53, 19]"}"#,
        #"{"image": "000000001675.jpg", "image_link": "http://images.cocodataset.org/val2017/000000001675.jpg", "caption": "The cat is on the keyboard.", "label": 0, "relation": "on", "subj": "cat", "obj": "keyboard", "annotator_id": 29, "vote_true_validator_id": "[]", "vote_false_validator_id": "[2, 8, 65]"}"#,
        #"{"image":"000000085637.jpg","image_link":"http://images.cocodataset.org/train2017/000000085637.jpg","caption":"The potted plant is at the right side of the bench.","label":1,"relation":"at the right side of","annotator_id":31,"vote_true_validator_id":[2,6],"vote_false_validator_id":[]}"#,
        #"{"image": "000000085637.jpg", "image_link": "http://images.cocodataset.org/train2017/000000085637.jpg", "caption": "The bed is beneath the suitcase.", "label": 1, "relation": "beneath", "subj": "bed", "obj": "suitcase", "annotator_id": 37, "vote_true_validator_id": "[2, 22, 59]", "vote_false_validator_id": "[]"}"#,
    ]

    /// The pictures that the lines are about.
    private static let pictures = [
        "train2017/000000017697.jpg", "train2017/000000470862.jpg", "val2017/000000001675.jpg", "train2017/000000085637.jpg",
    ]

    private func write(_ root: URL, pictures: [String]) throws {
        let file = root.appendingPathComponent("vsr/data/splits/zeroshot/test.jsonl")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(Self.lines.map { $0 + "\n" }.joined().utf8).write(to: file)
        for (number, name) in pictures.enumerated() {
            let file = root.appendingPathComponent("coco/\(name)")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let pixels: [UInt8] = (0..<400).flatMap { place -> [UInt8] in
                let (row, column) = (place / 20, place % 20)
                return [UInt8(column * 12), UInt8(number * 60), UInt8(row * 12)]
            }
            try Data(RGBImage(width: 20, height: 20, pixels: pixels).pngData()).write(to: file)
        }
    }

    private func evaluate(_ root: URL, _ out: URL, _ more: [String] = []) throws -> Program.Outcome {
        try Program.run(
            [
                "eval", "run", "--model", Fixtures.checkpoint("flan-t5").path, "--benchmarks", "vsr", "--root", root.path, "--out",
                out.path,
                "--threads", "1", "--json",
            ] + more)
    }

    private func accuracy(_ outcome: Program.Outcome) throws -> (value: Double, count: Int) {
        let found = try #require((try outcome.json()["vsr"] as? [String: Any])?["multiple_choice_accuracy"] as? [String: Any])
        return (try #require(found["value"] as? Double), try #require(found["count"] as? Int))
    }

    @Test("without a picture there is no score, and the first missing file is named; with some, the rest is counted and told of")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root, pictures: [])
            let none = try evaluate(root, folder.appendingPathComponent("none"))
            #expect(none.status == 65 && none.errors.contains("all 5 samples of vsr failed"), "\(none.errors)")
            #expect(none.errors.contains("train2017/000000017697.jpg"), "\(none.errors)")
            try write(root, pictures: Array(Self.pictures.prefix(2)))
            let out = folder.appendingPathComponent("some")
            let some = try evaluate(root, out)
            #expect(some.status == 65)
            #expect(try accuracy(some).count == 2)
            for said in ["vsr, sample 3", "val2017/000000001675.jpg", "vsr, sample 4", "vsr, sample 5"] {
                #expect(some.errors.contains(said), "\(some.errors)")
            }
            // With the pictures there, the errors are tried again, and what was answered stays.
            try write(root, pictures: Self.pictures)
            let rest = try evaluate(root, out, ["--retry-errors"])
            #expect(rest.status == 0, "\(rest.errors)")
            #expect(try accuracy(rest).count == 5)
        }
    }

    @Test("the statements are counted and shown as they are, without a picture")
    func parsing() async throws {
        try await withTemporaryFolder { folder in
            try write(folder, pictures: [])
            let stats = try Program.run(["data", "stats", "vsr", "--root", folder.path, "--split", "test", "--json"])
            #expect(stats.status == 0 && stats.output.contains("\"samples\":5"), "\(stats.output) \(stats.errors)")
            let shown = try Program.run(["data", "show", "vsr", "--root", folder.path, "--split", "test", "--n", "5"])
            #expect(shown.status == 0 && shown.output.contains("The potted plant is at the right side of the bench."), "\(shown.errors)")
            let check = try Program.run(["data", "check", "vsr", "--root", folder.path, "--split", "test", "--pictures", "none"])
            #expect(check.status == 0, "\(check.output) \(check.errors)")
        }
    }

    @Test("with pictures every statement is ranked or answered, by its relation too")
    func whole() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root, pictures: Self.pictures)
            let out = folder.appendingPathComponent("out")
            let ranked = try evaluate(root, out)
            #expect(ranked.status == 0, "\(ranked.errors)")
            let found = try accuracy(ranked)
            #expect(found.count == 5 && [0, 1, 2, 3, 4, 5].contains { abs(found.value - Double($0) / 5) < 1e-12 })
            let lines = try String(contentsOf: out.appendingPathComponent("predictions/vsr.jsonl"), encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 5)
            // What is said to be true is so where yes and true together are likelier than no and false.
            var right = 0
            for (line, label) in zip(lines, [1, 0, 0, 1, 1]) {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect(
                    (object["instruction"] as? String)?.hasPrefix("Based on the image, is this statement true or false? \"The ") == true)
                let scores = try #require((object["prediction"] as? [String: Any])?["scores"] as? [Double])
                #expect(scores.count == 4)
                let (yes, no) = (exp(scores[0]) + exp(scores[1]), exp(scores[2]) + exp(scores[3]))
                if (yes >= no) == (label == 1) { right += 1 }
            }
            #expect(abs(found.value - Double(right) / 5) < 1e-12)
            let table = try String(contentsOf: out.appendingPathComponent("results.md"), encoding: .utf8)
            #expect(table.contains("vsr") && table.contains("65.6"))
            let results = try #require(try FileManager.default.contentsOfDirectory(atPath: out.path).first { $0.hasPrefix("results_") })
            let text = try String(contentsOf: out.appendingPathComponent(results), encoding: .utf8)
            #expect(text.contains("at the right side of") && text.contains("\"original\" : 5"))
            let written = try evaluate(root, folder.appendingPathComponent("written"), ["--set", "vsr.answering=generate"])
            #expect(written.status == 0, "\(written.errors)")
            #expect(try accuracy(written).count == 5)
            // What was ranked is no written answer.
            let mixed = try evaluate(root, out, ["--set", "vsr.answering=generate"])
            #expect(mixed.status != 0 && mixed.errors.contains("answering"), "\(mixed.status) \(mixed.errors)")
        }
    }

    @Test("features kept on the disk change no bit, in float32 and in bfloat16, and the log counts them")
    func features() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root, pictures: Self.pictures)
            for type in ["float32", "bfloat16"] {
                let (kept, none) = (folder.appendingPathComponent("kept-\(type)"), folder.appendingPathComponent("none-\(type)"))
                let first = try evaluate(root, kept, ["--dtype", type])
                // Two statements are about one picture: it is looked at once.
                #expect(first.errors.contains("pictures of vsr: 0 came from"), "\(first.errors)")
                #expect(first.errors.contains("4 were looked at"), "\(first.errors)")
                let plain = try evaluate(root, none, ["--dtype", type, "--no-image-cache", "--batch", "2"])
                #expect(
                    !plain.errors.contains("came from")
                        && !FileManager.default.fileExists(atPath: none.appendingPathComponent("features").path))
                let predictions = try Data(contentsOf: kept.appendingPathComponent("predictions/vsr.jsonl"))
                if type == "float32" { #expect(try Data(contentsOf: none.appendingPathComponent("predictions/vsr.jsonl")) == predictions) }
                // Asked anew, all of them come from the folder, and say the same.
                try FileManager.default.removeItem(at: kept.appendingPathComponent("predictions"))
                let again = try evaluate(root, kept, ["--dtype", type])
                #expect(
                    again.errors.contains("pictures of vsr: 4 came from") && again.errors.contains("0 were looked at"), "\(again.errors)")
                #expect(try Data(contentsOf: kept.appendingPathComponent("predictions/vsr.jsonl")) == predictions)
                let same = try evaluate(root, folder.appendingPathComponent("same-\(type)"), ["--dtype", type, "--no-image-cache"])
                #expect(same.status == 0)
                #expect(try Data(contentsOf: folder.appendingPathComponent("same-\(type)/predictions/vsr.jsonl")) == predictions)
            }
            let both = try evaluate(root, folder.appendingPathComponent("x"), ["--no-image-cache", "--image-cache", folder.path])
            #expect(both.status == 64 && both.errors.contains("opposite"))
        }
    }
}
