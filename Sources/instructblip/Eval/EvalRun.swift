import ArgumentParser
import Blip
import BlipData
import BlipEvaluation
import BlipMetrics
import BlipModels
import BlipTensors
import Foundation

struct EvalRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Evaluate; the verb that is meant where none is named.",
        discussion: """
            Into --out go predictions/<benchmark>.jsonl as they come, and in the end results_<date>.json and samples_<benchmark>_<date>.jsonl as
            lm-eval lays them out, results.md, and report.html with pictures, the worst samples first. Samples that cannot be read or answered
            are listed, left out of the scores, and exit with 65. What the image encoder made of pictures is kept in --out/features, up to 8 GB, for
            the next benchmark and the next run (elsewhere with --image-cache); the folder may be removed at any time.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp(
            "Benchmarks, as okvqa,vsr, or groups of them: held-out is the paper's thirteen, held-in its others, paper both; scenes the built-in sets, scenes-held-in and scenes-held-out parts of them; all everything.",
            valueName: "name,name"))
    var benchmarks: String

    @Option(help: ArgumentHelp("The folder of all datasets. Scenes need none.", valueName: "dir"))
    var root: String?

    @Option(
        help: ArgumentHelp(
            "The split of every benchmark, as val for choosing among checkpoints. Default: the one to report.", valueName: "name"))
    var split: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to write to.", valueName: "dir"))
    var out: String

    @Option(help: ArgumentHelp("At most so many samples of each, spread over it; below 1 a share.", valueName: "n|0.1"))
    var limit: String?

    @Option(
        help: ArgumentHelp(
            "Whose picture is shown: given is the sample's own; none asks the language model alone; shuffled shows another sample's. What is scored without the right picture needs no seeing.",
            valueName: "given|none|shuffled"))
    var picture: EvaluationPicture = .given

    @Option(help: ArgumentHelp("Samples computed together.", valueName: "n"))
    var batch = 8

    @Option(
        help: ArgumentHelp("Choose an option, prompt or split of a benchmark, as vizwiz.questions=answerable.", valueName: "name.key=value")
    )
    var set: [String] = []

    @Option(help: ArgumentHelp("Frames read of each clip.", valueName: "n"))
    var frames = 4

    @Flag(help: "Go on with what is in --out; so it does without, and this only says so.")
    var resume = false

    @Flag(help: "Try again what ended in an error.")
    var retryErrors = false

    @Flag(help: "Write submission_<benchmark>.json for test servers, too; splits without answers are not scored then.")
    var submission = false

    @Flag(help: "Keep nothing of pictures on the disk; the numbers are the same.")
    var noImageCache = false

    @OptionGroup var decoding: DecodingArguments

    @Flag(help: "Write one JSON object: benchmark -> metric -> value, stderr, count.")
    var json = false

    func validate() throws {
        if !(1...4096).contains(batch) { throw ValidationError("--batch must be between 1 and 4096, found \(batch).") }
        if !(1...64).contains(frames) { throw ValidationError("--frames must be between 1 and 64, found \(frames).") }
        if noImageCache, modelOptions.imageCache.folder != nil {
            throw ValidationError("--no-image-cache and --image-cache say opposite things; leave one out.")
        }
        if let limit, Self.limit(limit) == nil {
            throw ValidationError("--limit must be a number of samples, or a share between 0 and 1, found \(limit).")
        }
    }

    private static func limit(_ text: String) -> EvaluationSamples.Limit? {
        if let count = Int(text), count >= 1 { return .count(count) }
        if let share = Double(text), share > 0, share <= 1 { return .share(share) }
        return nil
    }

    func run() async throws {
        let start = Date()
        let chosen = try choose()
        let share = try BatchShare.launched()
        let folder = URL(fileURLWithPath: out)
        // Everything is opened first: what is missing is told before anything is computed.
        var runs = try chosen.map { benchmark in
            let samples = try EvaluationSamples(benchmark, root: root ?? "", limit: limit.flatMap(Self.limit) ?? .all, picture: picture)
            var run = EvaluationRun(benchmark, samples, folder: folder)
            run.decoding = decoding(of: benchmark)
            (run.share, run.batchSize, run.frames, run.retriesErrors) = (share, batch, frames, retryErrors)
            return run
        }
        let maker = try maker()
        for place in runs.indices {
            let answering = "\(runs[place].benchmark.answering)"
            runs[place].maker = maker.merging(["answering": answering]) { own, _ in own }
        }
        do {
            let hasErrors = try await interruptible { [runs] in try await work(runs, start) }
            if hasErrors { throw ExitCode(65) }
        } catch is CancellationError { throw BatchInterruption(output: out, overwrites: false) }
    }

    private func choose() throws -> [EvaluationBenchmark] {
        let names = benchmarks.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !names.isEmpty else { throw ValidationError("--benchmarks needs at least one name.") }
        var chosen = try BenchmarkCatalog.benchmarks(named: names)
        if let split { chosen = try chosen.map { try $0.setting("split", to: split) } }
        for setting in set {
            guard let equals = setting.firstIndex(of: "="), let dot = setting[..<equals].firstIndex(of: ".") else {
                throw ValidationError("--set needs name.key=value, found \(setting).")
            }
            let (name, key) = (String(setting[..<dot]), String(setting[setting.index(after: dot)..<equals]))
            guard let place = chosen.firstIndex(where: { $0.name == name }) else {
                throw ValidationError("--set \(setting): \(name) is not among the benchmarks.")
            }
            chosen[place] = try chosen[place].setting(key, to: String(setting[setting.index(after: equals)...]))
        }
        if root == nil, let benchmark = chosen.first(where: \.needsFiles) {
            throw ValidationError("--root is missing: \(benchmark.name) is read from files.")
        }
        return chosen
    }

    /// The benchmark's own decoding, changed by the options given.
    private func decoding(of benchmark: EvaluationBenchmark) -> (@Sendable (Bool) -> AnswerOptions)? {
        guard case .generate(let preset) = benchmark.answering else { return nil }
        let (encoding, plain) = (
            decoding.options(isEncoderDecoder: true, usual: preset), decoding.options(isEncoderDecoder: false, usual: preset)
        )
        return { isEncoderDecoder in isEncoderDecoder ? encoding : plain }
    }

    /// What predictions depend on besides the questions; the model by what it is, not by where it lies.
    private func maker() throws -> [String: String] {
        try modelOptions.maker.merging(decoding.given) { own, _ in own }.merging(["frames": "\(frames)"]) { own, _ in own }
    }

    /// - Returns: whether any sample failed.
    private func work(_ runs: [EvaluationRun], _ start: Date) async throws -> Bool {
        var opened: Assistant?
        var parts: [EvaluationReport.Part] = []
        var isWhole = true
        var seen = (found: 0, made: 0)
        for run in runs {
            let bar = ProgressBar(run.benchmark.name, .items)
            let outcomes = try await run.predict(with: {
                if let opened { return opened }
                let assistant = try await modelOptions.open(keepFeatures)
                opened = assistant
                return assistant
            }) { progress in
                bar.update(progress.done, of: progress.total, note: progress.errors > 0 ? BatchWork.counted(progress.errors, "error") : nil)
            }
            bar.finish()
            if let opened { seen = try await tellOfPictures(run.benchmark.name, opened, seen) }
            guard let outcomes else {
                isWhole = false
                continue
            }
            if submission, let file = try SubmissionFile(run.benchmark, run.samples, outcomes) {
                let target = URL(fileURLWithPath: out).appendingPathComponent("submission_\(run.benchmark.name).json")
                try file.write(to: target)
                writeRemark("\(target.path)\n")
            }
            do { parts.append(try EvaluationReport.Part(run.benchmark, run.samples, outcomes)) } catch EvaluationError.noReferences
                where submission
            {
                writeRemark(
                    "note: \(run.benchmark.name) has no public answers in its split \(run.benchmark.split.rawValue); it was not scored\n")
            }
        }
        guard isWhole else {
            writeRemark("other ranks are not done yet\n")
            return false
        }
        guard !parts.isEmpty else { return false }
        let report = EvaluationReport(try subject(), parts, start: start, end: Date())
        let files = try report.write(to: URL(fileURLWithPath: out))
        try show(report)
        for file in files where file.pathExtension != "jsonl" { writeRemark("\(file.path)\n") }
        return report.failureCount > 0
    }

    /// The image encoder's own output is kept: of that an eighth of what later stages make of it, and the same for whoever asks.
    private func keepFeatures(_ options: inout OpenOptions) {
        // One by one, so that what is kept and what is computed are the same to the last bit, whatever else was looked at.
        if options.device == .cpu { options.picturesAtOnce = 1 }
        options.imageCacheFolder = nil
        guard !noImageCache else { return }
        options.featureFolder = featureFolder
        if let size = modelOptions.imageCache.imageCacheSize { options.featureFolderBytes = size.bytes }
    }

    private var featureFolder: URL {
        modelOptions.imageCache.folder ?? URL(fileURLWithPath: out).appendingPathComponent("features", isDirectory: true)
    }

    private func tellOfPictures(
        _ name: String, _ assistant: Assistant, _ before: (found: Int, made: Int)
    ) async throws -> (found: Int, made: Int) {
        for note in try await assistant.takeNotes() { writeRemark("note: \(note)\n") }
        guard let now = try await assistant.keptFeatures, now != before else { return before }
        writeRemark(
            "pictures of \(name): \(grouped(now.found - before.found)) came from \(featureFolder.path), \(grouped(now.made - before.made)) were looked at\n"
        )
        return now
    }

    private func subject() throws -> EvaluationReport.Subject {
        let folder = try modelOptions.checkpoint.folder()
        let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
        var arguments = ["batch": "\(batch)", "device": "\(modelOptions.device.device)"]
        arguments["dtype"] = modelOptions.dtype.map(\.rawValue)
        arguments["quantize"] = modelOptions.quantize.map(\.rawValue)
        arguments["adapter"] = modelOptions.adapter
        arguments["limit"] = limit
        arguments["picture"] = picture.rawValue
        arguments["split"] = split
        arguments.merge(decoding.given) { own, _ in own }
        return EvaluationReport.Subject(
            model: modelOptions.checkpoint.model, arguments: arguments,
            publishedRow: PublishedScores.row(ofFamily: config.publishedFamily, width: config.language.width), commit: SourceCommit.current,
            versions: ["libtorch": Engine.version, "instructblip": InstructBLIPCommand.configuration.version])
    }

    private struct Score: Encodable {
        let value: Double
        let stderr: Double?
        let count: Int
    }

    private func show(_ report: EvaluationReport) throws {
        for part in report.parts {
            for failure in part.scores.failures.prefix(5) {
                writeRemark("error: \(part.benchmark.name), sample \(failure.number + 1): \(failure.reason)\n")
            }
        }
        if json {
            var scores: [String: [String: Score]] = [:]
            for part in report.parts {
                for metric in part.scores.metrics {
                    scores[part.benchmark.name, default: [:]][metric.name] = Score(
                        value: metric.value, stderr: metric.standardError, count: metric.count)
                }
            }
            return try writeJSON(scores)
        }
        let rows = report.parts.flatMap { part in
            let known = PublishedScores.scores(of: part.benchmark.name).first { $0.model == report.subject.publishedRow }
            return part.tabulated.map { metric in
                [
                    part.benchmark.name, metric.name, grouped(metric.count), String(format: "%.1f", 100 * metric.value),
                    metric.standardError.map { String(format: "%.1f", 100 * $0) } ?? "-",
                    known.map { String(format: "%.1f", $0.value) } ?? "-", "\(part.scores.failures.count)",
                ]
            }
        }
        let headings = ["benchmark", "metric", "samples", "measured", "error", "published", "failed"]
        try writeOutput(TextTable(headings, rows, rightAligned: Set(2..<headings.count)).text)
    }
}

extension EvaluationPicture: ExpressibleByArgument {}

extension InstructBLIPConfig {
    /// As the tables of published numbers know it.
    var publishedFamily: String {
        let kind = architecture.isInstructed ? "instructblip" : "blip2"
        return switch language {
        case .t5: "\(kind)-t5"
        case .llama: "\(kind)-llama"
        case .opt: "\(kind)-opt"
        }
    }
}
