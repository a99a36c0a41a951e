import BlipTestSupport
import Foundation
import Testing

/// README.md promises commands and shows what they print. Here they are run from the repository root, as a reader runs them.
@Suite("README.md tells the truth") struct ReadmeTests {
    private static let root = Fixtures.root.deletingLastPathComponent().deletingLastPathComponent()

    /// Commands that are not run here, and what runs them. A command that is neither here nor one of `instructblip` fails the test.
    private static let runElsewhere = [
        "make test": "this test is part of it",
        "make release": "the Makefile builds the same product, optimised",
        "make server": "the Makefile builds the same product, optimised",
        ".build/release/instructblip serve": "ServeProgramTests, in the debug build",
        "make example": ".ci/run",
        "swift build": "the Makefile's build",
        "Scripts/bootstrap": "the Makefile's bootstrap",
        "export PKG_CONFIG_PATH=$PWD/.libtorch/pkgconfig": "Scripts/build-example sets it, for a clone elsewhere",
        "export LD_LIBRARY_PATH=$PWD/.libtorch/lib": "Scripts/build-example sets it for the program it runs",
    ]

    @Test("every command of README.md runs, and prints what README.md shows")
    func commands() async throws {
        let blocks = try Document("README.md").blocks
        let foreign = blocks.map(\.language).filter { !["console", "json", "swift", "text"].contains($0) }
        #expect(foreign.isEmpty, "write commands as console blocks, so that they are tested; found \(foreign)")
        let commands = blocks.filter { $0.language == "console" }.flatMap(ShownCommand.all)
        #expect(commands.filter { $0.words.first == ShownCommand.program }.count >= 5)

        try await withTemporaryFolder { folder in
            for command in commands {
                if command.line == "make demo" {
                    // What follows the build, with fewer scenes.
                    let script = Self.root.appendingPathComponent("Scripts/demo")
                    try check(command, Program.run([Program.url.path, "--score", "20"], executable: script, in: Self.root), in: folder)
                } else if command.words.first == ShownCommand.program {
                    let arguments = command.words.dropFirst().map { $0.replacingOccurrences(of: "/tmp", with: folder.path) }
                    try check(command, Program.run(Array(arguments), in: Self.root), in: folder)
                } else {
                    #expect(Self.runElsewhere[command.line] != nil, "no test runs this command of README.md: \(command.line)")
                }
            }
        }
    }

    private func check(_ command: ShownCommand, _ outcome: Program.Outcome, in folder: URL) throws {
        #expect(outcome.status == 0, "\(command.line): \(outcome.errors)")
        guard !command.output.isEmpty else { return }
        let printed = outcome.output.replacingOccurrences(of: folder.path, with: "/tmp").split(separator: "\n").map(String.init)
        #expect(printed.count == command.output.count, "\(command.line) printed:\n\(outcome.output)")
        for (line, shown) in zip(printed, command.output) {
            #expect(ShownCommand.matches(line, shown), "\(command.line) printed:\n\(line)\nbut README.md shows:\n\(shown)")
        }
    }

    @Test("every make target that README.md and CONTRIBUTING.md name is in the Makefile", arguments: ["README.md", "CONTRIBUTING.md"])
    func targets(_ name: String) throws {
        let makefile = try String(contentsOf: Self.root.appendingPathComponent("Makefile"), encoding: .utf8)
        for match in try Document(name).text.matches(of: /`make ([a-z]+)`/) {
            #expect(makefile.contains("\n\(match.1):"), "\(name) names make \(match.1)")
        }
    }

    @Test("every file and folder that the documents link to exists", arguments: ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
    func links(_ name: String) throws {
        for match in try Document(name).text.matches(of: /\]\(([^)#]+)[^)]*\)/) where !match.1.hasPrefix("https:") {
            let place = Self.root.appendingPathComponent(String(match.1))
            #expect(FileManager.default.fileExists(atPath: place.path), "\(name) links to \(match.1)")
        }
    }

    @Test("the Swift that the documents show is compiled somewhere")
    func swiftExamples() throws {
        let compiled = try ["Tests/BlipTests/DocumentationExamples.swift", "Examples/AskAPicture/Package.swift"].map { try Document($0) }
        let known = Set(compiled.flatMap(\.lines))
        let modules = [
            "Blip", "BlipModels", "BlipDecoding", "BlipTensors", "BlipTokenizers", "BlipImages", "BlipJSON", "BlipData", "BlipScenes",
            "BlipSceneModel", "BlipTraining",
        ]
        for page in ["README.md"] + modules.map({ "Sources/\($0)/\($0).docc/\($0).md" }) {
            let blocks = try Document(page).blocks.filter { $0.language == "swift" }
            #expect(!blocks.isEmpty, "\(page) shows no example")
            for line in blocks.flatMap(\.lines).map({ $0.trimmingCharacters(in: .whitespaces) }) {
                #expect(line.isEmpty || known.contains(line), "\(page) shows a line that nothing compiles: \(line)")
            }
        }
    }
}

/// A text file of the repository, line by line.
private struct Document {
    struct Block {
        let language: String
        var lines: [String] = []
    }

    let text: String
    /// Without the white space around them.
    let lines: [String]
    /// The fenced code blocks, in order.
    let blocks: [Block]

    init(_ name: String) throws {
        let root = Fixtures.root.deletingLastPathComponent().deletingLastPathComponent()
        text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
        let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines = all.map { $0.trimmingCharacters(in: .whitespaces) }
        var found: [Block] = []
        var isInside = false
        for line in all {
            if line.hasPrefix("```") {
                if !isInside { found.append(Block(language: String(line.dropFirst(3)))) }
                isInside.toggle()
            } else if isInside {
                found[found.count - 1].lines.append(line)
            }
        }
        blocks = found
    }
}

/// One command of a console block, and the lines shown under it.
private struct ShownCommand {
    /// As README.md calls the built program.
    static let program = ".build/debug/instructblip"

    let line: String
    /// Without empty lines.
    var output: [String] = []

    /// The commands of a block, each after `$ `; a backslash at the end goes on in the next line.
    static func all(_ block: Document.Block) -> [ShownCommand] {
        var commands: [ShownCommand] = []
        var open = ""
        for line in block.lines {
            if !open.isEmpty || line.hasPrefix("$ ") {
                open += open.isEmpty ? String(line.dropFirst(2)) : line.trimmingCharacters(in: .whitespaces)
                if open.hasSuffix("\\") {
                    open.removeLast()
                } else {
                    commands.append(ShownCommand(line: open))
                    open = ""
                }
            } else if !line.isEmpty, !commands.isEmpty {
                commands[commands.count - 1].output.append(line)
            }
        }
        return commands
    }

    /// Split as a shell does, as far as README.md needs it: white space, and double quotes.
    var words: [String] {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in line {
            if character == "\"" {
                isQuoted.toggle()
                word = word ?? ""
            } else if character == " ", !isQuoted {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    /// Whether a printed line is the one shown, where … stands for a number.
    static func matches(_ printed: String, _ shown: String) -> Bool {
        var rest = Substring(printed)
        for (index, part) in shown.split(separator: "…", omittingEmptySubsequences: false).enumerated() {
            if index > 0 {
                let number = rest.prefix { $0.isNumber || "+-.eE".contains($0) }
                guard !number.isEmpty else { return false }
                rest = rest.dropFirst(number.count)
            }
            guard rest.hasPrefix(part) else { return false }
            rest = rest.dropFirst(part.count)
        }
        return rest.isEmpty
    }
}
