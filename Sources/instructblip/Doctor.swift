import ArgumentParser
import Blip
import BlipImages
import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look a checkpoint over: files, tensors, the known traps of this family, and whether it answers.",
        discussion: """
            Says which published checkpoint it is or is most like and where it differs, which known traps it is in and how to get out, reads
            every number of every tensor once, and asks a question twice, alone and beside another. Exits with 65 where something is wrong.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var size: ImageSizeOptions

    @Option(
        help: ArgumentHelp("The picture of the documented example, to compare the answer of a published checkpoint.", valueName: "file"))
    var image: String?

    @Flag(help: "Do not read the weights' numbers; names, shapes and files alone.")
    var quick = false

    @Flag(help: "Do not open the checkpoint to ask it.")
    var noAnswer = false

    @Flag(help: "Show what does not apply, too.")
    var all = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if image != nil, noAnswer { throw ValidationError("--image is for what --no-answer leaves out.") }
    }

    func run() async throws {
        let doctor = try Doctor(folder: modelOptions.checkpoint.folder())
        let source = try image.map { try size.source($0) }
        // A wrong picture is told at once, and for checkpoints without a documented example, too.
        _ = try source?.load(limits: size.limits)
        let (quick, noAnswer) = (quick, noAnswer)
        let options = modelOptions.openOptions()
        let limits = size.limits
        let findings = try await interruptible {
            let reading = ProgressBar("reading")
            var findings = try doctor.findings(readingValues: !quick) { reading.update($0, of: $1) }
            reading.finish()
            guard !noAnswer else { return findings }
            let loading = ProgressBar("loading")
            findings += await doctor.answerFindings(options, image: source, limits: limits) { loading.update($0, of: $1) }
            loading.finish()
            return findings
        }
        let report = DoctorReport(doctor, findings)
        if json { try writeJSON(report) } else { try writeOutput(report.text(all: all)) }
        if !report.isFine { throw ExitCode(65) }
    }
}

/// What `doctor --json` writes.
struct DoctorReport: Encodable {
    let folder: String
    let architecture: String?
    let likeness: CheckpointLikeness?
    let isFine: Bool
    let counts: [String: Int]
    let tensors: Int
    let bytes: Int
    let findings: [Finding]

    enum CodingKeys: String, CodingKey {
        case folder, architecture, counts, tensors, bytes, findings
        case likeness = "published"
        case isFine = "fine"
    }

    init(_ doctor: Doctor, _ findings: [Finding]) {
        (folder, architecture, likeness) = (doctor.folder.path, doctor.architecture, doctor.likeness)
        (tensors, bytes, self.findings) = (doctor.tensorCount, doctor.byteCount, findings)
        isFine = !findings.contains { $0.verdict == .wrong }
        counts = Dictionary(grouping: findings, by: \.verdict.rawValue).mapValues(\.count)
    }

    func text(all: Bool) -> String {
        var text =
            "\(folder): \(architecture ?? "unknown"), \(grouped(tensors)) tensors, \(String(format: "%.2f", Double(bytes) / 1e9)) GB\n"
        for group in Finding.Group.allCases {
            let own = findings.filter { $0.group == group && (all || $0.verdict != .doesNotApply) }
            if own.isEmpty { continue }
            text += "\n\(group.title)\n"
            for finding in own { text += Self.lines(finding) }
        }
        let absent = findings.filter { $0.verdict == .doesNotApply }
        if !all, !absent.isEmpty { text += "\ndoes not apply: \(absent.map(\.name).joined(separator: ", "))\n" }
        let order: [(Finding.Verdict, String)] = [
            (.wrong, "wrong"), (.notice, "to be noticed"), (.avoided, "avoided"), (.fine, "fine"), (.notRun, "not run"),
        ]
        let parts = order.compactMap { verdict, word in counts[verdict.rawValue].map { "\($0) \(word)" } }
        return text + "\n\(isFine ? "nothing is wrong" : "something is wrong"): \(parts.joined(separator: ", "))\n"
    }

    private static func lines(_ finding: Finding) -> String {
        let mark =
            switch finding.verdict {
            case .fine: "fine   "
            case .avoided: "avoided"
            case .notice: "notice "
            case .wrong: "WRONG  "
            case .doesNotApply: "-      "
            case .notRun: "not run"
            }
        var lines = "  \(mark)  \(finding.title): \(printable(finding.reason))\n"
        if [.wrong, .notice, .notRun].contains(finding.verdict) {
            if finding.details.count > 1 { lines += finding.details.map { "             \(printable($0))\n" }.joined() }
        }
        if finding.verdict != .fine, let remedy = finding.remedy { lines += "           -> \(printable(remedy))\n" }
        return lines
    }
}
