import BlipData
import Testing

@testable import BlipEvaluation

@Suite("Questions without the right picture") struct PictureTests {
    private func samples(_ pictures: [String], _ picture: EvaluationPicture, limit: EvaluationSamples.Limit = .all) throws
        -> EvaluationSamples
    {
        let samples = pictures.enumerated().map { number, name in
            Sample(
                id: "\(number)", images: name.isEmpty ? [] : [.file("/\(name).jpg", identity: name)],
                task: .question(VisualQuestion("Q\(number)", answers: [WeightedAnswer("yes")])))
        }
        return try EvaluationSamples(BenchmarkCatalog.benchmark("okvqa"), ListedSamples(samples), limit: limit, picture: picture)
    }

    private func shown(_ samples: EvaluationSamples) throws -> [String?] {
        try (0..<samples.count).map { try samples.item($0).images.first?.identity }
    }

    @Test("every sample has another one's picture, each once, the same in every run")
    func shuffled() throws {
        let names = (0..<100).map { "p\($0)" }
        let found = try shown(samples(names, .shuffled))
        #expect(Set(found).count == 100 && zip(found, names).allSatisfy { $0 != $1 })
        #expect(try shown(samples(names, .shuffled)) == found)
        #expect(try shown(samples(names, .given)) == names)
        #expect(try shown(samples(names, .none)) == names.map { _ in nil })
        // The samples themselves stay what they are.
        let item = try samples(names, .shuffled).item(7)
        #expect(item.sample.id == "7" && item.instruction.contains("Q7") && item.sample.images[0].identity == "p7")
    }

    @Test("a picture that several questions are about is never shown for another of them")
    func shared() throws {
        let names = (0..<60).map { "p\($0 / 5)" }
        #expect(try zip(shown(samples(names, .shuffled)), names).allSatisfy { $0 != $1 })
        // Samples without a picture lend none.
        let lent = try shown(samples(["a", "", "", "b"], .shuffled))
        #expect(lent[0] == "b" && lent[3] == "a" && lent.allSatisfy { $0 != nil })
        #expect(throws: EvaluationError.self) { try samples(["a", "a"], .shuffled).item(0) }
        #expect(throws: EvaluationError.self) { try samples(["a"], .shuffled).item(0) }
    }

    @Test("the circle goes through all others", arguments: [1, 2, 3, 50])
    func circle(_ count: Int) {
        for number in 0..<count {
            #expect(Array(PictureCircle(count, seed: 1).others(than: number)).sorted() == (0..<count).filter { $0 != number })
        }
    }
}
