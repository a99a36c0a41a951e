import Foundation

/// The samples of tar shards from front to back, in constant memory, each shard read by one of several workers.
///
/// For work that goes over all data once, such as checking and converting. A record that is broken is given as what is wrong with it; only a
/// damaged archive ends the reading.
/// ```swift
/// var samples = try TarSamples(OwnData.shards("train-{000000..000099}.tar"), worker: 0, of: 4)
/// while let item = try samples.next() { print(item.place, item.result) }
/// ```
public struct TarSamples {
    public struct Item {
        /// Shard, name and byte of the record.
        public let place: String
        public let result: Result<Sample, any Error>
    }

    private let shards: [URL]
    private let reader: TarGroupReader
    private var groups: TarGroups?
    private var nextShard = 0
    private var pending: [Item] = []

    /// - Parameters:
    ///   - shards: paths; worker `i` of `n` reads every n-th of them, beginning with the i-th.
    ///   - images: the folder below which pictures lie that the shards name but do not hold; the first shard's where nil.
    public init(_ shards: [String], images: String? = nil, trustsPaths: Bool = false, worker: Int = 0, of workers: Int = 1) {
        precondition(workers > 0 && (0..<workers).contains(worker), "there is no worker \(worker) among \(workers)")
        self.shards = shards.indices.filter { $0 % workers == worker }.map { URL(fileURLWithPath: shards[$0]) }
        let folder = images ?? shards.first.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path } ?? "."
        reader = TarGroupReader(rows: RowReader(places: PicturePlaces(folder, trustsPaths: trustsPaths)))
    }

    /// Shards begun, and of the one being read the bytes gone through and its size.
    public var progress: (shard: Int, of: Int, done: Int, size: Int) {
        let inShard = groups?.progress ?? (done: 0, of: 0)
        return (nextShard, shards.count, inShard.done, inShard.of)
    }

    /// The next sample, or what is wrong with the next record; nil after the last.
    public mutating func next() throws(RecordError) -> Item? {
        while true {
            if let item = pending.popLast() { return item }
            if groups == nil {
                guard nextShard < shards.count else { return nil }
                groups = try TarGroups(shards[nextShard])
                nextShard += 1
            }
            guard let group = try groups?.next() else {
                groups = nil
                continue
            }
            pending = items(group).reversed()
        }
    }

    private func items(_ group: TarGroup) -> [Item] {
        guard let groups else { return [] }
        let shard = shards[nextShard - 1]
        let place = TarRecords.place(shard, group)
        let count: Int
        do { count = try reader.count(group, place, groups.bytes) } catch { return [Item(place: place, result: .failure(error))] }
        return (0..<count).map { part in
            Item(place: place, result: Result { try reader.sample(group, part: part, shard: shard.path, place, groups.bytes) })
        }
    }
}
