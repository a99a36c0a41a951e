/// Finds what is wrong with data before a model is tuned on it.
///
/// Reads front to back. Memory does not grow with the data, but for what is found: 16 MB keep ids apart, and where some look alike the data is read once
/// more to tell whether they are.
public struct SampleChecker {
    /// The names stand in reports.
    public enum Kind: String, Sendable, CaseIterable {
        case brokenRecord = "broken_record"
        case imageCount = "image_count"
        case roleOrder = "role_order"
        case missingImage = "missing_image"
        case brokenImage = "broken_image"
        case emptyInstruction = "empty_instruction"
        case emptyAnswer = "empty_answer"
        case duplicateID = "duplicate_id"
        case strangeAnswer = "strange_answer"
        case nothingToLearn = "nothing_to_learn"
        case unknownKey = "unknown_key"

        /// Whether it may be meant so. Files carry what nobody reads; a key that is merely misspelt looks the same. Conversations are kept of which
        /// no answer is to be learned, and questions with options may be answered in other words.
        public var isRemark: Bool { [.unknownKey, .nothingToLearn, .strangeAnswer].contains(self) }

        init(_ error: any Error) {
            if case DataError.flawedRecord(_, let flaw, _) = error {
                self = flaw == .imageCount ? .imageCount : .roleOrder
            } else {
                self = .brokenRecord
            }
        }
    }

    public struct Problem: Sendable, Equatable {
        public var kind: Kind
        /// The sample's number, counted from 0; of a record that gives none, that of the sample that comes next.
        public var index: Int
        /// Nil for a record that cannot be read.
        public var id: String?
        public var message: String
    }

    /// What is wrong with a picture; nil if nothing is.
    public typealias PictureCheck = (_ pictures: [SampleImage]) throws -> [(kind: Kind, message: String)?]

    /// Whether a split that keeps its answers secret may do so.
    public var allowsSecretAnswers = false
    /// Pictures are handed over in groups, so that they can be looked at side by side.
    public var groupSize = 256
    /// Bytes of pictures that stand in the records themselves: a group with more of them is looked at at once.
    var heldLimit = 64 << 20
    private let pictures: PictureCheck?

    /// - Parameter pictures: looks at pictures; nil leaves them out.
    public init(pictures: PictureCheck? = nil) { self.pictures = pictures }

    /// - Parameters:
    ///   - progress: told how many samples were read, in each of the passes; may throw to stop.
    ///   - found: told of every problem; those of one sample together, duplicates last.
    public func check(
        _ samples: any SampleCollection, progress: (Int) throws -> Void = { _ in }, found: (Problem) throws -> Void
    ) throws {
        var ids = SimilarIDs()
        var group: [(index: Int, sample: Sample)] = []
        var held = 0
        var record = -1
        for index in 0..<samples.count {
            do {
                let sample = try samples.sample(index)
                ids.add(sample.id)
                group.append((index, sample))
                held += sample.images.reduce(0) { $0 + $1.heldBytes }
            } catch let error as CancellationError { throw error } catch {
                try found(Problem(kind: Kind(error), index: index, id: nil, message: "\(error)"))
            }
            try checkRecords(samples, index, &record, found)
            if group.count >= groupSize || held >= heldLimit || index == samples.count - 1 {
                try check(group, found)
                group.removeAll(keepingCapacity: true)
                held = 0
            }
            // Whatever could be read: millions of broken lines can be stopped too.
            if (index + 1) % groupSize == 0 || index == samples.count - 1 { try progress(index + 1) }
        }
        try checkSilent(samples, from: record + 1, to: nil, samples.count, found)
        if !ids.suspects.isEmpty { try reportDuplicates(ids.suspects, samples, progress, found) }
    }

    /// Names that nothing is read from, and records that give no sample, once for each record of one's own data.
    private func checkRecords(
        _ samples: any SampleCollection, _ index: Int, _ last: inout Int, _ found: (Problem) throws -> Void
    ) throws {
        guard let own = samples as? OwnSamples else { return }
        let record = own.record(of: index)
        guard last != record else { return }
        try checkSilent(samples, from: last + 1, to: record, index, found)
        last = record
        let keys: [String]
        // What cannot be read was reported with its sample.
        do { keys = try own.unknownKeys(inRecord: record) } catch { return }
        for key in keys {
            let message = "\(own.place(ofRecord: record)): nothing is read from \"\(key)\""
            try found(Problem(kind: .unknownKey, index: index, id: nil, message: message))
        }
    }

    /// Records between those that gave samples.
    ///
    /// - Parameter end: nil for all that are left.
    private func checkSilent(
        _ samples: any SampleCollection, from start: Int, to end: Int?, _ index: Int, _ found: (Problem) throws -> Void
    ) throws {
        guard let own = samples as? OwnSamples else { return }
        for record in start..<(end ?? own.recordCount) {
            let message = "\(own.place(ofRecord: record)): none of its answers is to be learned"
            try found(Problem(kind: .nothingToLearn, index: index, id: nil, message: message))
        }
    }

    private func check(_ group: [(index: Int, sample: Sample)], _ found: (Problem) throws -> Void) throws {
        var unlike: [SampleImage] = []
        var places: [SampleImage: Int] = [:]
        for image in group.flatMap(\.sample.images) where places[image] == nil {
            places[image] = unlike.count
            unlike.append(image)
        }
        let states = try pictures?(unlike) ?? Array(repeating: nil, count: unlike.count)
        for (index, sample) in group {
            for image in sample.images {
                guard let problem = places[image].flatMap({ states[$0] }) else { continue }
                try found(Problem(kind: problem.kind, index: index, id: sample.id, message: problem.message))
            }
            for (kind, message) in texts(sample) { try found(Problem(kind: kind, index: index, id: sample.id, message: message)) }
        }
    }

    /// What is wrong with a sample's words.
    private func texts(_ sample: Sample) -> [(Kind, String)] {
        var problems: [(Kind, String)] = []
        let answers: [String]?
        switch sample.task {
        case .caption(let captions): answers = captions.references
        case .question(let question), .questionGeneration(let question):
            if Self.isBlank(question.text) { problems.append((.emptyInstruction, "its question is empty")) }
            if question.correct == nil, !question.options.isEmpty, let answer = question.answers.first,
                !question.answers.contains(where: { question.options.contains($0.text) })
            {
                problems.append((.strangeAnswer, "its answer, \"\(answer.text)\", is none of its options"))
            }
            answers = question.answers.isEmpty ? question.correct.map { [question.choices[$0]] } ?? [] : question.answers.map(\.text)
        case .instruction(let written):
            if Self.isBlank(written.instruction), sample.images.isEmpty { problems.append((.emptyInstruction, "its instruction is empty")) }
            answers = written.response.map { [$0] } ?? []
        }
        if let answers, answers.isEmpty, !allowsSecretAnswers { problems.append((.emptyAnswer, "it has no answer")) }
        if let answers, answers.contains(where: Self.isBlank) { problems.append((.emptyAnswer, "an answer of it is empty")) }
        return problems
    }

    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    private func reportDuplicates(
        _ suspects: Set<UInt64>, _ samples: any SampleCollection, _ progress: (Int) throws -> Void, _ found: (Problem) throws -> Void
    ) throws {
        var first: [String: Int] = [:]
        for index in 0..<samples.count {
            if index % groupSize == 0 { try progress(index) }
            let id: String
            // What cannot be read was reported in the first pass.
            do { id = try samples.sample(index).id } catch let error as CancellationError { throw error } catch { continue }
            guard suspects.contains(SeededGenerator.key(id)) else { continue }
            if let earlier = first[id] {
                try found(Problem(kind: .duplicateID, index: index, id: id, message: "sample \(earlier + 1) has the same id"))
            } else {
                first[id] = index
            }
        }
        try progress(samples.count)
    }
}

extension SampleImage {
    /// How much memory the picture itself takes.
    fileprivate var heldBytes: Int { if case .bytes(let bytes) = source { bytes.count } else { 0 } }
}

/// Ids that may have come twice, found in memory that does not grow.
///
/// A Bloom filter: an id that came before is always suspected, one that did not with a chance of about one in six hundred after ten million.
struct SimilarIDs {
    private static let bitCount: UInt64 = 1 << 27
    private static let hashes: UInt64 = 7

    private var bits = [UInt64](repeating: 0, count: Int(bitCount / 64))
    private(set) var suspects: Set<UInt64> = []

    mutating func add(_ id: String) {
        let key = SeededGenerator.key(id)
        var generator = SeededGenerator(seed: key)
        let (start, step) = (generator.next(), generator.next() | 1)
        var isNew = false
        for hash in 0..<Self.hashes {
            let place = (start &+ hash &* step) % Self.bitCount
            let mask = (1 as UInt64) << (place % 64)
            if bits[Int(place / 64)] & mask == 0 {
                isNew = true
                bits[Int(place / 64)] |= mask
            }
        }
        if !isNew { suspects.insert(key) }
    }
}
