import BlipJSON

/// The records of own data, each of which gives one sample or several.
protocol OwnRecords: Sendable {
    var count: Int { get }
    /// Whether every record is exactly one sample, so that opening need not read them.
    var isOneSampleEach: Bool { get }
    /// Pairs of picture and text; nil where there are as many as samples.
    var size: Int? { get }
    /// File, number and byte of a record, for messages.
    func place(_ record: Int) -> String
    /// How many samples a record gives.
    func sampleCount(_ record: Int) throws -> Int
    func sample(_ record: Int, part: Int) throws -> Sample
    /// Names in the record that nothing is read from, which may be misspelt.
    func unknownKeys(_ record: Int) throws -> [String]
}

extension OwnRecords {
    var isOneSampleEach: Bool { true }
    var size: Int? { nil }
    func sampleCount(_ record: Int) throws -> Int { 1 }
    func unknownKeys(_ record: Int) throws -> [String] { [] }
}

/// The samples of own data, and which record each comes from.
///
/// Conversations give a sample for every answer, so that opening them reads every record once. A record that cannot be read counts as one
/// sample, which fails when it is asked for.
public struct OwnSamples: SampleCollection {
    private let records: any OwnRecords
    /// The number of the first sample of each record; nil where every record is one sample.
    private let starts: [Int]?
    public let count: Int
    public let size: Int

    /// - Throws: `CancellationError` where the task was cancelled while records were read.
    init(_ records: any OwnRecords) throws {
        self.records = records
        guard !records.isOneSampleEach else {
            starts = nil
            count = records.count
            size = records.size ?? count
            return
        }
        var starts: [Int] = []
        starts.reserveCapacity(records.count)
        var count = 0
        for record in 0..<records.count {
            if record % 1024 == 0 { try Task.checkCancellation() }
            starts.append(count)
            do { count += try records.sampleCount(record) } catch { count += 1 }
        }
        self.starts = count == records.count && starts == Array(0..<count) ? nil : starts
        self.count = count
        size = records.size ?? count
    }

    public func sample(_ index: Int) throws -> Sample {
        let record = record(of: index)
        return try records.sample(record, part: index - (starts?[record] ?? record))
    }

    public var recordCount: Int { records.count }

    /// The record that a sample comes from, counted from 0.
    public func record(of index: Int) -> Int {
        precondition((0..<count).contains(index), "there is no sample \(index) among \(count)")
        guard let starts else { return index }
        // The last record whose first sample is not after the one wanted; records without samples share the start of the next.
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return low
    }

    /// File, number and byte of a record.
    public func place(ofRecord record: Int) -> String { records.place(record) }

    /// Names in a record that nothing is read from, which may be misspelt.
    public func unknownKeys(inRecord record: Int) throws -> [String] { try records.unknownKeys(record) }
}

/// Some records of others, in another order; once all had their turn, again from the first.
struct ChosenRecords: OwnRecords {
    let base: any OwnRecords
    let count: Int
    /// Of all records of the base.
    let order: SeededOrder

    private func choice(_ record: Int) -> Int { order[record % order.count] }

    var isOneSampleEach: Bool { base.isOneSampleEach }
    func place(_ record: Int) -> String { base.place(choice(record)) }
    func sampleCount(_ record: Int) throws -> Int { try base.sampleCount(choice(record)) }
    func sample(_ record: Int, part: Int) throws -> Sample {
        var sample = try base.sample(choice(record), part: part)
        // Ids tell samples apart, also when they are one record's.
        let round = record / order.count
        if round > 0 { sample.id += "@\(round + 1)" }
        return sample
    }
    func unknownKeys(_ record: Int) throws -> [String] { try base.unknownKeys(choice(record)) }
}

/// Records of several files, one after another.
struct JoinedRecords: OwnRecords {
    private let parts: [any OwnRecords]
    private let starts: [Int]
    let count: Int

    init(_ parts: [any OwnRecords]) {
        self.parts = parts
        var starts: [Int] = []
        var count = 0
        for part in parts {
            starts.append(count)
            count += part.count
        }
        self.starts = starts
        self.count = count
    }

    var isOneSampleEach: Bool { parts.allSatisfy(\.isOneSampleEach) }
    var size: Int? { isOneSampleEach ? parts.reduce(0) { $0 + ($1.size ?? $1.count) } : nil }

    private func at(_ record: Int) -> (part: any OwnRecords, record: Int) {
        let part = (starts.firstIndex { $0 > record } ?? starts.count) - 1
        return (parts[part], record - starts[part])
    }

    func place(_ record: Int) -> String {
        let (part, record) = at(record)
        return part.place(record)
    }

    func sampleCount(_ record: Int) throws -> Int {
        let (part, record) = at(record)
        return try part.sampleCount(record)
    }

    func sample(_ record: Int, part number: Int) throws -> Sample {
        let (part, record) = at(record)
        return try part.sample(record, part: number)
    }

    func unknownKeys(_ record: Int) throws -> [String] {
        let (part, record) = at(record)
        return try part.unknownKeys(record)
    }
}
