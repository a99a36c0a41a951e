import CTorch
import Foundation

/// Why a tensor operation failed.
public enum TensorError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// libtorch refused: wrong shapes, types or devices.
    case operation(name: String, shapes: [String], reason: String)
    /// The device has no memory left for the result.
    case outOfMemory(operation: String, shapes: [String], reason: String)
    /// A value was read as another type than the tensor has.
    case typeMismatch(operation: String, expected: DType, found: DType)
    /// libtorch returned an element type this package does not use.
    case unsupportedType(operation: String)
    /// Elements and shape do not fit each other.
    case wrongElementCount(shape: [Int], expected: Int, found: Int)
    case deviceUnavailable(Device)

    public var description: String {
        switch self {
        case .operation(let name, let shapes, let reason):
            "\(name)\(Self.list(shapes)) failed: \(reason)"
        case .outOfMemory(let name, let shapes, let reason):
            "out of memory in \(name)\(Self.list(shapes)): \(reason); try a smaller batch or --dtype bfloat16"
        case .typeMismatch(let name, let expected, let found): "\(name) expected \(expected.rawValue) elements, found \(found.rawValue)"
        case .unsupportedType(let name): "\(name) gave an element type that is not supported here"
        case .wrongElementCount(let shape, let expected, let found): "shape \(shape) needs \(expected) elements, found \(found)"
        case .deviceUnavailable(let device):
            "device \(device) is not available on this machine with libtorch \(Engine.version)\(Self.build(for: device)); use --device cpu"
        }
    }

    public var errorDescription: String? { description }

    private static func build(for device: Device) -> String {
        guard case .cuda = device, !Engine.isBuiltForCUDA else { return "" }
        return ", and this program was built without CUDA (docs/gpu.md)"
    }

    private static func list(_ shapes: [String]) -> String { shapes.isEmpty ? "" : " of " + shapes.joined(separator: ", ") }
}

/// Runs one shim function and turns its status into an error that names the operation and its operands.
func check(
    _ operation: String, _ operands: [Tensor] = [], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ctorch_status
) throws(TensorError) {
    var message: UnsafeMutablePointer<CChar>?
    let status = body(&message)
    guard Int(status) != CTORCH_OK else { return }
    defer { ctorch_free_message(message) }
    // libtorch's messages can have many lines; the first one says what is wrong.
    let text = message.map { String(cString: $0) } ?? "no reason given"
    let reason = text.split(separator: "\n", omittingEmptySubsequences: true).first.map(String.init) ?? text
    let shapes = operands.map { "\($0.shape) \($0.typeName)" }
    if Int(status) == CTORCH_OUT_OF_MEMORY { throw .outOfMemory(operation: operation, shapes: shapes, reason: reason) }
    throw .operation(name: operation, shapes: shapes, reason: reason)
}

/// As ``check(_:_:_:)``, for functions that give a tensor.
func produce(
    _ operation: String, _ operands: [Tensor] = [],
    _ body: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ctorch_status
) throws(TensorError) -> Tensor {
    var handle: OpaquePointer?
    try check(operation, operands) { body(&handle, $0) }
    guard let handle else { throw .operation(name: operation, shapes: [], reason: "no tensor was returned") }
    return Tensor(handle)
}
