import Testing

@testable import BlipTensors

@Suite("Shapes, slices and indexing") struct TensorShapeTests {
    private let cube: Tensor

    init() throws { cube = try Tensor.counting([2, 3, 4]) }

    @Test("sizes count from either end") func sizes() {
        #expect(cube.rank == 3)
        #expect(cube.count == 24)
        #expect((-3..<3).map(cube.size) == [2, 3, 4, 2, 3, 4])
    }

    @Test("a tensor of rank 0 has one element and no sizes") func scalar() throws {
        let scalar = try Tensor.full([], 2)
        #expect(scalar.rank == 0)
        #expect(scalar.shape == [])
        #expect(scalar.count == 1)
        #expect(try scalar.floats() == [2])
        #expect(try scalar.unsqueeze(0).shape == [1])
        #expect(try scalar.expand([2, 3]).sum().item() == 12)
        #expect(try scalar.permute([]).item() == 2)
        #expect(try scalar.softmax().item() == 1)
        #expect(try scalar.sorted().values.item() == 2)
        #expect(try scalar.top(1).indices.integer() == 0)
        #expect(try scalar.argmax(0).integer() == 0)
        #expect(try scalar.reshape([1, 1]).select(0, 0).shape == [1])
        #expect(try (scalar + Tensor.zeros([2, 1])).shape == [2, 1])
        expectRefusal("select 0", "[] float32") { _ = try scalar.select(0, 0) }
        expectRefusal("slice", "[]") { _ = try scalar.slice(0, 0..<1) }
        expectRefusal("matmul", "[] float32", "[2] float32") { _ = try scalar.matmul(Tensor.ones([2])) }
        expectRefusal("concatenate") { _ = try Tensor.concatenate([scalar, scalar], 0) }
    }

    @Test("reshaping keeps row-major order and finds the size left open") func reshape() throws {
        #expect(try cube.reshape([4, -1]).shape == [4, 6])
        #expect(try cube.transpose(0, 2).reshape([-1]).floats().prefix(4) == [0, 12, 4, 16])
        expectRefusal("reshape to [5, -1]", "[2, 3, 4] float32") { _ = try cube.reshape([5, -1]) }
        expectRefusal("reshape to [-1, -1]") { _ = try cube.reshape([-1, -1]) }
        expectRefusal("reshape to [24, 2]") { _ = try cube.reshape([24, 2]) }
    }

    @Test("dimensions are exchanged, put in order, added and dropped") func dimensions() throws {
        #expect(try cube.permute([2, 0, 1]).shape == [4, 2, 3])
        #expect(try cube.permute([-1, 0, 1]).select(0, 1).floats() == [1, 5, 9, 13, 17, 21])
        #expect(try cube.transpose(-1, -2).shape == [2, 4, 3])
        #expect(try cube.unsqueeze(-1).shape == [2, 3, 4, 1])
        #expect(try cube.unsqueeze(1).squeeze(1).shape == [2, 3, 4])
        // Only a dimension of size 1 goes.
        #expect(try cube.squeeze(0).shape == [2, 3, 4])
        expectRefusal("permute [0, 0, 1]", "[2, 3, 4]") { _ = try cube.permute([0, 0, 1]) }
        expectRefusal("permute [0, 1]") { _ = try cube.permute([0, 1]) }
        expectRefusal("transpose") { _ = try cube.transpose(0, 3) }
        expectRefusal("unsqueeze") { _ = try cube.unsqueeze(5) }
        expectRefusal("squeeze") { _ = try cube.squeeze(-4) }
    }

    @Test("expanding repeats without copying and keeps sizes named -1") func expand() throws {
        let column = try Tensor.of([1, 2], [2, 1])
        #expect(try column.expand([-1, 3]).integers() == [1, 1, 1, 2, 2, 2])
        #expect(try column.expand([2, 2, 0]).count == 0)
        expectRefusal("expand to [3, 3]", "[2, 1] int64") { _ = try column.expand([3, 3]) }
    }

    @Test("slices are views, with steps, from either end") func slices() throws {
        let numbers = try Tensor.range(0, 10)
        #expect(try numbers.slice(0, 2..<9, step: 3).integers() == [2, 5, 8])
        #expect(try numbers.slice(0, 0..<10, step: 100).integers() == [0])
        #expect(try numbers.slice(0, 4..<4).integers() == [])
        #expect(try numbers.slice(-1, 9..<10).integers() == [9])
        #expect(try cube.slice(1, 1..<3).slice(-1, 0..<4, step: 3).floats() == [4, 7, 8, 11, 16, 19, 20, 23])
        try numbers.slice(0, 1..<10, step: 4).fill(-1)
        #expect(try numbers.integers() == [0, -1, 2, 3, 4, -1, 6, 7, 8, -1])
    }

    @Test("slices and elements out of range are refused") func outOfRange() {
        expectRefusal("slice 2..<5 of dimension 1", "[2, 3, 4] float32", "leaves") { _ = try cube.slice(1, 2..<5) }
        expectRefusal("slice -1..<2 of dimension 0") { _ = try cube.slice(0, -1..<2) }
        expectRefusal("slice 0..<1 of dimension 3", "[2, 3, 4] float32", "no such dimension") { _ = try cube.slice(3, 0..<1) }
        expectRefusal("slice 0..<1 of dimension -4") { _ = try cube.slice(-4, 0..<1) }
        expectRefusal("slice", "step") { _ = try cube.slice(0, 0..<2, step: 0) }
        expectRefusal("slice", "step") { _ = try cube.slice(0, 0..<2, step: -1) }
        expectRefusal("select 4", "[2, 3, 4]") { _ = try cube.select(2, 4) }
        expectRefusal("select -3") { _ = try cube.select(0, -3) }
        expectRefusal("select 0") { _ = try cube.select(7, 0) }
        #expect(throws: TensorError.self) { try cube.slice(0, 0..<Int.max) }
    }

    @Test("parts are joined along an old dimension or a new one") func joining() throws {
        let (one, two) = (try Tensor.of([1, 2], [1, 2]), try Tensor.of([3, 4, 5, 6], [2, 2]))
        #expect(try Tensor.concatenate([one, two], 0).integers() == [1, 2, 3, 4, 5, 6])
        #expect(try Tensor.concatenate([two, two], -1).integers() == [3, 4, 3, 4, 5, 6, 5, 6])
        #expect(try Tensor.concatenate([Tensor.zeros([0, 2], .int64), two], 0).shape == [2, 2])
        #expect(try Tensor.stack([one, one]).shape == [2, 1, 2])
        #expect(try Tensor.stack([one, one], -1).integers() == [1, 1, 2, 2])
        #expect(try Tensor.concatenate([one, Tensor.ones([1, 2])], 0).dtype == .float32)
        expectRefusal("concatenate", "[1, 2] int64, [2, 2] int64") { _ = try Tensor.concatenate([one, two], 1) }
        expectRefusal("stack", "[1, 2] int64, [2, 2] int64") { _ = try Tensor.stack([one, two]) }
        expectRefusal("concatenate") { _ = try Tensor.concatenate([], 0) }
        expectRefusal("stack") { _ = try Tensor.stack([]) }
    }

    @Test("elements are turned round, repeated and cut to a triangle") func rearranging() throws {
        let numbers = try Tensor.of([1, 2, 3])
        #expect(try numbers.flip(0).integers() == [3, 2, 1])
        #expect(try numbers.repeatEach(2).integers() == [1, 1, 2, 2, 3, 3])
        #expect(try numbers.repeatEach(0).integers() == [])
        #expect(try Tensor.ones([2, 3]).lowerTriangle().floats() == [1, 0, 0, 1, 1, 0])
        #expect(try Tensor.ones([2, 3]).lowerTriangle(diagonal: 1).floats() == [1, 1, 0, 1, 1, 1])
        expectRefusal("repeatEach") { _ = try numbers.repeatEach(-1) }
        expectRefusal("lowerTriangle", "[3] int64") { _ = try numbers.lowerTriangle() }
        expectRefusal("flip") { _ = try numbers.flip(1) }
    }

    @Test("indices of both integer types pick the same; those out of range are refused, not read")
    func indices() throws {
        let table = try Tensor.counting([3, 2])
        for type in [DType.int64, .int32] {
            #expect(try table.selecting(Tensor.of([2, 0]).to(type)).floats() == [4, 5, 0, 1])
            #expect(try table.embedding(Tensor.of([1]).to(type)).floats() == [2, 3])
        }
        #expect(try table.gather(Tensor.of([1, 0, 0], [3, 1]), 1).floats() == [1, 2, 4])
        for bad in [3, -1, Int.max, Int.min] {
            let index = try Tensor.of([bad])
            expectRefusal("selecting", "[3, 2] float32, [1] int64") { _ = try table.selecting(index) }
            expectRefusal("embedding", "[3, 2] float32, [1] int64") { _ = try table.embedding(index) }
            expectRefusal("gather") { _ = try table.gather(index.unsqueeze(0), 0) }
            expectRefusal("scatter") { _ = try table.scatter(Tensor.zeros([1, 1]), at: index.unsqueeze(0), 0) }
        }
        expectRefusal("embedding", "[1] float32") { _ = try table.embedding(Tensor.zeros([1])) }
        expectRefusal("selecting", "[1, 1] int64") { _ = try table.selecting(Tensor.zeros([1, 1], .int64)) }
        expectRefusal("gather", "[1, 1] float64") { _ = try table.gather(Tensor.zeros([1, 1], .float64), 0) }
    }

    @Test("masks fill, pick and choose, and must be truth values") func masks() throws {
        let mask = try Tensor.of([true, false, true])
        let numbers = try Tensor.of([1, 2, 3] as [Float])
        #expect(try numbers.filling(mask, with: -.infinity).floats() == [-.infinity, 2, -.infinity])
        #expect(try numbers.masked(by: mask).floats() == [1, 3])
        #expect(try numbers.masked(by: mask.not()).floats() == [2])
        #expect(try Tensor.choose(mask, numbers, Tensor.full([], 9)).floats() == [1, 9, 3])
        expectRefusal("filling", "[3] float32, [3] int64") { _ = try numbers.filling(Tensor.of([1, 0, 1]), with: 0) }
        expectRefusal("masked") { _ = try numbers.masked(by: Tensor.of([1, 0, 1])) }
        expectRefusal("choose") { _ = try Tensor.choose(Tensor.of([1, 0, 1]), numbers, numbers) }
        expectRefusal("filling", "[3] float32, [2] bool") { _ = try numbers.filling(Tensor.of([true, false]), with: 0) }
        expectRefusal("filling", "overflow") { _ = try numbers.to(.float16).filling(mask, with: -1e30) }
    }

    @Test("no elements are no trouble") func zeroSizes() throws {
        let none = try Tensor.zeros([0, 3])
        let noIDs = try Tensor.of([] as [Int])
        #expect(try none.reshape([-1, 3]).shape == [0, 3])
        #expect(try none.transpose(0, 1).shape == [3, 0])
        #expect(try none.transpose(0, 1).floats() == [])
        #expect(try none.slice(0, 0..<0).shape == [0, 3])
        #expect(try none.flip(0).shape == [0, 3])
        #expect(try none.repeatEach(2).shape == [0, 3])
        #expect(try none.lowerTriangle().shape == [0, 3])
        #expect(try none.clone().shape == [0, 3])
        #expect(try none.to(.bfloat16).shape == [0, 3])
        #expect(try Tensor.stack([none, none]).shape == [2, 0, 3])
        #expect(try Tensor.ones([2, 3]).selecting(noIDs).shape == [0, 3])
        #expect(try Tensor.ones([2, 3]).embedding(noIDs).shape == [0, 3])
        #expect(try Tensor.ones([2, 3]).gather(Tensor.zeros([2, 0], .int64), 1).shape == [2, 0])
        #expect(try Tensor.ones([2]).masked(by: Tensor.of([false, false])).shape == [0])
        expectRefusal("reshape to [-1, 0]") { _ = try none.reshape([-1, 0]) }
        expectRefusal("select 0", "[0, 3] float32") { _ = try none.select(0, 0) }
        expectRefusal("embedding") { _ = try none.embedding(Tensor.of([0])) }
    }

    @Test("copies have memory of their own; conversions to the same type and device do not") func copies() throws {
        let original = try Tensor.ones([2])
        let copy = try original.clone()
        let same = try original.detach()
        try original.fill(5)
        #expect(try copy.floats() == [1, 1])
        #expect(try same.floats() == [5, 5])
        #expect(try original.to(.float32) === original)
        #expect(try original.to(.cpu) === original)
    }
}
