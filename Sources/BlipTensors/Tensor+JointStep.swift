import CTorch

/// One of several answers that take a step of decoding together: what is kept of it, and how many tokens it gets.
public struct JointAnswer {
    /// Keys and values [1, K, capacity, D], float32 on the CPU, contiguous.
    public var keys: Tensor
    public var values: Tensor
    /// Positions that are kept before the step.
    public var length: Int
    /// Tokens of this step.
    public var count: Int
    /// Where its part of the masks begins; nil where it has none.
    public var seen: Int?
    public var added: Int?

    public init(keys: Tensor, values: Tensor, length: Int, count: Int, seen: Int? = nil, added: Int? = nil) {
        (self.keys, self.values) = (keys, values)
        (self.length, self.count) = (length, count)
        (self.seen, self.added) = (seen, added)
    }
}

extension Tensor {
    /// `attendStep` for several answers at once, whose tokens stand one behind another in one row.
    ///
    /// An answer's numbers are the same, to the last bit, whatever others take part.
    ///
    /// - Parameters:
    ///   - self: queries [1, T, H·D] of all answers' tokens.
    ///   - new: keys and values [1, T, K·D], written behind what is kept of each; nil where all there is is kept already.
    ///   - angles: cosines and sines [1, 1, T, D]; nil for none.
    ///   - seen: `bool`; of an answer [its tokens, its positions].
    ///   - added: float32; of an answer [H, its tokens, its positions].
    /// - Returns: [1, T, H·D]
    public func attendJointly(
        _ new: (keys: Tensor, values: Tensor)?, angles: (cosines: Tensor, sines: Tensor)?, answers: [JointAnswer], seen: Tensor?,
        added: Tensor?, scale: Double
    ) throws(TensorError) -> Tensor {
        guard let count = Int32(exactly: answers.count) else {
            throw .operation(name: "attendJointly", shapes: ["\(shape)"], reason: "too many answers")
        }
        let rows = answers.map { answer in
            ctorch_joint_answer(
                keys: answer.keys.handle, values: answer.values.handle, length: Int64(answer.length), count: Int64(answer.count),
                seen: Int64(answer.seen ?? -1), added: Int64(answer.added ?? -1))
        }
        // The rows hold handles alone, of tensors that must outlive the call.
        let result = withExtendedLifetime((answers, new, angles, seen, added)) {
            rows.withUnsafeBufferPointer { rows in
                Swift.Result { () throws(TensorError) -> Tensor in
                    var step = ctorch_joint_step(
                        queries: handle, keys: new?.keys.handle, values: new?.values.handle, cosines: angles?.cosines.handle,
                        sines: angles?.sines.handle, answers: rows.baseAddress, count: count, seen: seen?.handle, added: added?.handle,
                        scale: scale)
                    return try produce("attendJointly", [self]) { ctorch_attend_joint(&step, $0, $1) }
                }
            }
        }
        return try result.get()
    }
}
