import BlipTestSupport
import Foundation
import Testing

/// `Scripts/scenes`, with a program in place of `instructblip` that makes folders and learns nothing.
@Suite("make scenes goes from stage to stage") struct ScenesScriptTests {
    private static let script = Fixtures.root.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
        "Scripts/scenes")

    /// Notes what it is told; `train` fails where its recipe is called as `FAKE_STOP` says, after a checkpoint.
    private static let fake = """
        #!/usr/bin/env bash
        echo "$*" >>"$FAKE_LOG"
        words=("$@")
        for place in "${!words[@]}"; do
          case ${words[place]} in --out | --output) folder=${words[place + 1]} ;; esac
        done
        mkdir -p "$folder"
        [ "$1" = launch ] && shift 3
        if [ "$1" = train ] && [ "$2" != merge ]; then
          mkdir -p "$folder/checkpoint-5" && echo '{}' >"$folder/checkpoint-5/trainer_state.json"
          case "$*" in *"/${FAKE_STOP:-none}.yaml "*) exit 130 ;; esac
        else
          echo '{}' >"$folder/config.json"
        fi
        """

    private func run(
        _ folder: URL, _ words: [String], stop: String = "none", workers: Int = 1, family: String = "t5"
    ) throws -> Program.Outcome {
        let program = folder.appendingPathComponent("fake")
        try Data(Self.fake.utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        return try Program.run(
            words, executable: Self.script,
            environment: [
                "SCENES_PROGRAM": program.path, "SCENES_MODELS": folder.appendingPathComponent("models").path,
                "SCENES_RUNS": folder.appendingPathComponent("runs").path, "FAKE_STOP": stop,
                "SCENES_WORKERS": "\(workers)", "SCENES_FAMILY": family,
                "FAKE_LOG": folder.appendingPathComponent("log").path,
            ])
    }

    @Test("what is there is skipped, what was stopped is resumed, and times are kept", arguments: [1, 3])
    func stages(workers: Int) async throws {
        try await withTemporaryFolder { folder in
            let names = try run(folder, ["list"]).output.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
            #expect(names.count >= 3)
            let open = try run(folder, ["list"]).output.split(separator: "\n").filter { $0.contains(" open ") }
            #expect(open.count == names.count)
            // The second stage that trains.
            let trained = open.filter { $0.contains(" train ") }
            let stopped = try #require(trained.dropFirst().first)
            let recipe = try #require(stopped.firstMatch(of: /scenes\/([a-z0-9-]+)\.yaml/)).1
            let name = String(stopped.prefix { $0 != " " })

            #expect(try run(folder, ["until", name], stop: String(recipe), workers: workers).status == 130)
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("models/\(name)").path))
            #expect(try run(folder, ["until", name], workers: workers).status == 0)
            let log = try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8).split(separator: "\n").map(String.init)
            let verb = workers == 1 ? "train " : "launch --workers \(workers) train run "
            let runs = log.filter { $0.hasPrefix(verb) && $0.contains("/\(recipe).yaml") }
            #expect(runs.count == 2 && !runs[0].contains("--resume") && runs[1].hasSuffix("--resume"), "\(runs)")
            let first = try #require(trained[0].firstMatch(of: /scenes\/([a-z0-9-]+)\.yaml/)).1
            #expect(log.count { $0.contains("/\(first).yaml") } == 1, "a stage that is done is not done again")

            let again = try run(folder, ["until", name])
            #expect(again.status == 0 && again.output.contains("scenes: \(name): is there"))
            let times = try String(contentsOf: folder.appendingPathComponent("runs/times.tsv"), encoding: .utf8)
            #expect(times.split(separator: "\n").count { $0.hasPrefix("\(name)\t") } == 2)
            #expect(try run(folder, ["list"]).output.split(separator: "\n").contains { $0.hasPrefix(name) && $0.contains(" done ") })
        }
    }

    @Test("the stages of the other family are its own, and share those that no language model is in")
    func families() async throws {
        try await withTemporaryFolder { folder in
            let lists = try ["t5", "llama"].map { family in
                Set(try run(folder, ["list"], family: family).output.split(separator: "\n").map { String($0.prefix { $0 != " " }) })
            }
            #expect(lists[0].intersection(lists[1]) == ["t5-new", "vision", "stage1-new", "stage1"])
            #expect(lists[1].isSuperset(of: ["llama-new", "primer-llama", "language-llama", "stage2-llama", "instruct-llama"]))
            #expect(try run(folder, ["list"], family: "opt").status == 1)
        }
    }

    @Test("a word that is none is refused before anything is done")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            for words in [["all"], ["until", "nowhere"], ["until"]] {
                let outcome = try run(folder, words)
                #expect(outcome.status == 1 && outcome.errors.contains("Scripts/scenes list") != (words == ["all"]), "\(outcome.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("log").path))
        }
    }
}
