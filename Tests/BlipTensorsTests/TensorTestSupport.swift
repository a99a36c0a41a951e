import Foundation
import Testing

@testable import BlipTensors

/// What PyTorch computed: `Tests/Fixtures/tensors`, written by `Scripts/fixtures/tensors.py`.
enum TensorFixture {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/tensors/operations.safetensors")

    /// `in0`, `in1`, ... or `out0`, ... of an operation.
    static func operands(_ file: SafetensorsFile, _ operation: String, _ kind: String) throws -> [Tensor] {
        try (0..<8).filter { file.info(of: "\(operation)/\(kind)\($0)") != nil }.map { try file.tensor("\(operation)/\(kind)\($0)") }
    }
}

/// Expects equal shapes, types and elements; NaN equals NaN, and floating-point elements may lie apart by `tolerance`, relative to the
/// largest finite expected one.
func expectSame(
    _ found: Tensor, _ expected: Tensor, within tolerance: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(found.shape == expected.shape, sourceLocation: sourceLocation)
    #expect(found.dtype == expected.dtype, sourceLocation: sourceLocation)
    guard found.shape == expected.shape, found.dtype == expected.dtype else { return }
    guard found.dtype.isFloatingPoint else {
        #expect(try found.integers() == expected.integers(), sourceLocation: sourceLocation)
        return
    }
    let (left, right) = (try found.floats(), try expected.floats())
    let largest = right.filter(\.isFinite).map { Swift.abs($0) }.max() ?? 0
    let limit = Float(tolerance) * largest
    for (index, (a, b)) in zip(left, right).enumerated() where !(a == b || (a.isNaN && b.isNaN) || Swift.abs(a - b) <= limit) {
        Issue.record("element \(index) is \(a), not \(b); the limit is \(limit)", sourceLocation: sourceLocation)
        return
    }
}

/// What `body` throws; an issue when it throws nothing or something else.
func tensorError(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> TensorError? {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as TensorError {
        #expect(error.errorDescription == error.description, sourceLocation: sourceLocation)
        #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return nil
}

/// Expects `body` to throw and the sentence to contain every one of `parts`.
func expectRefusal(_ parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    guard let error = tensorError(sourceLocation: sourceLocation, body) else { return }
    for part in parts {
        #expect(error.description.contains(part), "\(error.description) says nothing of \(part)", sourceLocation: sourceLocation)
    }
}

extension Tensor {
    /// 0, 1, 2, ... in `float32`.
    static func counting(_ shape: [Int]) throws -> Tensor {
        try Tensor.range(0, shape.reduce(1, *)).to(.float32).reshape(shape)
    }

    /// The elements' bytes, as they lie in memory once they are in row-major order.
    var bytes: [UInt8] {
        get throws { try withBytes { [UInt8]($0) } }
    }
}
