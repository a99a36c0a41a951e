import BlipTensors

/// The element type each weight is computed in.
///
/// In float16 some tensors stay float32, as in the reference: the query tokens, T5's `wo`, whose products overflow, and all of BLIP-2's
/// Q-Former. bfloat16 keeps nothing. Reference: `_keep_in_fp32_modules` of transformers 5.
public struct Precision: Sendable, Equatable {
    public let compute: DType

    private let keepsQFormer: Bool

    public init(_ compute: DType, for architecture: Architecture = .instructBLIP) {
        self.compute = compute
        keepsQFormer = !architecture.isInstructed
    }

    public func type(of name: String) -> DType {
        guard compute == .float16 else { return compute }
        if keepsQFormer, name.hasPrefix("qformer.") { return .float32 }
        return name == "query_tokens" || name.hasSuffix(".wo.weight") ? .float32 : compute
    }
}
