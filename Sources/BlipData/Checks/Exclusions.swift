/// The pictures and questions of evaluation splits, which training must not see.
///
/// A picture is known by its identity, which datasets that share pictures share too: a picture of OKVQA's evaluation is not trained on through
/// COCO Caption, VQAv2, A-OKVQA or LLaVA-Instruct either. A picture without an identity is known by its file. A question is known by its
/// dataset and official id. Source: the paper, section 2.1.
public struct Exclusions: Sendable {
    public enum Reason: Sendable, Hashable {
        /// The evaluation set that has the same picture.
        case picture(String)
        /// The evaluation set that has the same question.
        case question(String)
        /// The evaluation set that has a picture of the same content, or nearly so.
        case content(String)

        public var evaluation: String {
            switch self {
            case .picture(let name), .question(let name), .content(let name): name
            }
        }
    }

    /// The sets added, in order.
    public private(set) var sets: [String] = []
    /// Places in ``sets`` by keys of identities, 8 bytes each: the names of millions of pictures would fill the memory.
    private var pictures: [UInt64: UInt16] = [:]
    private var questions: [UInt64: UInt16] = [:]
    private var contents = FingerprintIndex()
    private let fingerprint: (@Sendable (SampleImage) throws -> PictureFingerprint)?

    /// - Parameter fingerprint: looks at a picture's content, to find copies that do not share an identity; slow, hence on request.
    public init(fingerprint: (@Sendable (SampleImage) throws -> PictureFingerprint)? = nil) { self.fingerprint = fingerprint }

    public var isEmpty: Bool { pictures.isEmpty && questions.isEmpty && contents.isEmpty }

    /// Keeps the samples of an evaluation split out.
    ///
    /// - Parameters:
    ///   - name: what the set is called in reports.
    ///   - dataset: the dataset that it is a split of, within which ids of questions are unique.
    ///   - problem: told of each sample that cannot be read, and so cannot be kept out.
    public mutating func add(
        _ samples: any SampleCollection, named name: String, of dataset: String, problem: (_ index: Int, _ error: any Error) throws -> Void
    ) rethrows {
        let place = UInt16(clamping: sets.count)
        sets.append(name)
        for index in 0..<samples.count {
            do {
                let sample = try samples.sample(index)
                if let question = Self.question(sample, of: dataset) { questions[question] = place }
                for identity in Self.identities(sample) { pictures[SeededGenerator.key(identity)] = place }
                if let fingerprint { for image in sample.images { contents.add(try fingerprint(image), Int(place)) } }
            } catch { try problem(index, error) }
        }
    }

    /// Why a training sample must not be used; nil if it may.
    ///
    /// - Throws: what looking at a picture throws, where contents are compared.
    public func reason(against sample: Sample, of dataset: String) throws -> Reason? {
        for identity in Self.identities(sample) {
            if let place = pictures[SeededGenerator.key(identity)] { return .picture(sets[Int(place)]) }
        }
        if let question = Self.question(sample, of: dataset), let place = questions[question] { return .question(sets[Int(place)]) }
        guard let fingerprint else { return nil }
        for image in sample.images {
            if let place = contents.nearest(to: try fingerprint(image)) { return .content(sets[place]) }
        }
        return nil
    }

    /// What a sample's pictures are known by. About half of Visual Genome's are COCO's too, under another number.
    private static func identities(_ sample: Sample) -> [String] {
        sample.images.map { $0.identity ?? $0.label } + (sample.facts["coco_id"].map { ["coco/\($0)"] } ?? [])
    }

    /// What a sample's question is known by; where several sets have it, they say so.
    private static func question(_ sample: Sample, of dataset: String) -> UInt64? {
        switch sample.task {
        case .caption: nil
        default: SeededGenerator.key(sample.facts["question_identity"] ?? "\(dataset)/\(sample.id)")
        }
    }

    // MARK: Filtering

    /// The samples of a training set that may be used.
    public struct Kept: Sendable {
        public var samples: any SampleCollection
        /// How many were left out, by reason.
        public var removed: [Reason: Int]
    }

    /// - Parameter problem: told of each sample that cannot be read. It is kept: whoever draws it meets, counts and names the same problem.
    public func filter(
        _ samples: any SampleCollection, of dataset: String, problem: (_ index: Int, _ error: any Error) throws -> Void
    ) rethrows -> Kept {
        if isEmpty { return Kept(samples: samples, removed: [:]) }
        var removed: [Reason: Int] = [:]
        var chosen: [Int] = []
        var lost = 0
        chosen.reserveCapacity(samples.count)
        for index in 0..<samples.count {
            do {
                let sample = try samples.sample(index)
                if let reason = try reason(against: sample, of: dataset) {
                    removed[reason, default: 0] += 1
                    lost += sample.pairs
                    continue
                }
            } catch { try problem(index, error) }
            chosen.append(index)
        }
        if removed.isEmpty { return Kept(samples: samples, removed: [:]) }
        return Kept(samples: ChosenSamples(samples, chosen, size: max(0, samples.size - lost)), removed: removed)
    }
}

extension Sample {
    /// How many pairs of picture and text it stands for.
    public var pairs: Int {
        if case .caption(let captions) = task { max(1, captions.references.count) } else { 1 }
    }
}
