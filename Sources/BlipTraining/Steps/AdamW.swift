public import BlipTensors

/// AdamW over named parameters, with weight decay where the reference has it.
public final class AdamW {
    public struct Settings: Sendable, Equatable {
        public var betas = (0.9, 0.999)
        public var epsilon = 1e-8
        public var weightDecay = 0.05

        public init() {}

        public static func == (left: Settings, right: Settings) -> Bool {
            left.betas == right.betas && left.epsilon == right.epsilon && left.weightDecay == right.weightDecay
        }
    }

    public let parameters: [(name: String, tensor: Tensor)]
    /// Running means of the gradients and of their squares.
    public let means: [Tensor]
    public let squares: [Tensor]
    /// Steps taken.
    public internal(set) var step = 0
    public let settings: Settings

    public init(_ parameters: [(name: String, tensor: Tensor)], _ settings: Settings = Settings()) throws {
        self.parameters = parameters
        self.settings = settings
        means = try parameters.map { try Tensor.zeros($0.tensor.shape, $0.tensor.dtype, on: $0.tensor.device) }
        squares = try parameters.map { try Tensor.zeros($0.tensor.shape, $0.tensor.dtype, on: $0.tensor.device) }
    }

    public var tensors: [Tensor] { parameters.map(\.tensor) }

    /// Vectors and biases do not decay; the query tokens, which have three dimensions, do. Source: `get_optimizer_params` of the reference.
    public static func decays(_ name: String, _ shape: [Int]) -> Bool { shape.count > 1 && !name.hasSuffix(".bias") }

    /// Changes every parameter by its gradient, and leaves the gradients as they are.
    public func step(rate: Double) throws {
        step += 1
        for decays in [true, false] {
            let places = parameters.indices.filter { Self.decays(parameters[$0].name, parameters[$0].tensor.shape) == decays }
            guard !places.isEmpty else { continue }
            try Gradients.adamW(
                places.map { parameters[$0].tensor }, means: places.map { means[$0] }, squares: places.map { squares[$0] }, step: step,
                rate: rate, betas: settings.betas, decay: decays ? settings.weightDecay : 0, epsilon: settings.epsilon)
        }
    }

    public func clearGradients() throws { for parameter in parameters { try parameter.tensor.clearGradient() } }
}
