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
    /// Places of parameters that are treated alike.
    private let groups: [Group]

    private struct Group {
        let decays: Bool
        let factor: Double
        let places: [Int]
    }

    /// - Parameter factor: what a parameter's learning rate is multiplied by.
    public init(
        _ parameters: [(name: String, tensor: Tensor)], _ settings: Settings = Settings(), factor: (String) -> Double = { _ in 1 }
    ) throws {
        self.parameters = parameters
        self.settings = settings
        let factors = parameters.map { factor($0.name) }
        groups = [true, false].flatMap { decays in
            Set(factors).sorted().map { factor in
                let places = parameters.indices.filter {
                    factors[$0] == factor && Self.decays(parameters[$0].name, parameters[$0].tensor.shape) == decays
                }
                return Group(decays: decays, factor: factor, places: places)
            }
        }
        means = try parameters.map { try Tensor.zeros($0.tensor.shape, $0.tensor.dtype, on: $0.tensor.device) }
        squares = try parameters.map { try Tensor.zeros($0.tensor.shape, $0.tensor.dtype, on: $0.tensor.device) }
    }

    public var tensors: [Tensor] { parameters.map(\.tensor) }

    /// Vectors and biases do not decay; the query tokens, which have three dimensions, do. Source: `get_optimizer_params` of the reference.
    public static func decays(_ name: String, _ shape: [Int]) -> Bool { shape.count > 1 && !name.hasSuffix(".bias") }

    /// Changes every parameter by its gradient, and leaves the gradients as they are.
    public func step(rate: Double) throws {
        step += 1
        for group in groups where !group.places.isEmpty {
            try Gradients.adamW(
                group.places.map { parameters[$0].tensor }, means: group.places.map { means[$0] },
                squares: group.places.map { squares[$0] }, step: step, rate: rate * group.factor, betas: settings.betas,
                decay: group.decays ? settings.weightDecay : 0, epsilon: settings.epsilon)
        }
    }

    public func clearGradients() throws { for parameter in parameters { try parameter.tensor.clearGradient() } }
}
