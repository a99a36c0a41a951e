import BlipData
import Testing

@Suite("Broken samples are replaced, counted and limited")
struct TrainingSetTests {
    /// Every third sample is broken.
    struct Brittle: SampleCollection {
        let count: Int

        func sample(_ index: Int) throws -> Sample {
            if index % 3 == 0 { throw DataError.badRecord(place: "x.json, record \(index + 1)", reason: "broken") }
            return Sample(id: "\(index)", images: [], task: .caption(Captions(["caption \(index)"])))
        }
    }

    private func set(limit: Int, count: Int = 30) throws -> TrainingSet {
        TrainingSet(
            [TrainingPart(Brittle(count: count), ExampleMaker(dataset: "x", category: "c", title: "X"))],
            try Mixture([.init("x", count: count)]), seed: 4, bad: BadSamples(limit: limit))
    }

    @Test("the same sample stands in for a broken one, whoever asks and in whatever order")
    func replacement() throws {
        let (one, two) = (try set(limit: 100), try set(limit: 100))
        var stream = MixtureStream(one.mixture, seed: 4)
        let draws = (0..<90).map { _ in stream.draw() }
        let forwards = try draws.map { try one.example($0) { example, _, _ in example } }
        let backwards = try draws.reversed().map { try two.example($0) { example, _, _ in example } }
        #expect(forwards == backwards.reversed())
        #expect(one.bad.count == 10)
        #expect(Set(one.bad.entries.map(\.index)) == Set(stride(from: 0, to: 30, by: 3)))
        #expect(one.bad.entries.allSatisfy { $0.dataset == "x" && $0.reason.contains("record") })
    }

    @Test("more bad samples than allowed end the run, and say which was the last")
    func limit() throws {
        let set = try set(limit: 3)
        var stream = MixtureStream(set.mixture, seed: 4)
        #expect { for _ in 0..<90 { _ = try set.example(stream.draw()) { example, _, _ in example } } } throws: {
            "\($0)".contains("4 samples could not be read, more than the 3 allowed") && "\($0)".contains("record")
        }
    }

    @Test("a picture that cannot be loaded counts as a bad sample")
    func pictures() throws {
        struct Unloadable: Error {}
        let set = try set(limit: 100)
        var stream = MixtureStream(set.mixture, seed: 4)
        for _ in 0..<90 {
            let id = try set.example(stream.draw()) { example, _, _ in
                if example.sample == "1" { throw Unloadable() }
                return example.sample
            }
            #expect(id != "1")
        }
        #expect(set.bad.count == 11)
    }

    @Test("a dataset without a usable sample does not loop for ever")
    func hopeless() throws {
        let set = try set(limit: 1_000, count: 1)
        var stream = MixtureStream(set.mixture, seed: 4)
        let draw = stream.draw()
        #expect(throws: DataError.self) { try set.example(draw) { example, _, _ in example } }
    }
}
