import BlipTestSupport
import Testing

@testable import BlipTensors

/// Weights side by side in one memory, which a device multiplies as one, against each by itself.
@Suite("Adjoined weights") struct AdjoinedWeightsTests {
    private static let devices: [Device] = TestDevice.current == .cpu ? [.cpu] : [.cpu, TestDevice.current]

    private func normal(_ shape: [Int], seed: UInt64, _ type: DType = .float32) throws -> Tensor {
        try RandomStream(seed: seed).normal(shape, type)
    }

    /// Whether they are parts of one product, or several.
    private func isOneProduct(_ products: [Tensor]) -> Bool { products.allSatisfy { !$0.isContiguous } }

    @Test("products are those of each weight alone", arguments: [DType.float32, .bfloat16], [true, false])
    func products(_ type: DType, _ hasBias: Bool) throws {
        for device in Self.devices {
            let rows = [5, 8, 1, 16]
            let weights = try rows.enumerated().map { try normal([$1, 24], seed: UInt64($0), type).to(device) }
            let biases = try hasBias ? rows.enumerated().map { try normal([$1], seed: UInt64(40 + $0), type).to(device) } : []
            let x = try normal([2, 3, 24], seed: 9, type).to(device)
            func all(_ places: Range<Int>) throws -> [Tensor] { try x.linear(places.map { (weights[$0], hasBias ? biases[$0] : nil) }) }
            let expected = try all(0..<4)
            #expect(!isOneProduct(expected))
            try Tensor.adjoin(weights, 0)
            if hasBias { try Tensor.adjoin(biases, 0) }
            let tolerance = type == .float32 ? 1e-5 : 0.02
            for places in [0..<4, 1..<3, 2..<4] {
                let found = try all(places)
                #expect(isOneProduct(found))
                for (one, other) in zip(found, expected[places]) { try expectSame(one.contiguous(), other, within: tolerance) }
            }
            // Others in between, another order, one alone.
            for order in [[0, 2], [1, 0], [3], [0, 0]] {
                let found = try x.linear(order.map { (weights[$0], hasBias ? biases[$0] : nil) })
                #expect(!isOneProduct(found))
                for (one, place) in zip(found, order) { try expectSame(one, expected[place], within: tolerance) }
            }
        }
    }

    @Test("biases that lie elsewhere, or that some lack, are added all the same") func biases() throws {
        let weights = try [normal([4, 8], seed: 1), normal([4, 8], seed: 2)]
        try Tensor.adjoin(weights, 0)
        let (x, bias) = (try normal([3, 8], seed: 3), try normal([4], seed: 4))
        for layers in [[(weights[0], bias), (weights[1], bias)], [(weights[0], nil), (weights[1], bias)]] as [[(Tensor, Tensor?)]] {
            for (found, layer) in zip(try x.linear(layers), layers) { try expectSame(found, x.linear(layer.0, layer.1)) }
        }
    }

    @Test("gradients pass through one product as through several") func gradients() throws {
        let weights = try [normal([4, 8], seed: 1), normal([6, 8], seed: 2)]
        let factors = try [normal([3, 4], seed: 5), normal([3, 6], seed: 6)]
        func gradient() throws -> Tensor {
            let x = try normal([3, 8], seed: 3)
            try x.requireGradient()
            let products = try x.linear(weights.map { ($0, nil) })
            try ((products[0] * factors[0]).sum() + (products[1] * factors[1]).sum()).backward()
            let found = try x.gradient
            return try #require(found)
        }
        let expected = try gradient()
        try Tensor.adjoin(weights, 0)
        try expectSame(gradient(), expected)
    }

    @Test("what gathers gradients, or does not fit, stays where it is") func refusals() throws {
        let (some, others) = (try normal([4, 8], seed: 1), try normal([4, 8], seed: 2))
        try others.requireGradient()
        expectRefusal("adjoin", "gathers gradients") { try Tensor.adjoin([some, others], 0) }
        expectRefusal("adjoin", "[4, 9] float32") { try Tensor.adjoin([some, Tensor.ones([4, 9])], 0) }
        try expectSame(some, normal([4, 8], seed: 1))
        // A weight that is trained behind its being moved is multiplied by itself.
        let weights = try [normal([4, 8], seed: 1), normal([4, 8], seed: 2)]
        try Tensor.adjoin(weights, 0)
        try weights[1].requireGradient()
        let products = try Tensor.ones([3, 8]).linear(weights.map { ($0, nil) })
        try products[1].sum().backward()
        #expect(try weights[1].gradient?.shape == [4, 8])
    }

    @Test("4-bit weights, too", arguments: [1, 17, 200]) func int4(_ rows: Int) throws {
        for device in Self.devices {
            let matrices = try [64, 128, 64].enumerated().map {
                try Int4Matrix(PackedMatrix(packing: normal([$1, 128], seed: UInt64($0)), as: .q4), on: device)
            }
            let bias = try normal([128], seed: 8, .bfloat16).to(device)
            let x = try normal([rows, 128], seed: 9, .bfloat16).to(device)
            let layers: [(Int4Matrix, Tensor?)] = [(matrices[0], nil), (matrices[1], bias), (matrices[2], nil)]
            let expected = try withoutGradients { try layers.map { try x.linear($0.0, $0.1) } }
            #expect(try Int4Matrix.adjoin(matrices))
            let found = try withoutGradients { try x.linear(layers) }
            #expect(rows == 1 || !found[0].isContiguous)
            for (one, other) in zip(found, expected) { try expectSame(one.contiguous(), other, within: 0.02) }
            // Some of them, and one alone, whose scales are no longer in one piece.
            for (one, other) in zip(try x.linear(Array(layers[1...])), expected[1...]) {
                try expectSame(one.contiguous(), other, within: 0.02)
            }
            try expectSame(x.linear(matrices[1], bias), expected[1], within: 0.02)
            try x.requireGradient()
            let products = try x.linear(layers)
            try (products[0].sum() + products[2].sum()).backward()
            let gradient = try x.gradient
            #expect(try #require(gradient).isFinite().all().integer() == 1)
        }
        let odd = try (0..<2).map { try Int4Matrix(PackedMatrix(packing: normal([48, 128], seed: $0), as: .q4), on: .cpu) }
        #expect(try !Int4Matrix.adjoin(odd))
    }

    @Test("what is read of a device at once is what each part holds") func carrying() throws {
        let parts = try [
            Tensor.of([true, false, true]), Tensor.of([1, -2, 1 << 60], [3, 1]), Tensor.of([Float(0.5), -.infinity]), Tensor.zeros([0, 4]),
            normal([3, 5], seed: 1).transpose(0, 1), normal([2, 2], seed: 2, .bfloat16), Tensor.full([], 7),
        ]
        for device in Self.devices {
            let there = try parts.map { try $0.to(device) }
            for carried in [try Tensor.carried(there), try Tensor.onHost(there)] {
                #expect(carried.count == parts.count && carried.allSatisfy { $0.device == .cpu })
                for (found, part) in zip(carried, parts) { try expectSame(found, part, within: 0) }
            }
        }
    }

    @Test("turning by angles is the same in fewer operations") func rotation() throws {
        let x = try normal([2, 3, 4, 8], seed: 1)
        let angles = try normal([1, 1, 4, 4], seed: 2)
        let whole = try Tensor.concatenate([angles, angles], 3)
        let (cosines, sines) = try (whole.cos(), whole.sin())
        // Channels that lie apart go to the operations one by one, as everything on another device does.
        let apart = try x.transpose(2, 3).contiguous().transpose(2, 3)
        let stepwise = try x.rotated(cosines: cosines, sines: sines)
        try withoutGradients {
            try expectSame(apart.rotated(cosines: cosines, sines: sines), stepwise)
            try expectSame(x.rotated(cosines: cosines, sines: sines), stepwise)
        }
    }
}
