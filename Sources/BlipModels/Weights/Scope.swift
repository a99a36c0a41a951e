import BlipTensors
import Foundation

/// Where a model's tensors come from: a checkpoint, or shapes alone.
public protocol WeightSource: AnyObject {
    /// The tensor of that name.
    /// - Throws: ``WeightError`` when it is missing or has another shape.
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor
    func has(_ name: String) -> Bool
    /// The same for the matrix of a linear layer, which may be packed.
    func matrix(_ name: String, _ shape: [Int]) throws -> Matrix
    /// The same for word embeddings.
    func table(_ name: String, _ shape: [Int]) throws -> Table
}

extension WeightSource {
    public func matrix(_ name: String, _ shape: [Int]) throws -> Matrix { .dense(try tensor(name, shape)) }

    public func table(_ name: String, _ shape: [Int]) throws -> Table {
        let stored = try tensor(name, shape)
        return Table(stored, as: stored.dtype)
    }
}

/// A place in a checkpoint, as `vision_model.encoder.layers.3`: a layer is built from a scope and asks for its tensors by name and shape.
///
/// ```swift
/// let weight = try scope["fc1"].tensor("weight", [intermediate, hidden])
/// ```
public struct Scope {
    let source: any WeightSource
    public let path: String

    public init(_ source: any WeightSource, path: String = "") {
        self.source = source
        self.path = path
    }

    /// The place called `name` inside this one.
    public subscript(name: String) -> Scope { Scope(source, path: path.isEmpty ? name : path + "." + name) }

    /// The place of element `index` of a list of layers.
    public subscript(index: Int) -> Scope { self[String(index)] }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor { try source.tensor(self[name].path, shape) }

    public func matrix(_ name: String, _ shape: [Int]) throws -> Matrix { try source.matrix(self[name].path, shape) }

    public func table(_ name: String, _ shape: [Int]) throws -> Table { try source.table(self[name].path, shape) }

    public func has(_ name: String) -> Bool { source.has(self[name].path) }
}

/// What is wrong with a checkpoint's weights.
public enum WeightError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case missing(name: String, place: String)
    case wrongShape(name: String, place: String, expected: [Int], found: [Int])
    case wrongType(name: String, place: String, found: String)
    case unused(names: [String], place: String)
    case notFinite(name: String, place: String, count: Int)
    case damagedPacking(name: String, place: String, format: String, shape: [Int])

    public var description: String {
        switch self {
        case .missing(let name, let place):
            "\(place) has no tensor \(name), which its config.json calls for; the checkpoint is incomplete or belongs to another config"
        case .wrongShape(let name, let place, let expected, let found):
            "tensor \(name) in \(place) has shape \(found), but config.json calls for \(expected); the weights belong to another config"
        case .wrongType(let name, let place, let found):
            "tensor \(name) in \(place) has elements of type \(found); expected floating-point numbers (F32, F16, BF16 or F64)"
        case .unused(let names, let place):
            "\(place) holds \(names.count) tensors that its config.json has no use for: \(Self.list(names)); the weights belong to another config"
        case .notFinite(let name, let place, let count):
            "tensor \(name) in \(place) holds \(count) values that are not finite (NaN or infinity); the file is damaged, fetch or convert it again"
        case .damagedPacking(let name, let place, let format, let shape):
            "tensor \(name) in \(place) is not a packed \(format) matrix of shape \(shape); the file is damaged or belongs to another config, "
                + "quantize the checkpoint again"
        }
    }

    public var errorDescription: String? { description }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", and \(names.count - 8) more" : "")
    }
}
