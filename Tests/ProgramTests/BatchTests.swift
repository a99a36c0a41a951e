import BlipTestSupport
import Foundation
import Testing

/// `caption` and `ask --questions`, as their users run them.
@Suite("instructblip works through many pictures") struct BatchTests {
    private static let model = Fixtures.checkpoint("flan-t5").path
    private static let short = ["--model", model, "--max-tokens", "6", "--num-beams", "1", "--threads", "1"]

    /// A folder with pictures, good and bad, and files that are none.
    private func withPictures(_ body: (URL) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let pictures = folder.appendingPathComponent("pictures")
            try FileManager.default.createDirectory(at: pictures.appendingPathComponent("inner"), withIntermediateDirectories: true)
            let files = [
                ("a.png", try Data(contentsOf: Fixtures.picture("shapes.png"))),
                ("b.JPG", try Data(contentsOf: Fixtures.picture("shapes.jpg"))),
                ("c cut.jpg", try Data(contentsOf: Fixtures.picture("shapes.jpg")).prefix(1500)), ("d.png", Data()),
                ("e.png", try Self.huge), ("é.png", try Data(contentsOf: Fixtures.picture("tower.png"))), ("text.webp", Data("hello".utf8)),
                ("notes.txt", Data("hello".utf8)), (".hidden.png", Data()),
                ("inner/f.png", try Data(contentsOf: Fixtures.picture("tower.png"))),
            ]
            for (name, data) in files { try data.write(to: pictures.appendingPathComponent(name)) }
            try await body(folder)
        }
    }

    /// A PNG that says it is 100,000 pixels wide and high.
    private static var huge: Data {
        get throws {
            var data = try Data(contentsOf: Fixtures.picture("shapes.png"))
            data.replaceSubrange(16..<24, with: [0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0])
            return data
        }
    }

    private func lines(_ text: String) throws -> [[String: String]] {
        try text.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String] ?? [:] }
    }

    @Test("a folder's pictures are captioned; bad ones are counted and named, and spoil nothing")
    func captions() async throws {
        try await withPictures { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let arguments = ["caption", folder.appendingPathComponent("pictures").path] + Self.short
            let outcome = try Program.run(arguments + ["--output", output.path, "--batch", "3"])
            #expect(outcome.status == 65 && outcome.output.isEmpty, "\(outcome.errors)")
            let found = try lines(String(contentsOf: output, encoding: .utf8))
            #expect(found.map { $0["id"] } == ["a.png", "b.JPG", "c cut.jpg", "d.png", "e.png", "text.webp", "é.png"])
            #expect(found.map { $0["caption"] != nil } == [true, true, false, false, false, false, true])
            #expect(found.allSatisfy { $0["id"] == $0["image"] && $0.count == 3 })
            for words in ["3 captions, 4 errors; see \(output.path)", "c cut.jpg is", "1 file and 1 folder passed over", "7 of 7"] {
                #expect(outcome.errors.contains(words), "\(outcome.errors)")
            }
            // Again: nothing is left to do, and the same is said.
            let again = try Program.run(arguments + ["--output", output.path])
            #expect(again.status == 65 && again.errors.contains("all 7 are done already") && again.errors.contains("3 captions, 4 errors"))
            // Each caption is what the picture alone gets, with the paper's prompt.
            let alone = try Program.run(["caption", folder.appendingPathComponent("pictures/a.png").path] + Self.short)
            #expect(alone.status == 0 && alone.output == (found[0]["caption"] ?? "") + "\n", "\(alone.errors)")
            let prompt = ["--preset", "caption"] + Self.short
            let asked = try Program.run(
                ["ask", folder.appendingPathComponent("pictures/a.png").path, "A short image description:"] + prompt)
            #expect(asked.output == alone.output)
            // Without a file the lines go to standard output.
            let printed = try Program.run(arguments)
            #expect(try lines(printed.output) == found && printed.status == 65)
            let all = try Program.run(arguments + ["--recursive", "--instruction", "Why?"])
            #expect(try lines(all.output).map { $0["id"] }.contains("inner/f.png"), "\(all.errors)")
        }
    }

    private func questions(_ count: Int, in folder: URL) throws -> URL {
        let file = folder.appendingPathComponent("questions.jsonl")
        let pictures = ["shapes.png", "tower.png", "nothing.png"]
        let lines = (0..<count).map {
            "{\"id\": \($0), \"image\": \"\(pictures[$0 % 7 == 6 ? 2 : $0 % 2])\", \"instruction\": \"What is \($0)?\"}"
        }
        try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        return file
    }

    private func start(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        (process.executableURL, process.arguments) = (Program.url, arguments)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        return process
    }

    /// Nothing but what was asked for, and hidden notes of what made it.
    private static let left = [".out.jsonl.maker.json", ".whole.jsonl.maker.json", "out.jsonl", "questions.jsonl", "whole.jsonl"]

    /// Without giving up the thread, which other tests might keep for long.
    private static func wait(until isReady: () -> Bool) {
        while !isReady() { Thread.sleep(forTimeInterval: 0.005) }
    }

    private func names(_ folder: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

    @Test("several processes at once write what one writes, whoever launched them")
    func ranks() async throws {
        try await withTemporaryFolder { folder in
            let ask = [
                "ask", "--questions", try questions(20, in: folder).path, "--root", Fixtures.root.appendingPathComponent("pictures").path,
            ]
            let (whole, output) = (folder.appendingPathComponent("whole.jsonl"), folder.appendingPathComponent("out.jsonl"))
            #expect(try Program.run(ask + Self.short + ["--output", whole.path]).status == 65)
            let expected = try String(contentsOf: whole, encoding: .utf8)
            #expect(expected.split(separator: "\n").count == 20)
            for (rank, count) in [("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")] {
                let processes = try (0..<3).map {
                    try start(ask + Self.short + ["--output", output.path, "--batch", "2"], [rank: "\($0)", count: "3"])
                }
                for process in processes { process.waitUntilExit() }
                // A launcher would end the others if one that is done early failed.
                #expect(
                    processes.allSatisfy { [0, 65].contains($0.terminationStatus) } && processes.contains { $0.terminationStatus == 65 })
                #expect(try String(contentsOf: output, encoding: .utf8) == expected)
                #expect(try names(folder) == Self.left)
                try FileManager.default.removeItem(at: output)
            }
        }
    }

    @Test("Ctrl-C keeps what is finished, and kill -9 too; the same command goes on there", arguments: [SIGINT, SIGTERM, SIGKILL])
    func interruption(_ number: Int32) async throws {
        try await withTemporaryFolder { folder in
            let base = [
                "ask", "--questions", try questions(30, in: folder).path, "--root", Fixtures.root.appendingPathComponent("pictures").path,
            ]
            let ask = base + ["--model", Self.model, "--max-tokens", "60", "--min-tokens", "60", "--batch", "2", "--threads", "1"]
            let (whole, output) = (folder.appendingPathComponent("whole.jsonl"), folder.appendingPathComponent("out.jsonl"))
            #expect(try Program.run(ask + ["--output", whole.path]).status == 65)
            let process = try start(ask + ["--output", output.path])
            let size = { (try? Data(contentsOf: output))?.count ?? 0 }
            Self.wait { size() > 0 || !process.isRunning }
            kill(process.processIdentifier, number)
            process.waitUntilExit()
            if number != SIGKILL { #expect(process.terminationStatus == 130 && process.terminationReason == .exit) }
            let expected = try String(contentsOf: whole, encoding: .utf8)
            let kept = try String(contentsOf: output, encoding: .utf8)
            #expect(expected.hasPrefix(kept) && !kept.isEmpty && kept.count < expected.count)
            let outcome = try Program.run(ask + ["--output", output.path])
            #expect(outcome.status == 65 && outcome.errors.contains("are done already"), "\(outcome.errors)")
            #expect(try String(contentsOf: output, encoding: .utf8) == expected)
            #expect(try names(folder) == Self.left)
        }
    }

    @Test("Ctrl-C ends the programs that read videos, and no row is made of it")
    func videoInterruption() async throws {
        try await withTemporaryFolder { folder in
            for name in ["ffprobe", "ffmpeg"] {
                let file = folder.appendingPathComponent(name)
                try Data("#!/bin/sh\n: > \"$0.started\"\nexec sleep 50\n".utf8).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
            }
            let lines = (0..<8).map { "{\"id\": \($0), \"image\": \"\($0).mp4\", \"instruction\": \"Why?\"}\n" }
            for index in 0..<8 { try Data("\0\0\0\u{18}ftypisom".utf8).write(to: folder.appendingPathComponent("\(index).mp4")) }
            let (file, output) = (folder.appendingPathComponent("q.jsonl"), folder.appendingPathComponent("out.jsonl"))
            try Data(lines.joined().utf8).write(to: file)
            let ask = ["ask", "--questions", file.path, "--output", output.path] + Self.short
            let process = try start(ask, ["PATH": folder.path + ":/usr/bin:/bin"])
            let isReading = { FileManager.default.fileExists(atPath: folder.appendingPathComponent("ffprobe.started").path) }
            Self.wait { isReading() || !process.isRunning }
            let clock = ContinuousClock.now
            kill(process.processIdentifier, SIGINT)
            process.waitUntilExit()
            #expect(process.terminationStatus == 130 && clock.duration(to: .now) < .seconds(20))
            #expect(try Data(contentsOf: output).isEmpty)
        }
    }

    @Test("questions come from standard input too, and answers go to standard output")
    func pipes() async throws {
        let line = "{\"id\": \"a\", \"image\": \"shapes.png\", \"instruction\": \"Why?\"}\n"
        let root = Fixtures.root.appendingPathComponent("pictures").path
        let outcome = try Program.run(["ask", "--questions", "-", "--root", root] + Self.short, input: Data(line.utf8))
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix(line.dropLast(2)) && outcome.output.contains(", \"answer\": "))
    }

    @Test("answers of another model, or given in another way, are not taken for one's own")
    func makers() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.jsonl")
            let questions = [
                "ask", "--questions", try questions(2, in: folder).path, "--root", Fixtures.root.appendingPathComponent("pictures").path,
            ]
            let ask = questions + ["--output", output.path, "--max-tokens", "6", "--threads", "1"]
            let (one, other) = (["--model", Self.model], ["--model", Fixtures.checkpoint("vicuna").path])
            #expect(try Program.run(ask + one).status == 0)
            let kept = try Data(contentsOf: output)
            for (options, what) in [
                (other, "another model;"), (one + ["--num-beams", "2"], "another num_beams;"),
                (other + ["--dtype", "bfloat16", "--frames", "2"], "another dtype and another frames and another model;"),
            ] {
                let outcome = try Program.run(ask + options)
                #expect(outcome.status == 65 && outcome.errors.contains("\(output.path) was made with \(what)"), "\(outcome.errors)")
                #expect(try Data(contentsOf: output) == kept)
            }
            // How it is divided does not change answers; a file that is removed or may be overwritten does not matter.
            #expect(try Program.run(ask + one + ["--batch", "1"]).errors.contains("all 2 are done already"))
            #expect(try Program.run(ask + other + ["--overwrite"]).status == 0)
            #expect(try Program.run(ask + one).errors.contains("another model"))
            try FileManager.default.removeItem(at: output)
            #expect(try Program.run(ask + one).status == 0)
            #expect(try Data(contentsOf: output) == kept)
            // What every picture is told is the same to all lines of captions.
            let picture = Fixtures.picture("shapes.png").path
            let caption = ["caption", picture, "--output", folder.appendingPathComponent("captions.jsonl").path] + Self.short
            #expect(try Program.run(caption).status == 0)
            #expect(try Program.run(caption + ["--instruction", "Why?"]).errors.contains("another instruction"))
        }
    }

    @Test("wrong requests are refused with the right status")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let (file, output) = (try questions(4, in: folder).path, folder.appendingPathComponent("out.jsonl").path)
            let ask = ["ask", "--questions", file, "--output", output] + Self.short
            func expect(_ arguments: [String], _ status: Int32, _ words: String, _ environment: [String: String] = [:]) throws {
                let outcome = try Program.run(arguments, environment: environment)
                #expect(outcome.status == status && outcome.errors.contains(words), "\(arguments) \(environment): \(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
            try expect(ask + ["picture.png"], 64, "leave out \"picture.png\"")
            try expect(ask + ["--json"], 64, "--json does not go with --questions")
            try expect(ask + ["--image", "a.png"], 64, "--image does not go with --questions")
            try expect(ask + ["--batch", "0"], 64, "--batch must be between 1 and 4096")
            try expect(ask + ["--overwrite", "--retry-errors"], 64, "--retry-errors")
            try expect(["ask", "--questions", file, "--overwrite"] + Self.short, 64, "need --output")
            try expect(["ask", "a.png", "Why?", "--batch", "2"] + Self.short, 64, "--batch goes with --questions")
            try expect(["ask"] + Self.short, 64, "Missing expected argument '<image>'")
            try expect(["ask", "--questions", "/nowhere.jsonl"] + Self.short, 66, "there is no such file")
            try expect(["ask", "--questions", file, "--output", folder.path] + Self.short, 64, "choose a file")
            try expect(["caption", "/nowhere"] + Self.short, 66, "there is no such file or folder")
            try expect(["caption", folder.path] + Self.short, 66, "no JPEG, PNG, WebP or GIF picture")
            try expect(["caption", folder.path, "--n", "2", "--num-beams", "2", "--model", Self.model], 64, "leave out --n")
            try expect(ask, 64, "WORLD_SIZE is not set", ["RANK": "0"])
            try expect(ask, 64, "a number from 0 to 1", ["RANK": "2", "WORLD_SIZE": "2"])
            try expect(["ask", "--questions", file] + Self.short, 64, "one output file", ["RANK": "0", "WORLD_SIZE": "2"])
            try expect(["ask", "--questions", file, "--output", file] + Self.short, 64, "choose another file")
            let link = folder.appendingPathComponent("link.jsonl").path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
            try expect(["ask", "--questions", file, "--output", link] + Self.short, 64, "choose another file")
            // Without a model nothing is overwritten.
            try "mine".write(toFile: output, atomically: true, encoding: .utf8)
            try expect(["ask", "--questions", file, "--output", output, "--overwrite", "--model", "/nowhere"], 66, "no checkpoint folder")
            try expect(ask, 65, "line 1 does not belong to these questions")
            #expect(try String(contentsOfFile: output, encoding: .utf8) == "mine")
            try "{\"id\": \"other\", \"answer\": \"yes\"}\n{}\n".write(toFile: output, atomically: true, encoding: .utf8)
            try expect(ask, 65, "line 1 does not belong to these questions")
            let remedy = "remove this file to begin again (ask and caption: --overwrite)"
            try expect(["caption", Fixtures.picture("").path, "--output", output] + Self.short, 65, remedy)
        }
    }
}
