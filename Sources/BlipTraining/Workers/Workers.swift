public import BlipTensors

/// The processes that train one network together, as one of them sees them.
///
/// All call the same functions in the same order, and each waits for the others.
public protocol Workers: AnyObject {
    /// Counted from 0.
    var rank: Int { get }
    var count: Int { get }
    /// The rank among the processes of one machine; nil where nobody says.
    var localRank: Int? { get }

    /// Writes rank 0's tensors into those of all others.
    func broadcast(_ tensors: [Tensor]) throws
    /// Adds d(loss)/d(parameter) to the gradients of this process. The last of a step also replaces them by their sum over all processes.
    ///
    /// A sum, not a mean: the loss is divided by what the whole step has, before.
    func backward(_ loss: Tensor, parameters: [Tensor], isLast: Bool) throws
    /// The sums over all processes, one for each value.
    func sum(_ values: [Double]) throws -> [Double]
    /// The tensors of all processes, by rank, as numbers without a history; all have one shape and type.
    func gather(_ tensor: Tensor) throws -> [Tensor]
    /// Waits for all processes to come here.
    func barrier() throws
}

/// This process alone.
public final class OneWorker: Workers {
    public let rank = 0
    public let count = 1
    public let localRank: Int? = nil

    public init() {}

    public func broadcast(_ tensors: [Tensor]) throws {}
    public func backward(_ loss: Tensor, parameters: [Tensor], isLast: Bool) throws { try loss.backward() }
    public func sum(_ values: [Double]) throws -> [Double] { values }
    public func gather(_ tensor: Tensor) throws -> [Tensor] { [try tensor.detach()] }
    public func barrier() throws {}
}

extension Workers {
    /// The bytes of all processes, by rank; they may be unequally many.
    public func gather(bytes: [UInt8]) throws -> [[UInt8]] {
        guard count > 1 else { return [bytes] }
        var lengths = [Double](repeating: 0, count: count)
        lengths[rank] = Double(bytes.count)
        let all = try sum(lengths).map { Int($0) }
        let padded = bytes + [UInt8](repeating: 0, count: max(1, all.max() ?? 0) - bytes.count)
        let tensor = try padded.withUnsafeBytes { try Tensor.copying(bytes: $0, [padded.count], .uint8) }
        return try zip(gather(tensor), all).map { tensor, length in try tensor.withBytes { Array($0.prefix(length)) } }
    }

    /// The device of this process where `device` is that of the first: each has a CUDA device of its own.
    public func device(_ device: Device) -> Device {
        if case .cuda(let first) = device, let localRank { .cuda(first + localRank) } else { device }
    }
}
