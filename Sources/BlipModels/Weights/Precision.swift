import BlipTensors

/// The element type each weight is computed in.
///
/// In float16 some tensors stay float32, as in the reference: the query tokens, T5's `wo`, whose products overflow, and all of BLIP-2's
/// Q-Former. bfloat16 keeps nothing. Reference: `_keep_in_fp32_modules` of transformers 5.
public struct Precision: Sendable, Equatable {
    public let compute: DType

    private let keepsQFormer: Bool
    private let trained: Set<NetworkPart>

    /// - Parameter trained: parts that stay float32 because they are trained: steps are smaller than half precision can tell apart.
    public init(_ compute: DType, for architecture: Architecture = .instructBLIP, trained: Set<NetworkPart> = []) {
        self.compute = compute
        self.trained = trained
        keepsQFormer = !architecture.isInstructed
    }

    public func type(of name: String) -> DType {
        if trained.contains(NetworkPart(of: name)) { return .float32 }
        guard compute == .float16 else { return compute }
        if keepsQFormer, name.hasPrefix("qformer.") { return .float32 }
        return name == "query_tokens" || name.hasSuffix(".wo.weight") ? .float32 : compute
    }
}
