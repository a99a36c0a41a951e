import BlipTestSupport
import Testing

@testable import BlipTensors

/// The products and attentions of a step of decoding against libtorch's own, which are used wherever gradients are recorded.
@Suite("Few rows") struct FewRowsTests {
    private func withEachSet(_ body: (String) throws -> Void) throws {
        defer { _ = Kernels.choose(nil) }
        for name in ["avx512vnni", "avxvnni", "avx2", "neon", "portable"] where Kernels.choose(name) { try body(name) }
    }

    @Test(
        "a product with few rows, or with a small matrix, equals the one of float64", arguments: [DType.float32, .bfloat16, .float16],
        [1, 2, 3, 7, 8, 9, 16, 17, 40])
    func products(_ type: DType, _ rows: Int) throws {
        let random = try RandomStream(seed: 1)
        for columns in [100, 700, 1031] {
            let weight = try random.normal([101, columns]).to(type)
            let (x, bias) = try (random.normal([rows, columns]).to(type), random.normal([101]).to(type))
            let exact = try x.to(.float64).linear(weight.to(.float64), bias.to(.float64))
            // Sums are float32; the result is rounded once to the type.
            let allowed = type == .float32 ? 1e-6 : type == .bfloat16 ? 1.0 / 256 : 1.0 / 2048
            try withEachSet { set in
                let found = try withoutGradients { try x.linear(weight, bias) }
                #expect(found.dtype == type)
                #expect(try relativeDifference(found, exact.to(.float32)) < allowed, "\(set), \(columns) columns")
            }
        }
    }

    @Test("several products of one input are those one by one, and a row does not depend on the others", arguments: [3, 16, 45])
    func together(_ rows: Int) throws {
        let random = try RandomStream(seed: 4)
        let x = try random.normal([rows, 128])
        let layers = try [256, 3, 101].map { (weight: try random.normal([$0, 128]), bias: $0 == 3 ? nil : try random.normal([$0])) }
        let recorded = try layers.map { try x.linear($0.weight, $0.bias) }
        try withEachSet { set in
            try withoutGradients {
                let found = try x.linear(layers)
                for (place, layer) in layers.enumerated() {
                    #expect(try found[place].floats() == x.linear(layer.weight, layer.bias).floats(), "\(set)")
                    #expect(try relativeDifference(found[place], recorded[place]) < 1e-5, "\(set)")
                }
                guard set == "avx512vnni" else { return }
                for count in 1...3 {
                    let some = try x.slice(0, 0..<count).linear(layers)
                    for (few, all) in zip(some, found) { #expect(try few.floats() == all.slice(0, 0..<count).floats(), "\(count)") }
                }
            }
        }
        // With gradients it is libtorch's own.
        #expect(try zip(x.linear(layers), recorded).allSatisfy { try $0.floats() == $1.floats() })
    }

    @Test("attention of few queries equals libtorch's, with every kind of mask", arguments: [1, 2, 5, 16], [1, 3, 64, 133])
    func attention(_ queries: Int, _ keys: Int) throws {
        let random = try RandomStream(seed: 2)
        for size in [8, 64, 88] {
            let shapes = [[2, 3, queries, size], [2, 3, keys + 7, size], [2, 3, keys + 7, size]]
            let all = try shapes.map { try random.normal($0) }
            // As a cache has it: a view of larger memory.
            let (q, k, v) = (all[0], try all[1].slice(2, 0..<keys), try all[2].slice(2, 0..<keys))
            var seen = (0..<2 * queries * keys).map { $0 % 3 != 1 }
            for row in 0..<2 * queries { seen[row * keys] = true }
            let masks: [Tensor?] = [
                nil, try Tensor.of(seen, [2, 1, queries, keys]), try random.normal([1, 3, queries, keys]),
                try random.normal([2, 1, 1, keys]),
            ]
            for mask in masks {
                let expected = try q.attention(k, v, mask: mask, scale: 0.3)
                try withEachSet { set in
                    let found = try withoutGradients { try q.attention(k, v, mask: mask, scale: 0.3) }
                    #expect(try relativeDifference(found, expected) < 5e-6, "\(set), \(mask?.shape ?? [])")
                }
            }
        }
    }

    @Test("a query that sees nothing gives zeros, and NaN comes through")
    func edges() throws {
        let q = try Tensor.ones([1, 1, 2, 8])
        let seen = try Tensor.of([false, false, true, true], [1, 1, 2, 2])
        let values = try Tensor.of((0..<16).map { $0 == 15 ? Float.nan : 1 }, [1, 1, 2, 8])
        let found = try withoutGradients { try q.attention(values, values, mask: seen, scale: 1) }.floats()
        #expect(found[..<8].allSatisfy { $0 == 0 || $0.isNaN })
        #expect(found[8...].contains { $0.isNaN })
    }

    @Test("the fused small operations equal libtorch's, step by step", arguments: [DType.float32, .bfloat16, .float16])
    func fused(_ type: DType) throws {
        let random = try RandomStream(seed: 3)
        let (x, weight) = try (random.normal([3, 5, 100]).to(type), random.normal([100]).to(type))
        let allowed = type == .float32 ? 1e-6 : type == .bfloat16 ? 1.0 / 128 : 1.0 / 1024
        let normed = try x.rmsNorm(weight, epsilon: 1e-6)
        #expect(try relativeDifference(withoutGradients { try x.rmsNorm(weight, epsilon: 1e-6) }, normed) <= allowed)
        #expect(try relativeDifference(withoutGradients { try x.to(.float32).rmsNorm(weight, epsilon: 1e-6) }, normed) <= allowed)

        let heads = try random.normal([2, 5, 3, 8]).to(type).transpose(1, 2)
        for batch in [1, 2] {
            let angles = try random.normal([batch, 1, 5, 8])
            let (cosines, sines) = try (angles.cos().to(type), angles.sin().to(type))
            let turned = try heads.rotated(cosines: cosines, sines: sines)
            #expect(try difference(withoutGradients { try heads.rotated(cosines: cosines, sines: sines) }, turned) <= allowed)
        }
        for gate in [Tensor.Gate.silu, .gelu, .geluTanh, .relu] {
            let plain = try x.gated(gate, x)
            #expect(try difference(withoutGradients { try x.gated(gate, x) }, plain) == 0)
        }
    }
}
