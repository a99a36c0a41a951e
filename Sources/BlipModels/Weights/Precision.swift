import BlipTensors

/// The element type each weight is computed in.
///
/// In float16 two kinds of tensor stay float32, as in the reference: the query tokens, and T5's `wo`, whose products overflow. bfloat16
/// keeps nothing. Reference: `_keep_in_fp32_modules` of transformers 5.
public struct Precision: Sendable, Equatable {
    public let compute: DType

    public init(_ compute: DType) { self.compute = compute }

    public func type(of name: String) -> DType {
        guard compute == .float16 else { return compute }
        return name == "query_tokens" || name.hasSuffix(".wo.weight") ? .float32 : compute
    }
}
