import BlipData
import Testing

@Suite("Datasets are mixed in the paper's proportions")
struct MixtureTests {
    /// Sizes and ratios that the reference's authors published for its successor, whose formula is the same without adjustments.
    static let published: [(name: String, size: Int, ratio: Double)] = [
        ("cc12m", 6_029_862, 0.1944), ("coco_cap", 566_747, 0.0596), ("capfilt14m", 13_873_136, 0.2948), ("vg_cap", 821_774, 0.0718),
        ("sbu", 859_739, 0.0734), ("vg_vqa", 1_440_069, 0.0950), ("coco_vqa", 658_104, 0.0642), ("ocr_vqa", 1_002_146, 0.0792),
        ("okvqa", 9_009, 0.00751), ("aokvqa", 17_056, 0.01034), ("llava150k", 394_276, 0.0497),
    ]

    @Test("square roots of public sizes give the public ratios")
    func published() throws {
        let mixture = try Mixture(Self.published.map { Mixture.Part($0.name, count: $0.size) })
        for (probability, published) in zip(mixture.probabilities, Self.published) {
            #expect(abs(probability - published.ratio) < 1e-4, "\(published.name)")
        }
    }

    @Test("weights multiply, caps limit, sizes count pairs and not samples")
    func weights() throws {
        let parts = [
            Mixture.Part("a", count: 10, size: 100, weight: 2), Mixture.Part("b", count: 900, cap: 400),
            Mixture.Part("c", count: 5, weight: 0),
        ]
        #expect(try Mixture(parts).probabilities == [0.5, 0.5, 0])
        #expect(try Mixture(parts, balance: .proportional).probabilities == [200.0 / 600, 400.0 / 600, 0])
        #expect(try Mixture(parts, balance: .uniform).probabilities == [2.0 / 3, 1.0 / 3, 0])
        #expect(try Mixture(parts, balance: .fixed).probabilities == [2.0 / 3, 1.0 / 3, 0])
        #expect(try Mixture(parts).expectedEpochs(0, draws: 1_000) == 5)
    }

    @Test("mixtures that cannot be drawn from are refused, and say why")
    func refusals() {
        let refused: [([Mixture.Part], String)] = [
            ([], "there are none"), ([.init("a", count: 0)], "a has no samples"),
            ([.init("a", count: 1, weight: -1)], "weight of a is -1.0"),
            ([.init("a", count: 1, weight: .nan)], "weight of a is nan"), ([.init("a", count: 1, weight: 0)], "all weights are 0"),
            ([.init("a", count: 1, cap: 0)], "cap of a is 0"),
        ]
        for (parts, reason) in refused {
            #expect { _ = try Mixture(parts) } throws: { "\($0)".contains(reason) }
        }
    }

    @Test("a million draws have the mixture's frequencies", arguments: [MixtureStream.Grain.sample, .batch(of: 4)])
    func frequencies(_ grain: MixtureStream.Grain) throws {
        let mixture = try Mixture(Self.published.map { Mixture.Part($0.name, count: $0.size) })
        var counts = Array(repeating: 0, count: mixture.parts.count)
        var stream = MixtureStream(mixture, seed: 20, grain: grain)
        for _ in 0..<1_000_000 { counts[stream.draw().part] += 1 }
        // Draws of one batch are one draw of its dataset.
        let batch = grain == .sample ? 1.0 : 4.0
        let chiSquared = zip(counts, mixture.probabilities).reduce(0) { sum, pair in
            let (found, expected) = (Double(pair.0) / batch, 1_000_000 / batch * pair.1)
            return sum + (found - expected) * (found - expected) / expected
        }
        // 0.999 quantile of chi-squared with 10 degrees of freedom.
        #expect(chiSquared < 29.59)
    }
}
