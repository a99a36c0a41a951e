import Testing

@testable import BlipTensors

@Suite("The operations of neural networks") struct TensorNeuralTests {
    @Test("wrong shapes are refused in one sentence that names the operation and its operands") func shapes() throws {
        let error = tensorError { _ = try Tensor.ones([2, 3]).matmul(Tensor.ones([4, 5])) }
        guard case .operation(let name, let shapes, let reason) = error else {
            Issue.record("not an operation's error")
            return
        }
        #expect(name == "matmul")
        #expect(shapes == ["[2, 3] float32", "[4, 5] float32"])
        #expect(reason == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)")
        #expect(error?.description == "matmul of [2, 3] float32, [4, 5] float32 failed: \(reason)")

        let x = try Tensor.ones([2, 3])
        expectRefusal("linear of [2, 3] float32, [5, 4] float32") { _ = try x.linear(Tensor.ones([5, 4])) }
        expectRefusal("linear", "[4, 3] float32", "[5]") { _ = try x.linear(Tensor.ones([4, 3]), Tensor.ones([5])) }
        expectRefusal("layerNorm of [2, 3] float32, [4] float32") { _ = try x.layerNorm(Tensor.ones([4]), nil, epsilon: 1e-5) }
        expectRefusal("layerNorm", "[3] float32", "[5]") { _ = try x.layerNorm(Tensor.ones([3]), Tensor.ones([5]), epsilon: 1e-5) }
        expectRefusal("softmax of [2, 3] float32") { _ = try x.softmax(2) }
        let picture = try Tensor.ones([1, 3, 8, 8])
        expectRefusal("convolve of [1, 3, 8, 8] float32, [2, 4, 3, 3] float32") {
            _ = try picture.convolve(Tensor.ones([2, 4, 3, 3]), stride: 1)
        }
        expectRefusal("convolve") { _ = try picture.convolve(Tensor.ones([2, 3, 9, 9]), stride: 1) }
        expectRefusal("convolve", "stride") { _ = try picture.convolve(Tensor.ones([2, 3, 3, 3]), stride: 0) }
        expectRefusal("resizedBicubic of [1, 3, 8, 8] float32") { _ = try picture.resizedBicubic(height: 0, width: 4) }
        expectRefusal("resizedBicubic of [2, 3] float32") { _ = try x.resizedBicubic(height: 2, width: 4) }
        let heads = try Tensor.ones([1, 1, 2, 4])
        expectRefusal("attention", "[1, 1, 2, 4] float32, [1, 1, 3, 5] float32") {
            _ = try heads.attention(Tensor.ones([1, 1, 3, 5]), Tensor.ones([1, 1, 3, 5]), scale: 1)
        }
        expectRefusal("attention", "[2, 7] bool") { _ = try heads.attention(heads, heads, mask: Tensor.ones([2, 7], .bool), scale: 1) }
    }

    @Test("mixed element types are refused, and named") func types() throws {
        let x = try Tensor.ones([2, 3])
        expectRefusal("matmul of [2, 3] float32, [3, 2] float64") { _ = try x.matmul(Tensor.ones([3, 2], .float64)) }
        expectRefusal("linear of [2, 3] float32, [2, 3] bfloat16") { _ = try x.linear(Tensor.ones([2, 3], .bfloat16)) }
        expectRefusal("gelu of [2] int64") { _ = try Tensor.of([1, 2]).gelu() }
        expectRefusal("softmax of [2] int64") { _ = try Tensor.of([1, 2]).softmax() }
        expectRefusal("crossEntropy of [2, 3] float32, [2] int32") { _ = try x.crossEntropy(Tensor.zeros([2], .int32)) }
        let heads = try Tensor.ones([1, 1, 2, 4])
        expectRefusal("attention", "[2, 2] int64") { _ = try heads.attention(heads, heads, mask: Tensor.ones([2, 2], .int64), scale: 1) }
    }

    @Test("targets left out do not count; targets out of range are refused; none counted gives NaN") func crossEntropy() throws {
        let logits = try Tensor.of([0, 0, 0, 0, 9, 0], [3, 2]).to(.float32)
        let ignored = Tensor.ignoredTarget
        let one = try logits.crossEntropy(Tensor.of([1, ignored, ignored])).item()
        #expect(Swift.abs(one - 0.693147) < 1e-6)
        #expect(try Swift.abs(logits.crossEntropy(Tensor.of([1, 0, ignored]), reduction: .sum).item() - 2 * one) < 1e-6)
        let each = try logits.crossEntropy(Tensor.of([1, ignored, 1]), reduction: .none).floats()
        #expect(each.count == 3 && Swift.abs(Double(each[0]) - one) < 1e-6 && each[1] == 0 && Swift.abs(each[2] - 9.000123) < 1e-4)
        #expect(try logits.crossEntropy(Tensor.of([ignored, ignored, ignored])).item().isNaN)
        #expect(try logits.crossEntropy(Tensor.of([ignored, ignored, ignored]), reduction: .sum).item() == 0)
        expectRefusal("crossEntropy", "[3, 2] float32, [3] int64", "Target 2") { _ = try logits.crossEntropy(Tensor.of([0, 2, 0])) }
        expectRefusal("crossEntropy") { _ = try logits.crossEntropy(Tensor.of([0, -1, 0])) }
        expectRefusal("crossEntropy", "[2] int64") { _ = try logits.crossEntropy(Tensor.of([0, 1])) }
    }

    @Test("a causal query does not see later keys, and takes no mask besides") func causal() throws {
        let random = try RandomStream(seed: 1)
        let (q, k, v) = (try random.normal([1, 2, 4, 3]), try random.normal([1, 2, 4, 3]), try random.normal([1, 2, 4, 3]))
        let mask = try Tensor.ones([4, 4], .bool).lowerTriangle()
        let causal = try q.attention(k, v, causal: true, scale: 0.7)
        try expectSame(causal, q.attention(k, v, mask: mask, scale: 0.7))
        let added = try Tensor.zeros([4, 4]).filling(mask.not(), with: -.infinity)
        try expectSame(causal, q.attention(k, v, mask: added, scale: 0.7))
        try expectSame(causal.select(2, 0), v.select(2, 0))
        expectRefusal("attention", "[4, 4] bool", "causal") { _ = try q.attention(k, v, mask: mask, causal: true, scale: 0.7) }
    }

    @Test("attention is softmax of scaled scores") func attention() throws {
        let random = try RandomStream(seed: 2)
        let (q, k, v) = (try random.normal([2, 3, 5, 4]), try random.normal([2, 3, 7, 4]), try random.normal([2, 3, 7, 4]))
        let weights = try (q.matmul(k.transpose(-1, -2)) * 0.31).softmax()
        try expectSame(q.attention(k, v, scale: 0.31), weights.matmul(v), within: 2e-6)
    }

    @Test("no rows, no keys and no pictures are no trouble") func zeroSizes() throws {
        let none = try Tensor.zeros([0, 3])
        #expect(try Tensor.zeros([2, 0]).matmul(none).floats() == [0, 0, 0, 0, 0, 0])
        #expect(try none.linear(Tensor.ones([2, 3]), Tensor.ones([2])).shape == [0, 2])
        #expect(try none.layerNorm(Tensor.ones([3]), Tensor.ones([3]), epsilon: 1e-5).shape == [0, 3])
        #expect(try none.softmax().shape == [0, 3])
        #expect(try none.transpose(0, 1).softmax().shape == [3, 0])
        #expect(try none.crossEntropy(Tensor.of([] as [Int])).item().isNaN)
        #expect(try none.crossEntropy(Tensor.of([] as [Int]), reduction: .sum).item() == 0)
        #expect(try Tensor.zeros([0, 3, 4, 4]).convolve(Tensor.ones([2, 3, 2, 2]), stride: 2).shape == [0, 2, 2, 2])
        #expect(try Tensor.zeros([0, 3, 4, 4]).resizedBicubic(height: 2, width: 5).shape == [0, 3, 2, 5])
        let heads = try Tensor.ones([1, 1, 2, 4])
        let noKeys = try Tensor.ones([1, 1, 0, 4])
        #expect(try heads.attention(noKeys, noKeys, scale: 1).floats() == [Float](repeating: 0, count: 8))
        #expect(try noKeys.attention(heads, heads, scale: 1).shape == [1, 1, 0, 4])
        let noRows = try Tensor.ones([0, 1, 3, 4])
        #expect(try Tensor.ones([0, 1, 2, 4]).attention(noRows, noRows, scale: 1).shape == [0, 1, 2, 4])
    }

    @Test("dropout keeps all or nothing at its ends, and the mean in between") func dropout() throws {
        let x = try Tensor.ones([10_000])
        #expect(try x.dropout(0).floats() == x.floats())
        #expect(try x.dropout(1).floats() == Tensor.zeros([10_000]).floats())
        let half = try x.dropout(0.25)
        #expect(try Swift.abs(half.mean().item() - 1) < 0.05)
        #expect(try half.max().item() == Double(Float(1 / 0.75)))
        expectRefusal("dropout of [10000] float32", "1.5") { _ = try x.dropout(1.5) }
    }
}
