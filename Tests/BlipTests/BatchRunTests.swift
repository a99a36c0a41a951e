import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// Lists of questions, worked through without a network: every answer is made of its question.
enum FakeRun {
    static func text(_ count: Int) -> String {
        (0..<count).map { index in
            switch index % 5 {
            case 0: "{\"id\": \"é-\(index)\", \"image\": \"\(index).png\", \"instruction\": \"Why \\\"\(index)\\\"?\"}"
            case 1: "{\"image\": [\"\(index).png\", \"b.png\"], \"instruction\": \"What?\", \"n\": 1.50, \"big\": 12345678901234567890}"
            case 2: "  {\"id\":\(1000 + index),\"image\":\"bad.png\",\"instruction\":\"\"}  "
            case 3: "{\"id\": \"broken"
            default: "{\"instruction\": \"\\u00e9\", \"id\": \"\(index)\", \"image\": \"\(index).png\"}\r"
            }
        }.joined(separator: "\n") + "\n"
    }

    static func questions(_ text: String) throws -> BatchQuestions {
        try BatchQuestions(Array(text.utf8), name: "q.jsonl", root: URL(fileURLWithPath: "/pictures", isDirectory: true))
    }

    struct Stop: Error {}

    /// - Parameter limit: batches after which the run is stopped.
    static func run(
        _ text: String, _ output: URL, _ existing: BatchRun.Existing = .resume, rank: Int = 0, of count: Int = 1, batch: Int = 2,
        stopsAfter limit: Int = .max, fails: Bool = true
    ) async throws -> (report: BatchReport, asked: Int) {
        let run = BatchRun(
            try questions(text), to: .file(output, existing), share: try BatchShare(rank: rank, count: count), batchSize: batch)
        let session = try run.begin()
        var (batches, asked) = (0, 0)
        try await session.work(
            prepare: { $0 },
            answer: { questions in
                if batches == limit { throw Stop() }
                batches += 1
                asked += questions.count
                return questions.map { question in
                    let name = question.images.map { "\($0)" }.joined()
                    if fails, name.contains("bad.png") { return .failure(BatchError.noPictures(path: "bad.png")) }
                    return .success("\(question.instruction) \n\(question.images.count)")
                }
            })
        return (try session.finish(), asked)
    }

    static func contents(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    static func names(_ folder: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
}

@Suite("A run over many questions loses nothing") struct BatchRunTests {
    private let text = FakeRun.text(23)

    @Test("lines keep their question byte for byte, and get an answer or an error, in order")
    func lines() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let (report, asked) = try await FakeRun.run(FakeRun.text(5), output)
            #expect(
                try FakeRun.contents(output) == """
                    {"id": "é-0", "image": "0.png", "instruction": "Why \\"0\\"?", "answer": "Why \\"0\\"? \\u000a1"}
                    {"id": 2, "image": ["1.png", "b.png"], "instruction": "What?", "n": 1.50, "big": 12345678901234567890, "answer": "What? \\u000a2"}
                    {"id":1002,"image":"bad.png","instruction":"", "error": "\(BatchError.noPictures(path: "bad.png"))"}
                    {"line": 4, "error": "q.jsonl line 4: JSON is broken at byte 14: expected a closing quote, found the end of the text"}
                    {"instruction": "\\u00e9", "id": "4", "image": "4.png", "answer": "é \\u000a1"}

                    """)
            #expect((report.answers, report.errors, report.isComplete, asked) == (3, 2, true, 4))
            #expect(report.firstErrors.count == 2 && report.firstErrors[0].hasPrefix("1002: "))
            #expect(try FakeRun.names(folder) == ["out.jsonl"])
            // Everything is done: nothing is asked again, and nothing changes.
            let before = try FakeRun.contents(output)
            let again = try await FakeRun.run(FakeRun.text(5), output)
            #expect(again.asked == 0 && again.report.finishedBefore == 5 && again.report.errors == 2)
            #expect(try FakeRun.contents(output) == before)
        }
    }

    @Test("wherever the output was cut off, the same command makes it whole")
    func cutEverywhere() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            _ = try await FakeRun.run(text, output)
            let whole = try Data(contentsOf: output)
            for length in stride(from: whole.count, through: max(0, whole.count - 700), by: -1) {
                try whole.prefix(length).write(to: output)
                _ = try await FakeRun.run(text, output, batch: 4)
                try #require(try Data(contentsOf: output) == whole, "cut at \(length)")
            }
            // What a power cut leaves: bytes of no meaning, with and without a line break.
            for tail in [Data(count: 40), Data("\u{0}\u{0}{\n".utf8), Data("{\"id\": \"é-0".utf8)] {
                let kept = try #require(whole.prefix(whole.count / 2).lastIndex(of: 0x0A))
                try (whole.prefix(kept + 1) + tail).write(to: output)
                _ = try await FakeRun.run(text, output)
                #expect(try Data(contentsOf: output) == whole)
            }
        }
    }

    @Test("a run that was stopped after any batch goes on from there, and asks nothing twice")
    func stopped() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            _ = try await FakeRun.run(text, output)
            let whole = try FakeRun.contents(output)
            for limit in 0..<12 {
                try FileManager.default.removeItem(at: output)
                await #expect(throws: FakeRun.Stop.self) { try await FakeRun.run(text, output, stopsAfter: limit) }
                let lines = try FakeRun.contents(output)
                #expect(whole.hasPrefix(lines) && lines.split(separator: "\n").count == 2 * limit)
                let rest = try await FakeRun.run(text, output, batch: 3)
                #expect(rest.report.finishedBefore == 2 * limit)
                #expect(try FakeRun.contents(output) == whole)
            }
        }
    }

    @Test("errors are tried again on demand, and the output stays in order")
    func retries() async throws {
        try await withTemporaryFolder { folder in
            let (output, other) = (folder.appendingPathComponent("out.jsonl"), folder.appendingPathComponent("other.jsonl"))
            _ = try await FakeRun.run(text, output)
            _ = try await FakeRun.run(text, other, fails: false)
            let (report, asked) = try await FakeRun.run(text, output, .retryErrors, fails: false)
            #expect(asked == 5 && report.errors == 4)
            #expect(try FakeRun.contents(output) == FakeRun.contents(other))
            // A run that is stopped while it does so has lost no answer.
            _ = try await FakeRun.run(text, output, .overwrite)
            await #expect(throws: FakeRun.Stop.self) { try await FakeRun.run(text, output, .retryErrors, stopsAfter: 1, fails: false) }
            _ = try await FakeRun.run(text, output, fails: false)
            #expect(try FakeRun.contents(output) == FakeRun.contents(other))
        }
    }

    @Test("an output of other questions is refused, unless it may be overwritten")
    func foreign() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            _ = try await FakeRun.run(text, output)
            let whole = try FakeRun.contents(output)
            let others = [
                FakeRun.text(20), text.replacingOccurrences(of: "What?", with: "What then?"),
                text.replacingOccurrences(of: "\"4.png\"", with: "\"5.png\""),
            ]
            for other in others {
                await #expect(throws: BatchError.self) { try await FakeRun.run(other, output) }
                await #expect(throws: BatchError.self) { try await FakeRun.run(other, output, rank: 0, of: 2) }
                #expect(try FakeRun.contents(output) == whole)
            }
            for (place, damage) in [(0, "no JSON"), (3, "{\"id\": \"4\"}"), (2, "[]"), (1, "{\"id\": \"4\", \"answer\": 3}")] {
                var lines = whole.split(separator: "\n").map(String.init)
                lines[place] = damage
                try (lines.joined(separator: "\n") + "\n").write(to: output, atomically: true, encoding: .utf8)
                await #expect(throws: BatchError.self) { try await FakeRun.run(text, output) }
            }
            _ = try await FakeRun.run(others[0], output, .overwrite)
            let fresh = folder.appendingPathComponent("fresh.jsonl")
            _ = try await FakeRun.run(others[0], fresh)
            #expect(try FakeRun.contents(output) == FakeRun.contents(fresh))
        }
    }

    @Test("an output of another maker is refused, by one process and by several; without a note of it, it is gone on with")
    func makers() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            func begin(_ maker: [String: String], _ existing: BatchRun.Existing = .resume, of count: Int = 1) throws {
                var run = BatchRun(
                    try FakeRun.questions(text), to: .file(output, existing), share: try BatchShare(rank: 0, count: count))
                run.maker = maker
                _ = try run.begin()
            }
            _ = try await FakeRun.run(text, output)
            let whole = try FakeRun.contents(output)
            let maker = ["model": "a", "dtype": "float32"]
            try begin(maker)
            for count in [1, 2] {
                try begin(maker, of: count)
                for existing in [BatchRun.Existing.resume, .retryErrors] {
                    #expect(throws: BatchError.madeOtherwise(path: output.path, differing: ["dtype", "seed"])) {
                        try begin(["model": "a", "seed": "1"], existing, of: count)
                    }
                }
                #expect(try FakeRun.contents(output) == whole)
            }
            let note = folder.appendingPathComponent(".out.jsonl.maker.json")
            try Data("{".utf8).write(to: note)
            #expect(throws: BatchError.self) { try begin(maker) }
            try begin(["model": "b"], .overwrite)
            // What has no answer yet was made by nobody.
            #expect(try FakeRun.contents(output).isEmpty)
            try begin(maker)
            _ = try await FakeRun.run(text, output)
            #expect(throws: BatchError.madeOtherwise(path: output.path, differing: ["dtype", "model"])) { try begin(["model": "b"]) }
        }
    }

    @Test(
        "a file of something else is refused and left alone, even if it has no line break",
        arguments: [
            "my notes", "my notes\n", "{\"id\": 1, \"image\": \"a.png\", \"instruction\": \"Why?\"}", "{\"id\": 2", "{\"id\": 1}\n",
            "\u{0}a",
        ])
    func otherFile(_ contents: String) async throws {
        let question = "{\"id\": 1, \"image\": \"a.png\", \"instruction\": \"Why?\"}"
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("notes.txt")
            try Data(contents.utf8).write(to: output)
            for (rank, count) in [(0, 1), (1, 2)] {
                await #expect(throws: BatchError.self) { try await FakeRun.run(question, output, rank: rank, of: count) }
                #expect(try FakeRun.contents(output) == contents)
            }
            _ = try await FakeRun.run(question, output, .overwrite)
            #expect(try FakeRun.contents(output).hasPrefix(question.dropLast()))
        }
    }

    @Test("errors of questions that were repaired or taken out go when errors are tried again", arguments: [1, 2])
    func repaired(_ count: Int) async throws {
        func line(_ id: Int, _ image: String) -> String { "{\"id\": \(id), \"image\": \"\(image)\", \"instruction\": \"Why?\"}\n" }
        let before = line(1, "bad.png") + "{\"id\": \"broken\n" + line(3, "c.png") + line(4, "bad.png")
        let after = line(1, "a.png") + line(2, "b.png") + line(3, "c.png")
        try await withTemporaryFolder { folder in
            let (output, fresh) = (folder.appendingPathComponent("out.jsonl"), folder.appendingPathComponent("fresh.jsonl"))
            _ = try await FakeRun.run(after, fresh)
            _ = try await FakeRun.run(before, output)
            let error = await #expect(throws: BatchError.self) { try await FakeRun.run(after, output) }
            #expect(error.map { "\($0)" }?.contains("goes when errors are tried again") == true)
            var asked = 0
            for rank in 0..<count { asked += try await FakeRun.run(after, output, .retryErrors, rank: rank, of: count).asked }
            #expect(asked == 2)
            #expect(try FakeRun.contents(output) == FakeRun.contents(fresh))
        }
    }

    @Test("a cancelled run ends what is being prepared")
    func cancelsPreparation() async throws {
        try await withTemporaryFolder { folder in
            let (output, text) = (folder.appendingPathComponent("out.jsonl"), text)
            let task = Task {
                let session = try BatchRun(FakeRun.questions(text), to: .file(output, .resume), batchSize: 2).begin()
                try await session.work(
                    prepare: { questions in
                        try await Task.sleep(for: .seconds(600))
                        return questions
                    }, answer: { $0.map { _ in .success("yes") } })
            }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try FakeRun.contents(output).isEmpty)
        }
    }

    @Test("white space between a question's members may change")
    func reformatted() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            _ = try await FakeRun.run("{\"id\":1,\"image\":\"a.png\",\"instruction\":\"Why?\"}", output)
            let (report, asked) = try await FakeRun.run("{ \"id\" : 1, \"image\": \"a.png\", \"instruction\": \"Why?\" }\n", output)
            #expect(asked == 0 && report.finishedBefore == 1)
        }
    }

    @Test("lists that cannot be worked through are refused with the lines named")
    func lists() throws {
        let question = "\"image\": \"a.png\", \"instruction\": \"Why?\"}"
        #expect(throws: BatchError.duplicateID(id: "\"a\"", file: "q.jsonl", firstLine: 1, secondLine: 3)) {
            try FakeRun.questions("{\"id\": \"a\", \(question)\n\n{\"id\": \"\\u0061\", \(question)")
        }
        #expect(throws: BatchError.duplicateID(id: "2", file: "q.jsonl", firstLine: 1, secondLine: 2)) {
            try FakeRun.questions("{\"id\": 2, \(question)\n{\(question)")
        }
        for member in ["answer", "error"] {
            #expect(throws: BatchError.takenMember(name: member, file: "q.jsonl", line: 1)) {
                try FakeRun.questions("{\"\(member)\": \"yes\", \(question)")
            }
        }
        // A text and a number are not the same id, and neither are two spellings of one letter.
        #expect(try FakeRun.questions("{\"id\": \"2\", \(question)\n{\(question)").count == 2)
        #expect(try FakeRun.questions("{\"id\": \"é\", \(question)\n{\"id\": \"e\u{301}\", \(question)").count == 2)
        #expect(throws: BatchError.self) { try BatchQuestions(file: URL(fileURLWithPath: "/nowhere.jsonl")) }
        #expect(throws: BatchError.self) { try BatchQuestions(file: URL(fileURLWithPath: "/")) }
        #expect(throws: BatchError.self) { try BatchQuestions(file: URL(fileURLWithPath: "/dev/null")) }
    }

    @Test("a line that is no question is an error line, whatever it is")
    func malformed() async throws {
        let lines = [
            "nonsense", "[]", "{}", "{\"id\": null, \"image\": \"a\", \"instruction\": \"b\"}", "{\"id\": 1.5}", "{\"image\": []}",
            "{\"image\": [3], \"instruction\": \"\"}", "{\"image\": \"\", \"instruction\": \"\"}",
            "{\"image\": \"a\\u0000b\", \"instruction\": \"\"}",
            "{\"image\": \"a\"}", "{\"image\": \"a\", \"instruction\": 3}", "{\"image\": \"a\", \"image\": \"b\", \"instruction\": \"\"}",
            String(repeating: "[", count: 5000), "{\"image\": \"\(String(repeating: "a", count: 1 << 20))\", \"instruction\": \"\"}",
            "{\"a\": \"\u{1}\"}",
        ]
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let (report, asked) = try await FakeRun.run(lines.joined(separator: "\n"), output)
            #expect(report.errors == lines.count && asked == 0)
            #expect(report.firstErrors.enumerated().allSatisfy { $1.hasPrefix("q.jsonl line \($0 + 1): ") }, "\(report.firstErrors)")
            #expect(try await FakeRun.run(lines.joined(separator: "\n"), output).report.finishedBefore == lines.count)
        }
    }

    @Test("a second run on the same output is refused while the first is at work")
    func busy() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            var first: BatchSession? = try BatchRun(FakeRun.questions(text), to: .file(output, .resume)).begin()
            #expect(first?.remaining == 23)
            await #expect(throws: BatchError.busy(path: output.path)) { try await FakeRun.run(text, output) }
            await #expect(throws: BatchError.busy(path: output.path)) { try await FakeRun.run(text, output, rank: 0, of: 2) }
            first = nil
            _ = try await FakeRun.run(text, output)
            for place in ["", "/nowhere/out.jsonl"] {
                await #expect(throws: BatchError.self) { try await FakeRun.run(text, folder.appendingPathComponent(place)) }
            }
            await #expect(throws: BatchError.notAFile(path: "/dev/null")) { try await FakeRun.run(text, URL(fileURLWithPath: "/dev/null")) }
        }
    }

    @Test("a cancelled run stops between batches and keeps them")
    func cancels() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let text = text
            let task = Task {
                let session = try BatchRun(FakeRun.questions(text), to: .file(output, .resume), batchSize: 2).begin()
                try await session.work(
                    prepare: { $0 },
                    answer: { questions in
                        withUnsafeCurrentTask { $0?.cancel() }
                        return questions.map { _ in .success("yes") }
                    })
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let lines = try FakeRun.contents(output).split(separator: "\n")
            #expect(lines.count == 2)
        }
    }
}
