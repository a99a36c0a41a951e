import BlipData
import BlipJSON
import BlipMetrics
public import Foundation

/// What differs between two runs on the same samples, pair by pair.
public struct EvaluationComparison: Sendable {
    /// A sample whose value changed.
    public struct Change: Sendable, Equatable {
        public let id: String
        public let instruction: String
        public let references: [String]
        public let before: String
        public let after: String
        public let difference: Double
    }

    /// A benchmark that both have.
    public struct Part: Sendable {
        public let benchmark: String
        public let metric: String
        /// Samples that both have a value for.
        public let count: Int
        /// Of these, samples that were asked in other words, or with other candidates.
        public let askedOtherwise: Int
        public let before: Double
        public let after: Double
        /// Of the mean difference, by drawing the pairs again.
        public let interval: ClosedRange<Double>?
        /// How often chance alone, swapping the two runs pair by pair, gives a difference at least as large.
        public let significance: Double
        /// The largest first.
        public let changes: [Change]

        public var difference: Double { after - before }
    }

    public let parts: [Part]
    /// Benchmarks that only one has.
    public let unpaired: [String]

    /// - Parameters:
    ///   - before: a folder that an evaluation was written to; of several in one folder the newest counts.
    ///   - after: another.
    /// - Throws: ``EvaluationError/badResults(path:reason:)``, ``EvaluationError/notComparable(reason:)``.
    public init(_ before: URL, _ after: URL, seed: UInt64 = 42) throws {
        let (first, second) = (try Self.files(in: before), try Self.files(in: after))
        let names = first.keys.filter { second[$0] != nil }.sorted()
        guard !names.isEmpty else {
            throw EvaluationError.notComparable(
                reason:
                    "they have no benchmark in common (\(first.keys.sorted().joined(separator: ", ")); \(second.keys.sorted().joined(separator: ", ")))"
            )
        }
        unpaired = Set(first.keys).symmetricDifference(second.keys).sorted()
        parts = try names.compactMap { name in
            guard let one = first[name], let other = second[name] else { return nil }
            return try Self.part(name, one, other, seed)
        }
    }

    // MARK: Reading

    private struct Line {
        let hash: String
        let value: Double
        let answer: String
        let instruction: String
        let references: [String]
    }

    /// The newest file of each benchmark.
    private static func files(in folder: URL) throws -> [String: URL] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw EvaluationError.badResults(path: folder.path, reason: error.localizedDescription)
        }
        var files: [String: URL] = [:]
        // Names end with the date, so that the last one is the newest.
        for name in names.sorted() where name.hasPrefix("samples_") && name.hasSuffix(".jsonl") {
            let parts = name.dropFirst("samples_".count).dropLast(".jsonl".count).split(separator: "_")
            guard parts.count > 1 else { continue }
            files[parts.dropLast().joined(separator: "_")] = folder.appendingPathComponent(name)
        }
        guard !files.isEmpty else {
            throw EvaluationError.badResults(path: folder.path, reason: "it has no file samples_<benchmark>_<date>.jsonl")
        }
        return files
    }

    private static func lines(_ file: URL, _ metric: String) throws -> [String: Line] {
        let data: Data
        do { data = try Data(contentsOf: file) } catch {
            throw EvaluationError.badResults(path: file.path, reason: error.localizedDescription)
        }
        var lines: [String: Line] = [:]
        for (number, bytes) in data.split(separator: 0x0A).enumerated() {
            let value: JSONValue
            do { value = try JSONValue(parsing: Array(bytes)) } catch {
                throw EvaluationError.badResults(path: file.path, reason: "line \(number + 1): \(error)")
            }
            // Samples without an answer have no value.
            guard let id = value["doc"]?["id"]?.string, let score = value[JSONString(bytes: Array(metric.utf8))]?.double else { continue }
            lines[id] = Line(
                hash: value["prompt_hash"]?.string ?? "", value: score, answer: value["resps"]?.array?.first?.string ?? "",
                instruction: value["arguments"]?["instruction"]?.string ?? "",
                references: value["target"]?.array?.compactMap(\.string) ?? [])
        }
        return lines
    }

    private static func part(_ name: String, _ before: URL, _ after: URL, _ seed: UInt64) throws -> Part {
        let metric = try BenchmarkCatalog.benchmark(name).headline
        let (first, second) = (try lines(before, metric), try lines(after, metric))
        let ids = first.keys.filter { second[$0] != nil }.sorted()
        guard !ids.isEmpty else { throw EvaluationError.notComparable(reason: "they have no sample of \(name) in common") }
        var (pairs, changes): ([(Double, Double)], [Change]) = ([], [])
        var askedOtherwise = 0
        for id in ids {
            guard let one = first[id], let other = second[id] else { continue }
            pairs.append((one.value, other.value))
            if one.hash != other.hash { askedOtherwise += 1 }
            guard one.value != other.value || one.answer != other.answer else { continue }
            changes.append(
                Change(
                    id: id, instruction: other.instruction, references: other.references, before: one.answer, after: other.answer,
                    difference: other.value - one.value))
        }
        let differences = pairs.map { $0.1 - $0.0 }
        let count = Double(pairs.count)
        return Part(
            benchmark: name, metric: metric, count: pairs.count, askedOtherwise: askedOtherwise,
            before: pairs.map(\.0).reduce(0, +) / count, after: pairs.map(\.1).reduce(0, +) / count,
            interval: try SampleScores(metric, differences).score(Bootstrap(seed: seed)).interval,
            significance: significance(differences, seed),
            changes: changes.sorted { (abs($0.difference), $1.id) > (abs($1.difference), $0.id) })
    }

    /// A test by swapping signs. Source: Fisher, "The Design of Experiments", 1935, section 21; by 10,000 draws.
    static func significance(_ differences: [Double], _ seed: UInt64) -> Double {
        let changed = differences.filter { $0 != 0 }
        guard !changed.isEmpty else { return 1 }
        // Sums in another order differ in their last digits.
        let observed = abs(changed.reduce(0, +)) * (1 - 1e-12)
        var generator = SeededGenerator(seed: seed)
        let draws = 10_000
        var asLarge = 0
        for _ in 0..<draws {
            var (sum, bits, left) = (0.0, UInt64(0), 0)
            for difference in changed {
                if left == 0 { (bits, left) = (generator.next(), 64) }
                sum += bits & 1 == 0 ? difference : -difference
                bits >>= 1
                left -= 1
            }
            if abs(sum) >= observed { asLarge += 1 }
        }
        return Double(1 + asLarge) / Double(1 + draws)
    }
}
