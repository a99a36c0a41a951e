import ArgumentParser
import BlipData
import BlipImages
import BlipPictures
import BlipTraining
import Foundation

struct DataCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find what is wrong with data: missing and broken pictures, broken records, empty answers, ids that come twice.",
        discussion: """
            Exits with 0 where nothing is wrong, 65 where something is. Keys that nothing is read from are told of, but wrong only with --strict.
            Pictures are decoded whole; --pictures header looks at their first bytes alone.

              instructblip data check my.json --images photos --report problems.jsonl
              instructblip data check okvqa --root /data --split val

            The report has one JSON object a line: kind, sample (counted from 1), id, message; and a last one: samples, problems (by kind).
            Kinds: \(SampleChecker.Kind.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    enum Depth: String, ExpressibleByArgument, CaseIterable {
        case decode, header, exist, none
    }

    @OptionGroup var place: DataPlace

    @Option(help: ArgumentHelp("How pictures are looked at: decode, header, exist or none.", valueName: "depth"))
    var pictures = Depth.decode

    @Option(help: ArgumentHelp("Write every problem to a file, JSON lines.", valueName: "file.jsonl"))
    var report: String?

    @Option(help: ArgumentHelp("How many problems of a kind are printed.", valueName: "n"))
    var show = 10

    @Flag(help: "Keys that nothing is read from are wrong too.")
    var strict = false

    @Flag(help: "Write one JSON object: name, samples, problems (by kind), ok.")
    var json = false

    func validate() throws {
        if show < 0 { throw ValidationError("--show must be 0 or more, found \(show).") }
    }

    func run() async throws {
        let (place, depth, isJSON) = (place, pictures, json)
        let (show, report, strict) = (show, report, strict)
        let isClean = try await interruptible {
            let opened = try place.open()
            if let report { try opened.checkOutput(report) }
            let report = try report.map { try ProblemReport($0) }
            let counts = try Self.check(opened, depth) { problem, count in
                try report?.add(problem)
                if !isJSON, count <= show { try writeOutput(Self.line(problem)) }
            }
            try report?.finish(samples: opened.samples.count, counts)
            let isClean = counts.keys.allSatisfy { $0.isRemark && !strict }
            try Self.conclude(opened, counts, isClean: isClean, isJSON: isJSON, show: show, hasReport: report != nil)
            return isClean
        }
        if !isClean { throw ExitCode(65) }
    }

    /// - Parameter found: told of every problem, and how many of its kind there are so far.
    private static func check(
        _ opened: DataPlace.Opened, _ depth: Depth, found: (SampleChecker.Problem, Int) throws -> Void
    ) throws -> [SampleChecker.Kind: Int] {
        var counts: [SampleChecker.Kind: Int] = [:]
        var checker = SampleChecker(pictures: depth == .none ? nil : { try PictureInspection(depth).look($0) })
        checker.allowsSecretAnswers = opened.split == .test || opened.split == .testDevelopment
        let bar = ProgressBar("checking \(opened.name)", .items)
        defer { bar.finish() }
        let count = opened.samples.count
        try checker.check(opened.samples) { done in
            try Task.checkCancellation()
            let problems = counts.values.reduce(0, +)
            bar.update(done, of: count, note: problems == 0 ? nil : "\(grouped(problems)) problems")
        } found: { problem in
            counts[problem.kind, default: 0] += 1
            try found(problem, counts[problem.kind] ?? 0)
        }
        return counts
    }

    private static func line(_ problem: SampleChecker.Problem) -> String {
        "\(problem.kind.rawValue): sample \(problem.index + 1)\(printable(problem.id.map { ", id \($0)" } ?? "")): \(printable(problem.message))\n"
    }

    private struct Conclusion: Encodable {
        let name: String
        let samples: Int
        let problems: [String: Int]
        let ok: Bool
    }

    private static func conclude(
        _ opened: DataPlace.Opened, _ counts: [SampleChecker.Kind: Int], isClean: Bool, isJSON: Bool, show: Int, hasReport: Bool
    ) throws {
        let named = Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
        if isJSON {
            return try writeJSON(Conclusion(name: opened.name, samples: opened.samples.count, problems: named, ok: isClean))
        }
        let samples = "\(opened.name): \(grouped(opened.samples.count)) samples"
        if counts.isEmpty { return try writeOutput("\(samples), nothing wrong was found\n") }
        let problems = named.sorted { $0.key < $1.key }.map { "\($0.key) \(grouped($0.value))" }.joined(separator: ", ")
        try writeOutput("\(samples)\(isClean ? ", nothing wrong was found" : ""); \(problems)\n")
        if !hasReport, counts.values.contains(where: { $0 > show }) { writeRemark("note: --report writes all of them to a file\n") }
    }
}

/// Looks at pictures on all processors.
private struct PictureInspection {
    let depth: DataCheck.Depth

    init(_ depth: DataCheck.Depth) { self.depth = depth }

    func look(_ pictures: [SampleImage]) throws -> [(kind: SampleChecker.Kind, message: String)?] {
        let depth = depth
        let states = ConcurrentList<(kind: SampleChecker.Kind, message: String)?>(count: pictures.count, filling: nil)
        DispatchQueue.concurrentPerform(iterations: pictures.count) { place in states.set(place, Self.state(pictures[place], depth)) }
        return states.values
    }

    private static func state(_ picture: SampleImage, _ depth: DataCheck.Depth) -> (kind: SampleChecker.Kind, message: String)? {
        if case .file(let path) = picture.source, !FileManager.default.fileExists(atPath: path) {
            return (.missingImage, "\(path) is not there")
        }
        if case .clip(let path) = picture.source {
            return FileManager.default.fileExists(atPath: path) ? nil : (.missingImage, "\(path) is not there")
        }
        if depth == .exist { return nil }
        do {
            let source = try picture.imageSource()
            if depth == .header { try source.checkHeader() } else { _ = try source.load() }
            return nil
        } catch ImageError.missingFile(let path) {
            return (.missingImage, "\(path) is not there")
        } catch { return (.brokenImage, "\(error)") }
    }
}

/// A list that several threads fill.
///
/// Unchecked: the elements are only touched under the lock.
private final class ConcurrentList<Element>: @unchecked Sendable {
    private let lock = NSLock()
    private var elements: [Element]

    init(count: Int, filling element: Element) { elements = Array(repeating: element, count: count) }

    func set(_ place: Int, _ element: Element) { lock.withLock { elements[place] = element } }
    var values: [Element] { lock.withLock { elements } }
}
