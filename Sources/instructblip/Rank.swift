import ArgumentParser
import Blip
import Foundation

struct Rank: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rank candidate answers to an instruction by how likely they are.",
        discussion: """
            The score of a candidate is the log-probability of the whole text: the sum over its tokens, not divided by its length.
            With --json, one object: candidates (candidate, log_probability, probability), best first, and timings.
            """)

    @OptionGroup var imageOptions: ImageOptions

    @Argument(help: "The instruction, for example \"Question: What animal is this? Short answer:\"")
    var instruction: String

    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("A file with one candidate a line; - for standard input.", valueName: "file"))
    var candidates: String

    @Flag(help: "Score by the mean over a candidate's tokens instead of the sum.")
    var perToken = false

    @Option(help: "Whether the end of sequence counts: true or false (default: as published, true for T5, false for LLaMA).")
    var countEnd: Bool?

    @Option(help: ArgumentHelp("Tokens read at once; bounds the memory, changes no result.", valueName: "n"))
    var chunk: Int = 256

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if !(1...65_536).contains(chunk) { throw ValidationError("--chunk must be between 1 and 65536, found \(chunk).") }
    }

    func run() async throws {
        try checkInstruction(instruction, modelOptions.checkpoint)
        let texts = try Self.lines(candidates)
        let source = try imageOptions.source
        _ = try source.load(limits: imageOptions.limits)
        let assistant = try await modelOptions.open()
        let options = RankOptions(countsEnd: countEnd, perToken: perToken, maximumNodes: chunk)
        let ranking = try await assistant.rank(texts, instruction, about: source, options, limits: imageOptions.limits)
        for note in ranking.notes { writeRemark("note: \(note)\n") }
        if json { return try writeJSON(RankingReport(ranking)) }
        for candidate in ranking.candidates {
            let numbers = String(format: "%8.4f  %10.4f", candidate.probability, candidate.logProbability)
            try writeOutput("\(numbers)  \(candidate.text)\n")
        }
    }

    /// One candidate a line; empty lines are not candidates.
    private static func lines(_ path: String) throws -> [String] {
        let data: Data
        do {
            data = try path == "-" ? FileHandle.standardInput.readToEnd() ?? Data() : Data(contentsOf: URL(fileURLWithPath: path))
        } catch { throw InputError.unreadable(path: path) }
        guard let text = String(validating: data, as: UTF8.self) else { throw InputError.notText(path: path) }
        // Editors of other systems put a mark in front, which belongs to no candidate.
        let lines = text.trimmingPrefix("\u{FEFF}").split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !lines.isEmpty else { throw InputError.noCandidates(path: path) }
        return lines
    }
}

/// A file given on the command line that cannot be used.
enum InputError: Error, CustomStringConvertible {
    case unreadable(path: String)
    case notText(path: String)
    case noCandidates(path: String)

    var description: String {
        switch self {
        case .unreadable(let path): "there is no file \(path) that can be read; give a text file with one candidate a line"
        case .notText(let path): "\(path) is not UTF-8 text; give a text file with one candidate a line"
        case .noCandidates(let path): "\(path) holds no candidates; give a text file with one candidate a line"
        }
    }

    var isMissing: Bool { if case .unreadable = self { true } else { false } }
}

/// What `rank --json` writes.
struct RankingReport: Encodable {
    struct CandidateReport: Encodable {
        let candidate: String
        let logProbability: Double
        let probability: Double

        enum CodingKeys: String, CodingKey {
            case candidate, probability
            case logProbability = "log_probability"
        }
    }

    let candidates: [CandidateReport]
    let timings: AnswerReport.TimingsReport

    init(_ ranking: Ranking) {
        candidates = ranking.candidates.map {
            CandidateReport(candidate: $0.text, logProbability: $0.logProbability, probability: $0.probability)
        }
        timings = AnswerReport.TimingsReport(timings: ranking.timings)
    }
}
