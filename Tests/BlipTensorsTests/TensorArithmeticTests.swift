import Testing

@testable import BlipTensors

@Suite("Arithmetic, comparison and reductions") struct TensorArithmeticTests {
    private let nan = Float.nan

    @Test("shapes broadcast as in NumPy, and shapes that cannot are named") func broadcasting() throws {
        let (row, column) = (try Tensor.of([1, 2, 3], [1, 3]), try Tensor.of([10, 20], [2, 1]))
        #expect(try (row + column).integers() == [11, 12, 13, 21, 22, 23])
        #expect(try (column - row).shape == [2, 3])
        #expect(try (row * Tensor.zeros([0, 1], .int64)).shape == [0, 3])
        #expect(try (row + Tensor.full([], 1, .int64)).integers() == [2, 3, 4])
        expectRefusal("add of [2, 3] float32, [4] float32") { _ = try Tensor.ones([2, 3]) + Tensor.ones([4]) }
        expectRefusal("multiply of [2] int64, [3] float16") { _ = try Tensor.of([1, 2]) * Tensor.ones([3], .float16) }
        expectRefusal("equals of [2] bool, [3] bool") { _ = try Tensor.of([true, false]).equals(Tensor.of([true, false, true])) }
    }

    @Test("a whole number leaves integers integers; a fraction and a division do not") func numbers() throws {
        let integers = try Tensor.of([1, 2, 3])
        #expect(try (integers + 2).dtype == .int64)
        #expect(try (integers * 0.5).floats() == [0.5, 1, 1.5])
        #expect(try (integers / 2).floats() == [0.5, 1, 1.5])
        #expect(try (integers - 1).integers() == [0, 1, 2])
        #expect(try (-integers).integers() == [-1, -2, -3])
        #expect(try integers.power(2).integers() == [1, 4, 9])
        #expect(try integers.power(Tensor.of([0, 1, 2])).integers() == [1, 2, 9])
        #expect(try (Tensor.of([true, false]) + 1).integers() == [2, 1])
        #expect(try (Tensor.ones([1], .bfloat16) * 0.1).dtype == .bfloat16)
        #expect(try integers.clamp(2...9).integers() == [2, 2, 3])
        #expect(try integers.clamp(2...(.infinity)).floats() == [2, 2, 3])
        expectRefusal("power") { _ = try integers.power(-1) }
        expectRefusal("negate", "[1] bool") { _ = try -Tensor.of([true]) }
    }

    @Test("numbers that no integer holds are compared and added as they are") func largeNumbers() throws {
        let integers = try Tensor.of([1, Int.max])
        for huge in [1e30, Double.infinity] {
            #expect(try integers.less(huge).integers() == [1, 1])
            #expect(try integers.greater(-huge).integers() == [1, 1])
            #expect(try (integers + huge).dtype == .float32)
        }
        // As float32, which is what they are compared as, Int.max is 2^63 too.
        #expect(try integers.less(0x1p63).integers() == [1, 0])
        #expect(try integers.equals(.nan).integers() == [0, 0])
        #expect(try integers.greater(-0x1p63).integers() == [1, 1])
        #expect(try (Tensor.of([0]) - 0x1p62).integer() == -(1 << 62))
    }

    @Test("comparisons give truth values, and nothing compares with NaN") func comparison() throws {
        let x = try Tensor.of([1, 2, nan] as [Float])
        #expect(try x.equals(x).integers() == [1, 1, 0])
        #expect(try x.equals(2).dtype == .bool)
        #expect(try x.differs(2).integers() == [1, 0, 1])
        #expect(try x.less(2).integers() == [1, 0, 0])
        #expect(try x.greater(1).integers() == [0, 1, 0])
        #expect(try x.atLeast(1).integers() == [1, 1, 0])
        #expect(try x.atMost(Tensor.of([1, 1, 1] as [Float])).integers() == [1, 0, 0])
        #expect(try Tensor.of([0.1] as [Float]).equals(0.1).integers() == [1])
        #expect(try x.isNaN().integers() == [0, 0, 1])
        #expect(try Tensor.of([1, .infinity, nan]).isFinite().integers() == [1, 0, 0])
        #expect(try Tensor.of([1, 2]).isNaN().integers() == [0, 0])
    }

    @Test("truth values combine") func logic() throws {
        let (a, b) = (try Tensor.of([true, true, false, false]), try Tensor.of([true, false, true, false]))
        #expect(try a.and(b).integers() == [1, 0, 0, 0])
        #expect(try a.or(b).integers() == [1, 1, 1, 0])
        #expect(try a.not().integers() == [0, 0, 1, 1])
        #expect(try Tensor.of([0, 3, -1]).not().integers() == [1, 0, 0])
        #expect(try (a.all().integer(), a.any().integer()) == (0, 1))
        #expect(try a.reshape([2, 2]).all(1).integers() == [1, 0])
        #expect(try b.reshape([2, 2]).any(0, keep: true).shape == [1, 2])
    }

    @Test("NaN wins every largest, smallest and index, and never hides") func gaps() throws {
        let x = try Tensor.of([1, nan, 3, 2] as [Float])
        #expect(try x.max().item().isNaN)
        #expect(try x.min().item().isNaN)
        #expect(try x.argmax().integer() == 1)
        #expect(try x.argmin().integer() == 1)
        #expect(try x.max(0).item().isNaN)
        #expect(try x.top(2).indices.integers() == [1, 2])
        #expect(try x.sorted().indices.integers() == [0, 3, 2, 1])
        #expect(try x.maximum(Tensor.zeros([4])).floats()[1].isNaN)
        #expect(try x.relu().floats()[1].isNaN)
        #expect(try x.clamp(0...2).floats()[1].isNaN)
        #expect(try x.softmax().floats().allSatisfy(\.isNaN))
        #expect(try x.sum().item().isNaN)
    }

    @Test("reductions run over one dimension or all, and keep it if asked") func reductions() throws {
        let x = try Tensor.counting([2, 3])
        #expect(try x.sum().item() == 15)
        #expect(try x.sum().shape == [])
        #expect(try x.sum(-1).floats() == [3, 12])
        #expect(try x.sum(0, keep: true).shape == [1, 3])
        #expect(try x.mean().item() == 2.5)
        #expect(try Swift.abs(x.variance().item() - 35.0 / 12) < 1e-6)
        #expect(try x.max(0).floats() == [3, 4, 5])
        #expect(try x.min().item() == 0)
        #expect(try x.argmax().integer() == 5)
        #expect(try x.argmin(1).integers() == [0, 0])
        #expect(try Tensor.of([true, true, false]).sum().integer() == 2)
        #expect(try Tensor.of([5, -7]).max().integer() == 5)
        #expect(try Tensor.ones([3], .uint8).sum().dtype == .int64)
        expectRefusal("sum", "[2, 3] float32") { _ = try x.sum(2) }
        expectRefusal("variance") { _ = try x.variance(-3) }
        expectRefusal("mean", "[1] int64") { _ = try Tensor.of([1]).mean() }
        expectRefusal("top 4", "[2, 3] float32") { _ = try x.top(4) }
        expectRefusal("top -1") { _ = try x.top(-1) }
    }

    @Test("of equal elements, sorting keeps the order") func stable() throws {
        let x = try Tensor.of((0..<100).map { Float($0 % 3) })
        let expected = (0..<100).sorted { ($0 % 3, $0) < ($1 % 3, $1) }
        #expect(try x.sorted().indices.integers() == expected)
        let falling = (0..<100).sorted { (-($0 % 3), $0) < (-($1 % 3), $1) }
        #expect(try x.sorted(descending: true).indices.integers() == falling)
    }

    @Test("reductions of nothing are zero, NaN or refused") func zeroSizes() throws {
        let none = try Tensor.zeros([0, 3])
        #expect(try none.sum().item() == 0)
        #expect(try none.sum(0).floats() == [0, 0, 0])
        #expect(try none.mean().item().isNaN)
        #expect(try none.all().integer() == 1)
        #expect(try none.any().integer() == 0)
        #expect(try none.max(1).shape == [0])
        #expect(try none.argmax(1).shape == [0])
        #expect(try none.logSumExp(0).floats() == [-.infinity, -.infinity, -.infinity])
        #expect(try none.cumulativeSum(0).shape == [0, 3])
        #expect(try none.sorted().values.shape == [0, 3])
        #expect(try Tensor.ones([2, 3]).top(0).values.shape == [2, 0])
        #expect(try none.gelu().shape == [0, 3])
        #expect(try (none + 1).shape == [0, 3])
        expectRefusal("max", "[0, 3] float32") { _ = try none.max() }
        expectRefusal("max") { _ = try none.max(0) }
        expectRefusal("argmax") { _ = try none.argmax() }
        expectRefusal("argmin") { _ = try none.argmin(0) }
    }

    @Test("operations in place change the tensor and its views") func inPlace() throws {
        let x = try Tensor.ones([2, 2])
        let row = try x.select(0, 1)
        try row.fill(3)
        try x.add(Tensor.of([1, 2] as [Float]), scale: 0.5)
        #expect(try x.floats() == [1.5, 2, 3.5, 4])
        try x.multiply(by: 2)
        #expect(try row.floats() == [7, 8])
        try x.copy(from: Tensor.of([9, 8]))
        #expect(try x.floats() == [9, 8, 9, 8])
        try x.slice(1, 0..<1).copy(from: Tensor.zeros([2, 1]))
        #expect(try x.floats() == [0, 8, 0, 8])
        expectRefusal("copy(from:)", "[2, 2] float32, [3] float32") { try x.copy(from: Tensor.zeros([3])) }
        expectRefusal("add in place", "[2, 2] float32, [3, 1, 1] float32") { try x.add(Tensor.zeros([3, 1, 1])) }
        #expect(try x.floats() == [0, 8, 0, 8])
    }

    @Test("integers change in place by whole numbers") func integersInPlace() throws {
        let counts = try Tensor.of([1, 2])
        try counts.add(Tensor.of([10, 20]))
        try counts.add(Tensor.of([1, 1]), scale: -2)
        try counts.multiply(by: 3)
        #expect(try counts.integers() == [27, 60])
        expectRefusal("multiply in place", "[2] int64") { try counts.multiply(by: 0.5) }
        expectRefusal("add in place", "[2] int64, [2] int64") { try counts.add(counts, scale: 0.5) }
        #expect(try counts.integers() == [27, 60])
    }
}
