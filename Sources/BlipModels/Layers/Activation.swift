import BlipTensors

/// The activation functions the published configs name.
public enum Activation: String, Codable, Sendable, Equatable, CaseIterable {
    /// With the error function.
    case gelu
    /// With tanh.
    case geluNew = "gelu_new"
    case geluTanh = "gelu_pytorch_tanh"
    case geluFast = "gelu_fast"
    /// `x · sigmoid(1.702 x)`, as CLIP has it.
    case quickGELU = "quick_gelu"
    case relu
    case silu
    case swish

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let known = Self(rawValue: name) else {
            let key = decoder.codingPath.map(\.stringValue).joined(separator: ".")
            throw ConfigError.unsupported(key: key, found: name, supported: Self.allCases.map(\.rawValue))
        }
        self = known
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch self {
        case .gelu: try x.gelu()
        case .geluNew, .geluTanh, .geluFast: try x.geluTanh()
        case .quickGELU: try x * (x * 1.702).sigmoid()
        case .relu: try x.relu()
        case .silu, .swish: try x.silu()
        }
    }

    /// `activation(gate) · up`.
    func gate(_ gate: Tensor, _ up: Tensor) throws -> Tensor {
        switch self {
        case .gelu: try gate.gated(.gelu, up)
        case .geluNew, .geluTanh, .geluFast: try gate.gated(.geluTanh, up)
        case .quickGELU: try self(gate) * up
        case .relu: try gate.gated(.relu, up)
        case .silu, .swish: try gate.gated(.silu, up)
        }
    }
}
