import BlipTestSupport
import Testing

@testable import BlipTensors

/// Packed weights for other devices, with libtorch's operations, against our own kernels' reading of the same bytes.
@Suite("4-bit weights for other devices") struct Int4MatrixTests {
    private static let devices: [Device] = TestDevice.current == .cpu ? [.cpu] : [.cpu, TestDevice.current]

    private func packed(_ rows: Int, _ columns: Int, _ format: PackedFormat, seed: UInt64 = 7) throws -> PackedMatrix {
        try PackedMatrix(packing: RandomStream(seed: seed).normal([rows, columns]), as: format)
    }

    @Test(
        "unpacked on a device they are what they are here", arguments: PackedFormat.allCases,
        [[1, 1], [5, 33], [16, 64], [17, 96], [40, 152], [64, 128]])
    func unpacking(_ format: PackedFormat, _ shape: [Int]) throws {
        let matrix = try packed(shape[0], shape[1], format)
        for device in Self.devices {
            try expectSame(matrix.unpacked(as: .float32, on: device).to(.cpu), matrix.unpacked(), within: 0)
            try expectSame(matrix.unpacked(as: .bfloat16, on: device).to(.cpu), matrix.unpacked().to(.bfloat16), within: 0)
        }
        #expect(try matrix.unpacked(as: .float16, on: .meta).shape == shape)
    }

    /// Weights beyond what float16 holds: scales are stored relative to a power of two.
    @Test("large and small weights keep their size", arguments: [1e-9, 1e9]) func magnitudes(_ size: Double) throws {
        let matrix = try PackedMatrix(packing: RandomStream(seed: 3).normal([16, 64]) * size, as: .q4)
        try expectSame(matrix.unpacked(as: .float32, on: .cpu), matrix.unpacked(), within: 0)
    }

    // Of few rows libtorch's product, of many the unpacked weights.
    @Test("products are those of the weights in bfloat16", arguments: [[16, 64], [48, 128], [512, 192]], [1, 5, 17, 128, 129, 300])
    func products(_ shape: [Int], _ rows: Int) throws {
        let matrix = try packed(shape[0], shape[1], .q4)
        let (x, bias) = try (
            RandomStream(seed: 5).normal([rows, shape[1]], .bfloat16), RandomStream(seed: 6).normal([shape[0]], .bfloat16)
        )
        let expected = try x.to(.float32).linear(matrix.unpacked(), bias.to(.float32))
        for device in Self.devices {
            let int4 = try Int4Matrix(matrix, on: device)
            let found = try withoutGradients { try x.to(device).linear(int4, bias.to(device)) }
            #expect(found.dtype == .bfloat16 && found.shape == [rows, shape[0]])
            #expect(try relativeDifference(found, expected) < 0.01)
            // Without a bias, in another type, with more dimensions.
            let wide = try x.to(.float32).reshape([rows, 1, shape[1]]).to(device).linear(int4)
            #expect(wide.dtype == .float32 && wide.shape == [rows, 1, shape[0]])
            #expect(try relativeDifference(wide.reshape([rows, shape[0]]), x.to(.float32).linear(matrix.unpacked())) < 0.01)
        }
    }

    @Test("gradients pass through to the input", arguments: [3, 200]) func gradients(_ rows: Int) throws {
        let matrix = try packed(48, 128, .q4)
        for device in Self.devices {
            let x = try RandomStream(seed: 8).normal([rows, 128]).to(device)
            let factor = try RandomStream(seed: 9).normal([rows, 48]).to(device)
            try x.requireGradient()
            try (x.linear(Int4Matrix(matrix, on: device)) * factor).sum().backward()
            let expected = try withoutGradients { try factor.to(.cpu).matmul(matrix.unpacked()) }
            let gradient = try x.gradient
            #expect(try relativeDifference(#require(gradient), expected) < 0.01)
        }
    }

    @Test("what fits no product is refused") func refusals() throws {
        #expect(Int4Matrix.fits(rows: 32, columns: 64) && !Int4Matrix.fits(rows: 33, columns: 64))
        #expect(!Int4Matrix.fits(rows: 32, columns: 96) && !Int4Matrix.fits(rows: 0, columns: 64))
        let (eight, odd) = (try packed(32, 64, .q8), try packed(33, 64, .q4))
        let messages = [eight, odd].map { matrix in "\(tensorError { _ = try Int4Matrix(matrix, on: .cpu) }.map { "\($0)" } ?? "")" }
        #expect(messages.allSatisfy { $0.contains("do not fit") }, "\(messages)")
        let int4 = try Int4Matrix(packed(32, 64, .q4), on: .cpu)
        let message = "\(tensorError { _ = try Tensor.ones([2, 63], .bfloat16).linear(int4) }.map { "\($0)" } ?? "")"
        #expect(message.contains("last dimension is 63, the weight's 64"), "\(message)")
        // The codes twice, and a scale and a zero point for each 32.
        #expect(int4.byteCount == 32 * 64 + 32 * 2 * 4)
    }
}
