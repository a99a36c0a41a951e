import BlipTestSupport
import Foundation
import Testing

@testable import BlipTensors

/// Packed matrices against a second implementation of their layout (`Scripts/fixtures/packed.py`) and against libtorch's own products.
@Suite("Packed matrices") struct PackedMatrixTests {
    private static let sizes = ["1x1", "5x33", "16x64", "17x96", "40x152"]
    private static let instructionSets = ["avx512vnni", "avxvnni", "avx2", "neon", "portable"]

    private let file: SafetensorsFile

    init() throws { file = try SafetensorsFile(Fixtures.root.appendingPathComponent("packed/packed.safetensors")) }

    private func matrix(_ format: PackedFormat, _ size: String) throws -> PackedMatrix {
        let shape = size.split(separator: "x").compactMap { Int($0) }
        return try PackedMatrix(format, rows: shape[0], columns: shape[1], bytes: file.tensor("\(format.rawValue)-\(size)/bytes"))
    }

    /// Runs `body` with every instruction set of this processor, and with the portable one last.
    private func withEachSet(_ body: (String) throws -> Void) throws {
        defer { _ = Kernels.choose(nil) }
        for name in Self.instructionSets where Kernels.choose(name) { try body(name) }
    }

    @Test("bytes of another implementation mean the same weights", arguments: PackedFormat.allCases, sizes)
    func layout(_ format: PackedFormat, _ size: String) throws {
        let expected = try file.tensor("\(format.rawValue)-\(size)/weights")
        #expect(try matrix(format, size).unpacked().floats() == expected.floats())
    }

    @Test("products are those of the weights, but for the rounding of the input to 8 bits", arguments: PackedFormat.allCases, sizes)
    func products(_ format: PackedFormat, _ size: String) throws {
        let name = "\(format.rawValue)-\(size)"
        let (x, expected) = try (file.tensor("\(name)/x"), file.tensor("\(name)/product"))
        let weights = try file.tensor("\(name)/weights")
        // Each number of a group is rounded by at most half of a 127th of the group's largest.
        let columns = x.size(1)
        let (inputs, rows) = (try x.floats(), try weights.floats())
        try withEachSet { set in
            let found = try x.linear(matrix(format, size)).floats()
            for row in 0..<3 {
                for output in 0..<weights.size(0) {
                    var bound = 1e-5
                    for start in stride(from: 0, to: columns, by: 32) {
                        let group = start..<min(start + 32, columns)
                        let largest = group.map { abs(inputs[row * columns + $0]) }.max() ?? 0
                        bound += group.map { Double(abs(rows[output * columns + $0])) }.reduce(0, +) * Double(largest) / 254 * 1.001
                    }
                    let place = row * weights.size(0) + output
                    let gap = Double(abs(found[place] - (try expected.floats())[place]))
                    #expect(gap <= bound, "\(set): row \(row), output \(output)")
                }
            }
        }
    }

    @Test("packing finds scales as good as the best of a thousand", arguments: PackedFormat.allCases, sizes)
    func packing(_ format: PackedFormat, _ size: String) throws {
        let name = "\(format.rawValue)-\(size)"
        let original = try file.tensor("\(name)/original")
        let packed = try PackedMatrix(packing: original, as: format)
        let error = try (packed.unpacked() - original).square().sum().item()
        let (best, size) = try (file.tensor("\(name)/error").item(), original.square().sum().item())
        // With 255 levels it is luck which scale rounds best, and a thousand tries have more of it than the sixteen of the packer.
        let slack = format == .q4 ? 1.03 : 1.15
        #expect(error <= best * slack + size * 1e-7, "\(error) against \(best)")
    }

    @Test(
        "every instruction set computes what the portable one does", arguments: PackedFormat.allCases,
        [1, 2, 3, 5, 8, 12, 13, 16, 17, 25, 64, 300])
    func sets(_ format: PackedFormat, _ rows: Int) throws {
        let random = try RandomStream(seed: UInt64(rows))
        for (outputs, columns) in [(1, 1), (7, 31), (16, 32), (33, 65), (48, 512), (50, 3200)]
        where rows * columns < 50_000 {
            let weights = try PackedMatrix(packing: random.normal([outputs, columns]), as: format)
            let (x, bias) = try (random.normal([rows, columns]), random.normal([outputs]))
            var found: [String: Tensor] = [:]
            try withEachSet { found[$0] = try x.linear(weights, bias) }
            let portable = try #require(found["portable"])
            for (set, result) in found {
                #expect(try relativeDifference(result, portable) < 2e-6, "\(set), \(rows) rows, [\(outputs), \(columns)]")
            }
        }
    }

    @Test("memory that begins anywhere gives the same")
    func unaligned() throws {
        let random = try RandomStream(seed: 3)
        let (weights, x) = try (PackedMatrix(packing: random.normal([40, 100]), as: .q4), random.normal([5, 100]))
        let expected = try x.linear(weights).floats()
        for shift in [1, 2, 17, 63] {
            let longer = try Tensor.concatenate([Tensor.zeros([shift], .uint8), weights.bytes], 0)
            let moved = try PackedMatrix(.q4, rows: 40, columns: 100, bytes: longer.slice(0, shift..<longer.count))
            try withEachSet { set in
                let found = try x.linear(moved).floats()
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(set), \(shift)")
            }
        }
    }

    @Test("NaN and infinities come out where they must, and only there")
    func notFinite() throws {
        let random = try RandomStream(seed: 4)
        let weights = try PackedMatrix(packing: random.normal([20, 70]), as: .q8)
        let clean = try random.normal([4, 70]).floats()
        try withEachSet { set in
            for (value, column) in [(Float.nan, 0), (.infinity, 40), (-.infinity, 69)] {
                var rows = clean
                rows[70 + column] = value
                let found = try Tensor.of(rows, [4, 70]).linear(weights).floats()
                let expected = try Tensor.of(rows, [4, 70]).linear(weights.unpacked()).floats()
                for (place, number) in found.enumerated() {
                    if place / 20 == 1 {
                        #expect(number.isNaN == expected[place].isNaN, "\(set), \(value)")
                        if value.isInfinite { #expect(number == expected[place], "\(set), \(value)") }
                    } else {
                        #expect(number.isFinite, "\(set), \(value)")
                    }
                }
            }
        }
    }

    @Test("tiny and huge weights keep their digits", arguments: [1e-30, 1e-12, 1, 1e12, 1e30])
    func magnitudes(_ size: Double) throws {
        let original = try RandomStream(seed: 5).normal([32, 64]) * size
        for format in PackedFormat.allCases {
            let packed = try PackedMatrix(packing: original, as: format)
            #expect(try relativeDifference(packed.unpacked(), original) < (format == .q4 ? 0.1 : 0.006))
        }
    }

    @Test("a multiplier that is no power of two, or none at all, is no header")
    func multiplier() throws {
        let weights = try PackedMatrix(packing: RandomStream(seed: 8).normal([20, 70]), as: .q4)
        let bytes = try weights.bytes.integers().map { UInt8(truncatingIfNeeded: $0) }
        for (multiplier, isRead) in [
            (Float(0.25), true), (3, false), (0, false), (-1, false), (.leastNonzeroMagnitude, false), (.infinity, false), (.nan, false),
        ] {
            var changed = bytes
            withUnsafeBytes(of: multiplier.bitPattern.littleEndian) { changed.replaceSubrange(24..<28, with: $0) }
            let tensor = try Tensor.of(changed.map(Int.init), [changed.count]).to(.uint8)
            let read = try? PackedMatrix(.q4, rows: 20, columns: 70, bytes: tensor)
            #expect((read != nil) == isRead, "\(multiplier)")
        }
    }

    @Test("several products of one input equal them one by one, in every type of input", arguments: [DType.float32, .bfloat16, .float16])
    func together(_ type: DType) throws {
        let random = try RandomStream(seed: 6)
        let weights = try [(33, PackedFormat.q4), (16, .q8), (70, .q4)].map { rows, format in
            (
                weight: try PackedMatrix(packing: random.normal([rows, 96]), as: format),
                bias: rows == 16 ? nil : try random.normal([rows]).to(type)
            )
        }
        let x = try random.normal([2, 5, 96]).to(type)
        let results = try x.linear(weights)
        #expect(results.map(\.shape) == [[2, 5, 33], [2, 5, 16], [2, 5, 70]])
        for (result, weight) in zip(results, weights) {
            #expect(result.dtype == type)
            #expect(try result.floats() == x.linear(weight.weight, weight.bias).floats())
        }
    }

    @Test("gradients pass through to the input as through the unpacked weights", arguments: PackedFormat.allCases, [1, 4, 40])
    func gradients(_ format: PackedFormat, _ rows: Int) throws {
        let random = try RandomStream(seed: 7)
        let weights = try PackedMatrix(packing: random.normal([1030, 72]), as: format)
        let (values, upstream) = try (random.normal([rows, 72]), random.normal([rows, 1030]))
        func gradient(_ product: (Tensor) throws -> Tensor) throws -> Tensor {
            let x = try values.clone()
            try x.requireGradient()
            try product(x).backward(upstream)
            return try #require(try x.gradient)
        }
        let found = try gradient { try $0.linear(weights) }
        let expected = try gradient { try $0.linear(weights.unpacked()) }
        #expect(try relativeDifference(found, expected) < Tolerance.gradient)
    }

    @Test("biases keep their gradients, and one of another shape is refused")
    func biases() throws {
        let random = try RandomStream(seed: 8)
        let weights = try PackedMatrix(packing: random.normal([300, 256]), as: .q8)
        let (x, bias, upstream) = try (random.normal([4, 256]), random.normal([300]), random.normal([4, 300]))
        try bias.requireGradient()
        try x.linear(weights, bias).backward(upstream)
        let gradient = try #require(try bias.gradient)
        #expect(try relativeDifference(gradient, upstream.sum(0)) < Tolerance.gradient)
        let plain = try random.normal([300, 256])
        try withoutGradients {
            for wrong in [try Tensor.zeros([1]), try Tensor.zeros([299]), try Tensor.zeros([300, 1])] {
                #expect(throws: TensorError.self) { try x.linear(weights, wrong) }
            }
            #expect(throws: TensorError.self) { try x.linear(plain, Tensor.zeros([299])) }
            let broadcast = try relativeDifference(x.linear(plain, Tensor.ones([1])), x.linear(plain) + 1)
            #expect(broadcast < 1e-6, "libtorch broadcasts it")
        }
    }

    @Test("only matrices of floating-point numbers are packed, and a damaged scale is noticed, in the padding too")
    func contents() throws {
        #expect(throws: TensorError.self) { try PackedMatrix(packing: Tensor.of([1, 2], [1, 2]), as: .q8) }
        #expect(throws: TensorError.self) { try PackedMatrix(packing: Tensor.zeros([2, 0]), as: .q8) }
        #expect(throws: TensorError.self) { try PackedMatrix(packing: Tensor.zeros([2]), as: .q8) }
        let good = try PackedMatrix(packing: Tensor.ones([16, 96]), as: .q4)
        #expect(good.isFinite)
        // The scales of the second tile's second group, which lies beyond the columns.
        var bytes = try good.bytes.integers()
        let place = 64 + (64 + 512) + 32
        (bytes[place], bytes[place + 1]) = (0, 0x7e)
        let damaged = try PackedMatrix(.q4, rows: 16, columns: 96, bytes: Tensor.of(bytes).to(.uint8))
        #expect(!damaged.isFinite)
    }

    @Test("bytes that are no matrix of the shape are refused")
    func refusals() throws {
        let bytes = try file.tensor("q4-17x96/bytes")
        #expect(throws: TensorError.self) { try PackedMatrix(.q8, rows: 17, columns: 96, bytes: bytes) }
        #expect(throws: TensorError.self) { try PackedMatrix(.q4, rows: 18, columns: 96, bytes: bytes) }
        #expect(throws: TensorError.self) { try PackedMatrix(.q4, rows: 17, columns: 96, bytes: bytes.slice(0, 0..<bytes.count - 1)) }
        #expect(throws: TensorError.self) { try PackedMatrix(.q4, rows: 17, columns: 96, bytes: bytes.to(.int8)) }
        let zeros = try Tensor.zeros([bytes.count], .uint8)
        #expect(throws: TensorError.self) { try PackedMatrix(.q4, rows: 17, columns: 96, bytes: zeros) }
        #expect(PackedFormat.q4.byteCount(rows: .max, columns: .max) == nil)
        let matrix = try PackedMatrix(.q4, rows: 17, columns: 96, bytes: bytes)
        #expect(throws: TensorError.self) { try Tensor.zeros([2, 95]).linear(matrix) }
    }
}
