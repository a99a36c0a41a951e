import BlipJSON
import Foundation
import Testing

@testable import BlipRuns

@Suite struct RunLogTests {
    private static let lines: [RunLine] = [
        RunLine(step: 0, time: 1_790_000_000.5, .start(details: ["plan": "own \"data\".yaml", "größe": "\n\u{1}"])),
        RunLine(
            step: 1, time: nil,
            .numbers(
                StepNumbers(
                    loss: 2.3125, learningRate: 1e-8, gradientNorm: 0.1, targetTokens: 321, samplesPerSecond: 12.5, tokensPerSecond: 1e3,
                    seconds: 0.75, others: ["scaler": 65536, "contrastive": -1e-300]))),
        RunLine(step: 2, time: 3, .numbers(StepNumbers(loss: .nan, gradientNorm: .infinity, others: ["least": -.infinity]))),
        RunLine(step: 2, time: 3, .badBatch(reason: "the loss is not a number", path: "bad/2.json")),
        RunLine(step: 2, time: 3, .badBatch(reason: "", path: nil)),
        RunLine(step: 2, time: 3, .validation(metrics: ["loss": 2, "accuracy": 0.1 + 0.2])),
        RunLine(step: 2, time: 3, .validation(metrics: [:])),
        RunLine(step: 2, time: 3, .save(path: "step-2")),
        RunLine(step: 2, time: 3, .resume),
        RunLine(step: 2, time: 3, .note(event: "ema", details: [:])),
        RunLine(step: 3, time: 4, .end(reason: "finished")),
    ]

    @Test func `what was appended reads back as it was`() throws {
        try withRunFolder { folder in
            do {
                let log = try RunLog(folder: folder)
                for line in Self.lines { try log.append(line) }
                try log.synchronize()
            }
            let history = try RunHistory(folder)
            // NaN equals nothing, itself included.
            #expect(history.lines.count == Self.lines.count)
            for (index, line) in Self.lines.enumerated() where index != 2 { #expect(history.lines[index] == line) }
            #expect(history.steps[1].numbers.loss.isNaN && history.steps[1].numbers.gradientNorm == .infinity)
            #expect(history.steps[1].numbers.others == ["least": -.infinity])
            #expect(history.trainingNames.prefix(3) == ["loss", "learning_rate", "gradient_norm"])
            #expect(history.validationNames == ["accuracy", "loss"])
            #expect(!history.hasTornEnd && history.lastStep == 3)
            #expect(try RunHistory(folder.appending(path: "log.jsonl")).lines.count == Self.lines.count)
        }
    }

    @Test func `a line is one object with the names that people read`() throws {
        let text = String(decoding: try Self.lines[1].bytes(), as: UTF8.self)
        #expect(
            text == """
                {"step": 1, "loss": 2.3125, "learning_rate": 1e-08, "gradient_norm": 0.1, "target_tokens": 321, "samples_per_s": 12.5, \
                "tokens_per_s": 1000.0, "seconds": 0.75, "contrastive": -1e-300, "scaler": 65536.0}

                """)
        #expect(String(decoding: try Self.lines[2].bytes(), as: UTF8.self).contains(#""loss": "NaN", "gradient_norm": "Infinity""#))
        #expect(
            String(decoding: try Self.lines[5].bytes(), as: UTF8.self)
                == #"{"step": 2, "event": "validation", "metrics": {"accuracy": 0.30000000000000004, "loss": 2.0}, "time": 3.0}"# + "\n")
        for line in Self.lines {
            let bytes = try line.bytes()
            #expect(bytes.count { $0 == 0x0A } == 1 && bytes.last == 0x0A)
        }
    }

    @Test func `numbers of a log that Python wrote read back to the last bit`() throws {
        let history = try RunHistory(RunFixtures.folder.appending(path: "log.jsonl"))
        let bits = try RunFixtures.cases("log.json")
        #expect(history.steps.count == bits.count)
        for (line, bits) in zip(history.steps, bits) {
            #expect(line.step == bits["step"]?.integer)
            #expect(String(line.numbers.loss.bitPattern, radix: 16) == trimmed(bits["loss"]?.string), "step \(line.step)")
            #expect(String((line.numbers.learningRate ?? 0).bitPattern, radix: 16) == trimmed(bits["learning_rate"]?.string))
            #expect(line.numbers.others == ["of_mine": Double(line.step)] && line.numbers.targetTokens == 7 * line.step)
        }
        #expect(history.validations.map(\.metrics) == [["accuracy": 0.5, "schärfe": 1]])
    }

    private func trimmed(_ text: String?) -> String? { text.map { String($0.drop { $0 == "0" }) } }

    @Test func `a log cut off at any byte reads as its whole lines, and goes on behind them`() throws {
        try withRunFolder { folder in
            let url = folder.appending(path: "log.jsonl")
            let whole = try Self.lines.prefix(3).map { try $0.bytes() }
            let bytes = whole.flatMap { $0 }
            var ends = [0]
            for line in whole { ends.append((ends.last ?? 0) + line.count) }
            for cut in 0...bytes.count {
                try Data(bytes[..<cut]).write(to: url)
                let count = ends.lastIndex { $0 <= cut } ?? 0
                let history = try RunHistory(folder)
                #expect(history.lines.count == count && history.hasTornEnd == (cut != ends[count]), "cut at \(cut)")
                try RunLog(folder: folder).append(RunLine(step: 9, time: nil, .resume))
                let resumed = try RunHistory(folder)
                #expect(resumed.lines.count == count + 1 && resumed.lines.last?.step == 9 && !resumed.hasTornEnd, "cut at \(cut)")
            }
        }
    }

    @Test func `zeros that a power cut left in the last line are dropped`() throws {
        try withRunFolder { folder in
            let bytes = try numbers(1, loss: 2).bytes()
            try Data(bytes + [0, 0, 0, 0x0A]).write(to: folder.appending(path: "log.jsonl"))
            let history = try RunHistory(folder)
            #expect(history.lines == [numbers(1, loss: 2)] && history.hasTornEnd)
            try RunLog(folder: folder).append(numbers(2, loss: 1))
            #expect(try RunHistory(folder).lines == [numbers(1, loss: 2), numbers(2, loss: 1)])
        }
    }

    @Test(arguments: [
        ("what is this\n", "expected a value"), ("[]\n", "not a JSON object"), ("{\"loss\": 1}\n", "\"step\""),
        ("{\"step\": -1, \"loss\": 1}\n", "\"step\""), ("{\"step\": 1}\n", "neither a loss nor an event"),
        ("{\"step\": 1, \"loss\": \"much\"}\n", "\"loss\" is not a number"), ("{\"step\": 1, \"event\": 3}\n", "\"event\""),
        ("{\"step\": 1, \"event\": \"save\"}\n", "\"path\""), ("{\"step\": 1, \"event\": \"validation\"}\n", "\"metrics\""),
        ("{\"step\": 1, \"event\": \"validation\", \"metrics\": {\"a\": []}}\n", "\"a\" is not a number"),
        ("{\"step\": 1, \"loss\": 1, \"target_tokens\": 1.5}\n", "\"target_tokens\""), ("\n", "expected a value"),
    ])
    func `a broken line is an error that names it, and the file stays`(broken: String, part: String) throws {
        try withRunFolder { folder in
            let url = folder.appending(path: "log.jsonl")
            let good = String(decoding: try numbers(1, loss: 2).bytes(), as: UTF8.self)
            let content = Data((good + broken + good).utf8)
            try content.write(to: url)
            for read in [{ _ = try RunHistory(folder) }, { _ = try RunLog(folder: folder, resumingAt: 0) }] {
                let error = #expect(throws: RunError.self, performing: read)
                #expect(
                    error?.description.contains(part) == true && error?.description.contains("line 2 of") == true,
                    "\(error?.description ?? "none")")
            }
            #expect(try Data(contentsOf: url) == content)
        }
    }

    @Test func `a resumed log drops what came after the checkpoint`() throws {
        try withRunFolder { folder in
            do {
                let log = try RunLog(folder: folder)
                for step in 1...10 {
                    try log.append(numbers(step, loss: Double(step)))
                    if step % 5 == 0 { try log.append(RunLine(step: step, time: 0, .save(path: "step-\(step)"))) }
                    if step == 5 { try log.append(RunLine(step: 5, time: 0, .validation(metrics: ["loss": 4]))) }
                }
            }
            let log = try RunLog(folder: folder, resumingAt: 5)
            #expect(try RunHistory(folder).lines.map(\.step) == [1, 2, 3, 4, 5, 5, 5])
            try log.append(RunLine(step: 5, time: 0, .resume))
            try log.append(numbers(6, loss: 60))
            #expect(try RunHistory(folder).trainingCurve("loss").map(\.value) == [1, 2, 3, 4, 5, 60])
        }
        try withRunFolder { folder in
            try RunLog(folder: folder).append(numbers(7, loss: 1))
            _ = try RunLog(folder: folder, resumingAt: 0)
            #expect(try RunHistory(folder).lines.isEmpty)
            #expect(throws: Never.self) { try RunLog(folder: folder, resumingAt: 100).append(numbers(101, loss: 1)) }
        }
    }

    @Test func `steps do not go back, and free names do not take a meaning that is taken`() throws {
        try withRunFolder { folder in
            let log = try RunLog(folder: folder)
            try log.append(numbers(4, loss: 1))
            #expect(throws: RunError.stepBackwards(path: folder.appending(path: "log.jsonl").path, step: 3, last: 4)) {
                try log.append(numbers(3, loss: 1))
            }
            for name in ["step", "time", "event", "loss", "seconds", ""] {
                let line = RunLine(step: 5, time: nil, .numbers(StepNumbers(loss: 1, others: [name: 1])))
                #expect(throws: RunError.self) { try log.append(line) }
            }
            #expect(throws: RunError.self) { try log.append(RunLine(step: 5, time: nil, .note(event: "save", details: [:]))) }
            #expect(try RunHistory(folder).lines.count == 1)
        }
    }

    @Test func `one process writes a log at a time`() throws {
        try withRunFolder { folder in
            let log = try RunLog(folder: folder)
            let path = folder.appending(path: "log.jsonl").path
            #expect(throws: RunError.busy(path: path)) { try RunLog(folder: folder) }
            try log.append(numbers(1, loss: 1))
        }
    }

    @Test func `a run that is not there, and a file of something else, are errors`() throws {
        try withRunFolder { folder in
            #expect(throws: RunError.noRun(path: folder.path)) { try RunHistory(folder) }
            #expect(throws: RunError.self) { try RunHistory(folder.appending(path: "none")) }
            #expect(throws: RunError.self) { try RunLog(folder: folder.appending(path: "none")) }
            let url = folder.appending(path: "log.jsonl")
            for content in ["a letter to my aunt", "{\"settings\": 1}", "{\n}\n", "\0\0\0"] {
                try Data(content.utf8).write(to: url)
                #expect(throws: RunError.self) { try RunLog(folder: folder) }
                #expect(try Data(contentsOf: url) == Data(content.utf8))
            }
        }
    }

    @Test func `of a step that is told twice the later telling counts`() throws {
        try withRunFolder { folder in
            let lines = [numbers(1, loss: 1), numbers(2, loss: 2), numbers(3, loss: 3), numbers(2, loss: 20), numbers(3, loss: 30)]
            try Data(try lines.flatMap { try $0.bytes() }).write(to: folder.appending(path: "log.jsonl"))
            #expect(try RunHistory(folder).trainingCurve("loss").map(\.value) == [1, 2, 20, 30])
        }
    }

    @Test func `many threads append whole lines`() throws {
        try withRunFolder { folder in
            let log = try RunLog(folder: folder)
            DispatchQueue.concurrentPerform(iterations: 200) { index in
                do { try log.append(RunLine(step: 1, time: nil, .note(event: "n", details: ["i": "\(index)"]))) } catch {
                    Issue.record(error)
                }
            }
            #expect(try RunHistory(folder).lines.count == 200)
        }
    }

    @Test func `errors say where, what, and what to do`() {
        let errors: [RunError] = [
            .noRun(path: "r"), .unreadable(path: "r", reason: "no"), .badLine(path: "r", line: 3, reason: "no"), .busy(path: "r"),
            .stepBackwards(path: "r", step: 1, last: 2), .badName(name: "loss", reason: "is taken"),
            .system(operation: "written", path: "r", code: ENOSPC), .noRuns, .unknownMetric(name: "a", known: ["b", "c"]),
            .unknownMetric(name: "a", known: []), .unknownPictureFormat(path: "a.gif"),
        ]
        for error in errors { #expect(error.description.count >= 20 && error.errorDescription == error.description) }
        #expect(errors[6].description.hasSuffix("; make room on that disk"))
    }
}
