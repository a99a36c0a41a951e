import ArgumentParser
import BlipData
import Foundation

struct DataStats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Count a dataset's samples, pictures, words and answers.",
        discussion: """
            Instructions and answers are drawn as training draws them, so that lengths are those that a model sees. Pictures are not opened.

              instructblip data stats okvqa --root /data
            """)

    @OptionGroup var place: DataPlace

    @Option(help: ArgumentHelp("How many of the most frequent answers are printed.", valueName: "n"))
    var answers = 10

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if !(0...10_000).contains(answers) { throw ValidationError("--answers must be between 0 and 10000, found \(answers).") }
    }

    func run() async throws {
        let place = place
        let (opened, statistics) = try await interruptible {
            let opened = try place.open()
            return (opened, try Self.gather(opened))
        }
        if json { try writeJSON(Summary(opened, statistics, answers)) } else { try writeOutput(Self.text(opened, statistics, answers)) }
        if statistics.broken > 0 { throw ExitCode(65) }
    }

    private static func gather(_ opened: DataPlace.Opened) throws -> SampleStatistics {
        var statistics = SampleStatistics()
        let bar = ProgressBar("reading \(opened.name)", .items)
        defer { bar.finish() }
        for index in 0..<opened.samples.count {
            if index % 256 == 0 {
                try Task.checkCancellation()
                bar.update(index, of: opened.samples.count)
            }
            let shown = ShownSample(opened, index, seed: 42)
            guard let sample = shown.sample, shown.problem == nil else {
                statistics.addBroken()
                continue
            }
            statistics.add(sample, shown.example)
        }
        return statistics
    }

    private static func text(_ opened: DataPlace.Opened, _ statistics: SampleStatistics, _ answers: Int) -> String {
        var lines = [
            "\(opened.name)", "  samples       \(grouped(statistics.samples)), \(grouped(statistics.pairs)) pairs of picture and text",
        ]
        lines.append(
            "  of which      "
                + statistics.kinds.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) \($0.key)" }.joined(separator: ", "))
        if statistics.secret > 0 { lines.append("  secret        \(grouped(statistics.secret)) without a public answer") }
        if statistics.broken > 0 { lines.append("  broken        \(grouped(statistics.broken)) that cannot be read; see data check") }
        let pictures = statistics.pictures.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) samples with \($0.key)" }.joined(
            separator: ", ")
        lines.append("  pictures      about \(grouped(statistics.distinctPictures)) different ones; \(pictures)")
        if !statistics.options.isEmpty {
            lines.append(
                "  options       "
                    + statistics.options.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) with \($0.key)" }.joined(separator: ", "))
        }
        lines.append("  instruction   \(words(statistics.instructionWords))")
        lines.append("  answer        \(words(statistics.answerWords))")
        for (text, count) in statistics.frequentAnswers(answers) {
            let share = 100 * Double(count) / Double(max(1, statistics.answerWords.count))
            lines.append("  \(String(format: "%5.1f %%", share))       \(text.isEmpty ? "(empty)" : text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func words(_ lengths: SampleStatistics.Lengths) -> String {
        let mean = String(format: "%.1f", lengths.mean)
        return
            "\(mean) words on average, half at most \(lengths.quantile(0.5)), 95 % at most \(lengths.quantile(0.95)), longest \(lengths.longest)"
    }

    private struct Summary: Encodable {
        struct Words: Encodable {
            let mean: Double
            let median, p95, longest: Int

            init(_ lengths: SampleStatistics.Lengths) {
                (mean, median, p95, longest) = (lengths.mean, lengths.quantile(0.5), lengths.quantile(0.95), lengths.longest)
            }
        }

        struct Answer: Encodable {
            let text: String
            let count: Int
        }

        let name: String
        let samples, pairs, secret, broken: Int
        let kinds: [String: Int]
        let picturesPerSample: [String: Int]
        let distinctPictures: Int
        let instructionWords, answerWords: Words
        let answers: [Answer]

        private enum CodingKeys: String, CodingKey {
            case name, samples, pairs, secret, broken, kinds, answers
            case picturesPerSample = "pictures_per_sample"
            case distinctPictures = "distinct_pictures"
            case instructionWords = "instruction_words"
            case answerWords = "answer_words"
        }

        init(_ opened: DataPlace.Opened, _ statistics: SampleStatistics, _ count: Int) {
            name = opened.name
            (samples, pairs, secret, broken) = (statistics.samples, statistics.pairs, statistics.secret, statistics.broken)
            kinds = statistics.kinds
            picturesPerSample = Dictionary(uniqueKeysWithValues: statistics.pictures.map { (String($0.key), $0.value) })
            distinctPictures = statistics.distinctPictures
            (instructionWords, answerWords) = (Words(statistics.instructionWords), Words(statistics.answerWords))
            answers = statistics.frequentAnswers(count).map { Answer(text: $0.text, count: $0.count) }
        }
    }
}
