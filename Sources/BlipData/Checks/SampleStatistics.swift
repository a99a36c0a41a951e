import Foundation

/// What a dataset is like: how many samples of which kind, how long its texts are, which answers are frequent.
public struct SampleStatistics: Sendable {
    public private(set) var samples = 0
    /// Pairs of picture and text.
    public private(set) var pairs = 0
    public private(set) var kinds: [String: Int] = [:]
    /// Samples by how many pictures they have.
    public private(set) var pictures: [Int: Int] = [:]
    public private(set) var clips = 0
    /// Samples without a public answer.
    public private(set) var secret = 0
    public private(set) var broken = 0
    public private(set) var instructionWords = Lengths()
    public private(set) var answerWords = Lengths()
    /// Samples by their number of options.
    public private(set) var options: [Int: Int] = [:]
    private var answers: [String: Int] = [:]
    private var distinct = DistinctCount()

    /// Different answers are counted up to this many; a dataset of free texts would fill the memory.
    public static let maximumAnswers = 100_000

    public init() {}

    /// Roughly how many different pictures there are: exact to one in a hundred.
    public var distinctPictures: Int { distinct.estimate }

    /// The most frequent answers, most frequent first.
    public func frequentAnswers(_ count: Int) -> [(text: String, count: Int)] {
        answers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(count).map { ($0.key, $0.value) }
    }

    /// - Parameter example: the sample with its template; nil where its answer is secret.
    public mutating func add(_ sample: Sample, _ example: Example?) {
        samples += 1
        pairs += sample.pairs
        pictures[sample.images.count, default: 0] += 1
        for image in sample.images {
            if case .clip = image.source { clips += 1 }
            distinct.add(image.identity ?? image.label)
        }
        switch sample.task {
        case .caption: kinds["captions", default: 0] += 1
        case .question(let question):
            kinds["questions", default: 0] += 1
            if !question.options.isEmpty { options[question.options.count, default: 0] += 1 }
        case .questionGeneration: kinds["question generation", default: 0] += 1
        case .instruction: kinds["instructions", default: 0] += 1
        }
        guard let example else {
            secret += 1
            return
        }
        instructionWords.add(Self.words(example.instruction))
        answerWords.add(Self.words(example.answer))
        if answers.count < Self.maximumAnswers || answers[example.answer] != nil { answers[example.answer, default: 0] += 1 }
    }

    public mutating func addBroken() { broken += 1 }

    static func words(_ text: String) -> Int {
        var count = 0
        var isInWord = false
        // Looking up a character's properties takes longer than all the rest, and most texts are ASCII.
        for byte in text.utf8 {
            guard byte < 0x80 else { return text.split(whereSeparator: \.isWhitespace).count }
            let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
            if !isSpace, !isInWord { count += 1 }
            isInWord = !isSpace
        }
        return count
    }

    /// How many texts have how many words.
    public struct Lengths: Sendable, Equatable {
        private var counts: [Int: Int] = [:]
        public private(set) var count = 0

        mutating func add(_ length: Int) {
            counts[length, default: 0] += 1
            count += 1
        }

        public var mean: Double { count == 0 ? 0 : Double(counts.reduce(0) { $0 + $1.key * $1.value }) / Double(count) }
        public var longest: Int { counts.keys.max() ?? 0 }

        /// The shortest length that at least `share` of the texts do not exceed.
        public func quantile(_ share: Double) -> Int {
            var rest = (share * Double(count)).rounded(.up)
            for (length, texts) in counts.sorted(by: { $0.key < $1.key }) {
                rest -= Double(texts)
                if rest <= 0 { return length }
            }
            return longest
        }
    }
}

/// How many different names there were, in 16 KB. Source: Flajolet and others, "HyperLogLog", AofA 2007.
struct DistinctCount: Sendable {
    private static let bits = 14 as UInt64
    private var registers = [UInt8](repeating: 0, count: 1 << 14)

    mutating func add(_ name: String) {
        var generator = SeededGenerator(seed: SeededGenerator.key(name))
        let hash = generator.next()
        let place = Int(hash >> (64 - Self.bits))
        let rank = UInt8(min(64 - Int(Self.bits), (hash << Self.bits).leadingZeroBitCount) + 1)
        registers[place] = max(registers[place], rank)
    }

    var estimate: Int {
        let count = Double(registers.count)
        let empty = registers.count { $0 == 0 }
        let raw = 0.7213 / (1 + 1.079 / count) * count * count / registers.reduce(0.0) { $0 + 1 / Double(UInt64(1) << UInt64($1)) }
        // Few names leave places empty, whose number then tells more.
        return Int((raw <= 2.5 * count && empty > 0 ? count * log(count / Double(empty)) : raw).rounded())
    }
}
