import BlipData
import Testing

@Suite("One stream of samples, whoever reads it")
struct MixtureStreamTests {
    let mixture: Mixture

    init() throws { mixture = try Mixture([.init("a", count: 7), .init("b", count: 40, weight: 2), .init("c", count: 13)]) }

    @Test("one, two and four ranks see together what one sees", arguments: [1, 2, 4], [MixtureStream.Grain.sample, .batch(of: 4)])
    func ranks(_ ranks: Int, _ grain: MixtureStream.Grain) throws {
        var stream = MixtureStream(mixture, seed: 3, grain: grain)
        var shards = try (0..<ranks).map { try ShardedBatches(mixture, seed: 3, grain: grain, globalBatch: 16, rank: $0, of: ranks) }
        for _ in 0..<30 {
            let expected = (0..<16).map { _ in stream.draw() }
            let found = shards.indices.flatMap { shards[$0].batch() }
            #expect(found == expected)
        }
    }

    @Test("a run resumed at any step goes on as if it had not stopped")
    func resume() throws {
        var whole = try ShardedBatches(mixture, seed: 3, globalBatch: 6, rank: 1, of: 2)
        let batches = (0..<60).map { _ in whole.batch() }
        for step in 0..<60 {
            var resumed = try ShardedBatches(mixture, seed: 3, globalBatch: 6, rank: 1, of: 2, step: step)
            #expect(resumed.batch() == batches[step])
        }
    }

    @Test("every epoch of a dataset holds each of its samples once, in another order")
    func epochs() {
        var epochs: [Int: [[Int]]] = [:]
        var stream = MixtureStream(mixture, seed: 8)
        for _ in 0..<2_000 {
            let draw = stream.draw()
            epochs[draw.part, default: []].count <= draw.epoch
                ? epochs[draw.part, default: []].append([draw.index]) : epochs[draw.part]?[draw.epoch].append(draw.index)
        }
        for (part, epochs) in epochs {
            #expect(epochs.count > 2)
            for epoch in epochs.dropLast() { #expect(epoch.sorted() == Array(0..<mixture.parts[part].count)) }
            #expect(epochs[0] != epochs[1])
        }
    }

    @Test("a batch of the reference's kind has one dataset")
    func batchGrain() {
        var stream = MixtureStream(mixture, seed: 8, grain: .batch(of: 5))
        let batches = (0..<200).map { _ in Set((0..<5).map { _ in stream.draw().part }) }
        #expect(batches.allSatisfy { $0.count == 1 } && Set(batches).count == 3)
    }

    @Test("another seed gives another stream")
    func seeds() {
        let streams = (0..<10).map { seed in
            var stream = MixtureStream(mixture, seed: UInt64(seed))
            return (0..<50).map { _ in stream.draw().index }
        }
        #expect(Set(streams).count == 10)
    }

    @Test("a batch that ranks cannot share, and a rank that is none, are refused")
    func refusals() {
        #expect(throws: DataError.self) { try ShardedBatches(mixture, seed: 0, globalBatch: 10, rank: 0, of: 4) }
        #expect(throws: DataError.self) { try ShardedBatches(mixture, seed: 0, globalBatch: 8, rank: 4, of: 4) }
        #expect(throws: DataError.self) { try ShardedBatches(mixture, seed: 0, globalBatch: 0) }
    }
}
