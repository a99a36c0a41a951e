import Testing

@testable import BlipTensors

@Suite("Random streams") struct TensorRandomTests {
    @Test("the same seed gives the same numbers, another seed others") func seeds() throws {
        for seed in [0, 1, UInt64.max] {
            let (one, two) = (try RandomStream(seed: seed), try RandomStream(seed: seed))
            #expect(try one.normal([3, 5]).floats() == two.normal([3, 5]).floats())
            #expect(try one.uniform([7]).floats() == two.uniform([7]).floats())
            #expect(try one.draw(9, from: Tensor.ones([4])).integers() == two.draw(9, from: Tensor.ones([4])).integers())
        }
        #expect(try RandomStream(seed: 1).uniform([4]).floats() != RandomStream(seed: 2).uniform([4]).floats())
    }

    @Test("the numbers are PyTorch's") func reference() throws {
        // torch.rand(3, generator=torch.Generator().manual_seed(42)) and torch.randn likewise.
        try expectSame(RandomStream(seed: 42).uniform([3]), Tensor.of([0.88226926, 0.91500396, 0.38286376] as [Float]))
        try expectSame(RandomStream(seed: 42).normal([3]), Tensor.of([0.33669037, 0.12880941, 0.23446237] as [Float]))
    }

    @Test("a stream goes on from a stored state, and is not moved by reading it") func state() throws {
        let stream = try RandomStream(seed: 7)
        _ = try stream.normal([3])
        let state = try stream.state
        let expected = try stream.uniform([20]).floats() + stream.normal([21]).floats()
        let other = try RandomStream(seed: 99)
        try other.setState(state)
        #expect(try other.uniform([20]).floats() + other.normal([21]).floats() == expected)
        let stored = try state.bytes
        try stream.setState(stored.withUnsafeBytes { try Tensor.copying(bytes: $0, [stored.count], .uint8) })
        #expect(try stream.uniform([20]).floats() + stream.normal([21]).floats() == expected)
    }

    @Test("a state that is none is refused and changes nothing") func wrongState() throws {
        let (stream, twin) = (try RandomStream(seed: 3), try RandomStream(seed: 3))
        expectRefusal("random state", "[4] uint8") { try stream.setState(Tensor.zeros([4], .uint8)) }
        expectRefusal("random state", "[4] float32") { try stream.setState(Tensor.zeros([4])) }
        let state = try stream.state
        expectRefusal("random state") { try stream.setState(Tensor.full(state.shape, 255, .uint8)) }
        #expect(try stream.uniform([5]).floats() == twin.uniform([5]).floats())
    }

    @Test("streams do not disturb each other") func independent() throws {
        let (one, two) = (try RandomStream(seed: 4), try RandomStream(seed: 4))
        var alternating: [Float] = []
        for _ in 0..<5 {
            alternating += try one.uniform([2]).floats()
            _ = try RandomStream(seed: 8).uniform([3])
            _ = try Tensor.ones([4]).dropout(0.5)
        }
        var together: [Float] = []
        for _ in 0..<5 { together += try two.uniform([2]).floats() }
        #expect(alternating == together)
    }

    @Test("uniform numbers fill [0, 1), normal ones have mean 0 and deviation 1") func distribution() throws {
        let stream = try RandomStream(seed: 11)
        let uniform = try stream.uniform([10_000])
        #expect(try uniform.min().item() >= 0)
        #expect(try uniform.max().item() < 1)
        #expect(try Swift.abs(uniform.mean().item() - 0.5) < 0.02)
        let normal = try stream.normal([10_000])
        #expect(try Swift.abs(normal.mean().item()) < 0.05)
        #expect(try Swift.abs(normal.variance().item() - 1) < 0.05)
        #expect(try stream.normal([2, 0]).shape == [2, 0])
        #expect(try stream.normal([3], .bfloat16).dtype == .bfloat16)
        #expect(try stream.uniform([], .float64).shape == [])
        expectRefusal("normal [2]") { _ = try stream.normal([2], .int64) }
        expectRefusal("uniform [-1]") { _ = try stream.uniform([-1]) }
    }

    @Test("indices are drawn as often as their probabilities say") func frequencies() throws {
        let stream = try RandomStream(seed: 12)
        let drawn = try stream.draw(20_000, from: Tensor.of([1, 0, 5, 4] as [Float])).integers()
        let share = (0..<4).map { index in Double(drawn.count { $0 == index }) / 20_000 }
        #expect(share[1] == 0)
        for (found, expected) in zip(share, [0.1, 0, 0.5, 0.4]) { #expect(Swift.abs(found - expected) < 0.015) }
        let rows = try stream.draw(50, from: Tensor.of([1, 0, 0, 1] as [Float], [2, 2]))
        #expect(rows.shape == [2, 50])
        #expect(try rows.integers() == [Int](repeating: 0, count: 50) + [Int](repeating: 1, count: 50))
    }

    @Test("without replacement every index comes once") func distinct() throws {
        let stream = try RandomStream(seed: 13)
        #expect(try stream.draw(5, from: Tensor.ones([5]), replacing: false).integers().sorted() == [0, 1, 2, 3, 4])
        expectRefusal("draw", "[2] float32") { _ = try stream.draw(3, from: Tensor.ones([2]), replacing: false) }
    }

    @Test("probabilities that are none are refused") func wrongProbabilities() throws {
        let stream = try RandomStream(seed: 14)
        expectRefusal("draw", "[3] float32", "sum") { _ = try stream.draw(1, from: Tensor.zeros([3])) }
        expectRefusal("draw") { _ = try stream.draw(1, from: Tensor.of([1, .nan])) }
        expectRefusal("draw") { _ = try stream.draw(1, from: Tensor.of([1, -1] as [Float])) }
        expectRefusal("draw") { _ = try stream.draw(1, from: Tensor.of([1, .infinity])) }
        expectRefusal("draw") { _ = try stream.draw(0, from: Tensor.ones([2])) }
        expectRefusal("draw", "[2] int64") { _ = try stream.draw(1, from: Tensor.of([1, 1])) }
        expectRefusal("draw", "[0] float32") { _ = try stream.draw(1, from: Tensor.zeros([0])) }
        expectRefusal("draw", "[1, 1, 2]") { _ = try stream.draw(1, from: Tensor.ones([1, 1, 2])) }
    }
}
