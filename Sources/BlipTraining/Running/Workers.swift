public import BlipTensors

/// The processes that train together, as one of them sees them. Every one makes the same calls in the same order.
public protocol Workers: AnyObject {
    var rank: Int { get }
    var count: Int { get }

    /// Makes tensors everywhere what they are at rank 0, in place.
    func broadcast(_ tensors: [Tensor]) throws

    /// Adds the gradients of a loss to those of the parameters.
    ///
    /// - Parameter isLast: of a step; then every parameter's gradient becomes the sum of all processes'. Losses are scaled beforehand, so that the sum
    ///   is right.
    func backward(_ loss: Tensor, parameters: [Tensor], isLast: Bool) throws

    /// Sums over all processes, place by place.
    func sum(_ values: [Double]) throws -> [Double]

    /// Waits for all.
    func barrier() throws
}

/// A process alone.
public final class OneWorker: Workers {
    public let rank = 0
    public let count = 1

    public init() {}

    public func broadcast(_ tensors: [Tensor]) throws {}
    public func backward(_ loss: Tensor, parameters: [Tensor], isLast: Bool) throws { try loss.backward() }
    public func sum(_ values: [Double]) throws -> [Double] { values }
    public func barrier() throws {}
}
