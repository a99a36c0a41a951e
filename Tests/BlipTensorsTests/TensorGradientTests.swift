import Testing

@testable import BlipTensors

@Suite("Gradients") struct TensorGradientTests {
    @Test("gradients gather in leaves, twice means twice, and are cleared") func accumulation() throws {
        let x = try Tensor.of([1, 2, 3] as [Float])
        #expect(!x.requiresGradient)
        #expect(try x.gradient == nil)
        try x.requireGradient()
        #expect(x.requiresGradient)
        try x.square().sum().backward()
        #expect(try x.gradient?.floats() == [2, 4, 6])
        try x.square().sum().backward()
        #expect(try x.gradient?.floats() == [4, 8, 12])
        try x.clearGradient()
        #expect(try x.gradient == nil)
        try (x * 3).sum().backward()
        #expect(try x.gradient?.floats() == [3, 3, 3])
        try x.requireGradient(false)
        #expect(!x.requiresGradient)
    }

    @Test("the gradient of several results is weighted by the one given") func weighted() throws {
        let x = try Tensor.of([1, 2] as [Float])
        try x.requireGradient()
        try x.square().backward(Tensor.of([10, 0.5] as [Float]))
        #expect(try x.gradient?.floats() == [20, 2])
        expectRefusal("backward", "[2] float32") { try x.square().backward() }
        expectRefusal("backward") { try x.square().backward(Tensor.ones([3])) }
    }

    @Test("what is detached or computed without gradients has none") func detached() throws {
        let x = try Tensor.ones([2])
        try x.requireGradient()
        #expect(try x.exp().requiresGradient)
        #expect(try x.detach().requiresGradient == false)
        let outside = try withoutGradients { try x.exp() }
        #expect(!outside.requiresGradient)
        // The mode is back, after an error too.
        #expect(throws: TensorError.self) { try withoutGradients { _ = try x.reshape([3]) } }
        #expect(try x.exp().requiresGradient)
        let nested = try withoutGradients {
            _ = withoutGradients { 0 }
            return try x.exp()
        }
        #expect(!nested.requiresGradient)
        expectRefusal("backward") { try outside.sum().backward() }
        expectRefusal("backward") { try Tensor.ones([]).backward() }
    }

    @Test("a graph is used once, and a leaf in use is not overwritten") func misuse() throws {
        let x = try Tensor.ones([2])
        try x.requireGradient()
        let loss = try x.square().sum()
        try loss.backward()
        expectRefusal("backward", "second time") { try loss.backward() }
        expectRefusal("fill", "[2] float32") { try x.fill(3) }
        try withoutGradients { try x.fill(3) }
        #expect(try x.floats() == [3, 3])
        expectRefusal("requireGradient", "[1] int64") { try Tensor.of([1]).requireGradient() }
        expectRefusal("requireGradient") { try x.exp().requireGradient(false) }
    }

    @Test("an optimiser's step in place reaches the next forward pass") func step() throws {
        let x = try Tensor.of([4] as [Float])
        try x.requireGradient()
        for _ in 0..<50 {
            try x.clearGradient()
            try (x - 1).square().sum().backward()
            let gradient = try #require(try x.gradient)
            try withoutGradients { try x.add(gradient, scale: -0.25) }
        }
        #expect(try Swift.abs(x.item() - 1) < 1e-6)
    }

    @Test("gradients go through conversions, views, masks and reads") func views() throws {
        let x = try Tensor.counting([2, 3])
        try x.requireGradient()
        let part = try x.to(.bfloat16).transpose(0, 1).slice(0, 0..<3, step: 2).to(.float32)
        #expect(try part.floats() == [0, 3, 2, 5])
        #expect(try part.sum().item() == 10)
        try (part * Tensor.of([1, 2, 3, 4] as [Float], [2, 2])).sum().backward()
        #expect(try x.gradient?.floats() == [1, 0, 3, 2, 0, 4])
    }

    @Test("no rows give a gradient of zero") func zeroRows() throws {
        let weight = try Tensor.ones([2, 3])
        try weight.requireGradient()
        try Tensor.zeros([0, 3]).linear(weight).sum().backward()
        #expect(try weight.gradient?.floats() == [0, 0, 0, 0, 0, 0])
    }

    @Test("a small network's gradients are the slopes of its loss") func finiteDifferences() throws {
        let random = try RandomStream(seed: 5)
        let shapes = [[2, 5, 6], [6, 6], [6], [6], [6], [9, 6]]
        let leaves = try shapes.map { try random.normal($0, .float64) }
        let targets = try Tensor.of([3, -100, 0, 8, 2, 7, -100, 1, 5, 4])
        let mask = try Tensor.ones([5, 5], .bool).lowerTriangle()
        func loss() throws -> Tensor {
            let (x, weight, bias) = (leaves[0], leaves[1], leaves[2])
            let normed = try x.layerNorm(leaves[3], leaves[4], epsilon: 1e-5)
            let heads = try normed.linear(weight, bias).geluTanh().reshape([2, 5, 2, 3]).transpose(1, 2)
            let attended = try heads.attention(heads.silu(), heads.tanh(), mask: mask, scale: 0.6).transpose(1, 2).reshape([2, 5, 6])
            return try (x + attended).matmul(leaves[5].transpose(0, 1)).reshape([10, 9]).crossEntropy(targets)
        }
        for leaf in leaves { try leaf.requireGradient() }
        try loss().backward()
        for leaf in leaves {
            let gradient = try #require(try leaf.gradient).reshape([-1])
            let flat = try leaf.detach().reshape([-1])
            for index in [0, leaf.count / 2, leaf.count - 1] {
                let place = try flat.slice(0, index..<index + 1)
                let value = try place.item()
                let step = 1e-5
                let slope = try withoutGradients {
                    try place.fill(value + step)
                    let above = try loss().item()
                    try place.fill(value - step)
                    let below = try loss().item()
                    try place.fill(value)
                    return (above - below) / (2 * step)
                }
                #expect(try Swift.abs(gradient.select(0, index).item() - slope) < 1e-8)
            }
        }
    }
}
