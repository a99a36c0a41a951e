import CTorch

// Element-wise operations and reductions. Shapes broadcast as in NumPy.
extension Tensor {
    public static func + (left: Tensor, right: Tensor) throws(TensorError) -> Tensor { try left.binary("add", CTORCH_ADD, right) }
    public static func - (left: Tensor, right: Tensor) throws(TensorError) -> Tensor { try left.binary("subtract", CTORCH_SUBTRACT, right) }
    public static func * (left: Tensor, right: Tensor) throws(TensorError) -> Tensor { try left.binary("multiply", CTORCH_MULTIPLY, right) }
    public static func / (left: Tensor, right: Tensor) throws(TensorError) -> Tensor { try left.binary("divide", CTORCH_DIVIDE, right) }
    public static func + (left: Tensor, right: Double) throws(TensorError) -> Tensor { try left.binary("add", CTORCH_ADD, right) }
    public static func - (left: Tensor, right: Double) throws(TensorError) -> Tensor { try left.binary("subtract", CTORCH_SUBTRACT, right) }
    public static func * (left: Tensor, right: Double) throws(TensorError) -> Tensor { try left.binary("multiply", CTORCH_MULTIPLY, right) }
    public static func / (left: Tensor, right: Double) throws(TensorError) -> Tensor { try left.binary("divide", CTORCH_DIVIDE, right) }
    public static prefix func - (operand: Tensor) throws(TensorError) -> Tensor { try operand.unary("negate", CTORCH_NEGATE) }

    public func power(_ exponent: Double) throws(TensorError) -> Tensor { try binary("power", CTORCH_POWER, exponent) }
    public func power(_ exponent: Tensor) throws(TensorError) -> Tensor { try binary("power", CTORCH_POWER, exponent) }
    public func minimum(_ other: Tensor) throws(TensorError) -> Tensor { try binary("minimum", CTORCH_MINIMUM, other) }
    public func maximum(_ other: Tensor) throws(TensorError) -> Tensor { try binary("maximum", CTORCH_MAXIMUM, other) }

    public func equals(_ other: Tensor) throws(TensorError) -> Tensor { try binary("equals", CTORCH_EQUAL, other) }
    public func equals(_ value: Double) throws(TensorError) -> Tensor { try binary("equals", CTORCH_EQUAL, value) }
    public func differs(_ value: Double) throws(TensorError) -> Tensor { try binary("differs", CTORCH_NOT_EQUAL, value) }
    public func less(_ other: Tensor) throws(TensorError) -> Tensor { try binary("less", CTORCH_LESS, other) }
    public func less(_ value: Double) throws(TensorError) -> Tensor { try binary("less", CTORCH_LESS, value) }
    public func atMost(_ other: Tensor) throws(TensorError) -> Tensor { try binary("atMost", CTORCH_LESS_EQUAL, other) }
    public func atMost(_ value: Double) throws(TensorError) -> Tensor { try binary("atMost", CTORCH_LESS_EQUAL, value) }
    public func greater(_ value: Double) throws(TensorError) -> Tensor { try binary("greater", CTORCH_GREATER, value) }
    public func atLeast(_ value: Double) throws(TensorError) -> Tensor { try binary("atLeast", CTORCH_GREATER_EQUAL, value) }
    public func and(_ other: Tensor) throws(TensorError) -> Tensor { try binary("and", CTORCH_AND, other) }
    public func or(_ other: Tensor) throws(TensorError) -> Tensor { try binary("or", CTORCH_OR, other) }
    public func not() throws(TensorError) -> Tensor { try unary("not", CTORCH_NOT) }

    public func abs() throws(TensorError) -> Tensor { try unary("abs", CTORCH_ABS) }
    public func exp() throws(TensorError) -> Tensor { try unary("exp", CTORCH_EXP) }
    public func log() throws(TensorError) -> Tensor { try unary("log", CTORCH_LOG) }
    public func sqrt() throws(TensorError) -> Tensor { try unary("sqrt", CTORCH_SQRT) }
    public func rsqrt() throws(TensorError) -> Tensor { try unary("rsqrt", CTORCH_RSQRT) }
    public func square() throws(TensorError) -> Tensor { try unary("square", CTORCH_SQUARE) }
    public func sin() throws(TensorError) -> Tensor { try unary("sin", CTORCH_SIN) }
    public func cos() throws(TensorError) -> Tensor { try unary("cos", CTORCH_COS) }
    public func floor() throws(TensorError) -> Tensor { try unary("floor", CTORCH_FLOOR) }
    public func round() throws(TensorError) -> Tensor { try unary("round", CTORCH_ROUND) }
    public func tanh() throws(TensorError) -> Tensor { try unary("tanh", CTORCH_TANH) }
    public func sigmoid() throws(TensorError) -> Tensor { try unary("sigmoid", CTORCH_SIGMOID) }
    public func relu() throws(TensorError) -> Tensor { try unary("relu", CTORCH_RELU) }
    public func silu() throws(TensorError) -> Tensor { try unary("silu", CTORCH_SILU) }
    /// The exact form, with the error function.
    public func gelu() throws(TensorError) -> Tensor { try unary("gelu", CTORCH_GELU) }
    /// The approximation with tanh (`gelu_new`).
    public func geluTanh() throws(TensorError) -> Tensor { try unary("geluTanh", CTORCH_GELU_TANH) }
    public func isFinite() throws(TensorError) -> Tensor { try unary("isFinite", CTORCH_IS_FINITE) }
    public func isNaN() throws(TensorError) -> Tensor { try unary("isNaN", CTORCH_IS_NAN) }

    public func clamp(_ range: ClosedRange<Double>) throws(TensorError) -> Tensor {
        try produce("clamp", [self]) { ctorch_clamp(handle, range.lowerBound, range.upperBound, $0, $1) }
    }

    // MARK: In place

    /// Writes `source` over this tensor's elements (converted to its type).
    public func copy(from source: Tensor) throws(TensorError) {
        try check("copy(from:)", [self, source]) { ctorch_copy_into(handle, source.handle, $0) }
    }

    /// Writes slices of one dimension at other places of it, in place.
    ///
    /// - Parameter places: one for each slice of `source`, as int64.
    public func put(_ source: Tensor, at places: Tensor, _ dimension: Int) throws(TensorError) {
        try check("put", [self, places, source]) {
            ctorch_index_copy_into(handle, Int64(dimension), places.handle, source.handle, $0)
        }
    }

    public func fill(_ value: Double) throws(TensorError) { try check("fill", [self]) { ctorch_fill(handle, value, $0) } }

    /// `self += scale * other`
    public func add(_ other: Tensor, scale: Double = 1) throws(TensorError) {
        try check("add in place", [self, other]) { ctorch_add_into(handle, other.handle, scale, $0) }
    }

    /// `self *= scale`
    public func multiply(by scale: Double) throws(TensorError) {
        try check("multiply in place", [self]) { ctorch_scale_into(handle, scale, $0) }
    }

    // MARK: Reductions; without a dimension over all elements

    public func sum(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("sum", CTORCH_SUM, dimension, keep)
    }
    public func mean(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("mean", CTORCH_MEAN, dimension, keep)
    }
    /// The variance with divisor N.
    public func variance(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("variance", CTORCH_VARIANCE, dimension, keep)
    }
    public func max(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("max", CTORCH_MAX, dimension, keep)
    }
    public func min(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("min", CTORCH_MIN, dimension, keep)
    }
    public func argmax(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("argmax", CTORCH_ARGMAX, dimension, keep)
    }
    public func argmin(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("argmin", CTORCH_ARGMIN, dimension, keep)
    }
    public func all(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("all", CTORCH_ALL, dimension, keep)
    }
    public func any(_ dimension: Int? = nil, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("any", CTORCH_ANY, dimension, keep)
    }
    public func logSumExp(_ dimension: Int, keep: Bool = false) throws(TensorError) -> Tensor {
        try reduce("logSumExp", CTORCH_LOG_SUM_EXP, dimension, keep)
    }
    public func cumulativeSum(_ dimension: Int) throws(TensorError) -> Tensor {
        try produce("cumulativeSum", [self]) { ctorch_cumulative_sum(handle, Int64(dimension), $0, $1) }
    }

    /// The `count` largest, largest first, and where they stand.
    public func top(_ count: Int, _ dimension: Int = -1) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        try pair("top \(count)") { ctorch_top(handle, Int64(count), Int64(dimension), $0, $1, $2) }
    }

    /// Sorted stably, and where each element stood.
    public func sorted(_ dimension: Int = -1, descending: Bool = false) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        try pair("sorted") { ctorch_sort(handle, Int64(dimension), descending, $0, $1, $2) }
    }

    // MARK: The shim's calling forms

    private func unary(_ name: String, _ kind: Int) throws(TensorError) -> Tensor {
        try produce(name, [self]) { ctorch_unary(Int32(kind), handle, $0, $1) }
    }

    private func binary(_ name: String, _ kind: Int, _ other: Tensor) throws(TensorError) -> Tensor {
        try produce(name, [self, other]) { ctorch_binary(Int32(kind), handle, other.handle, $0, $1) }
    }

    private func binary(_ name: String, _ kind: Int, _ value: Double) throws(TensorError) -> Tensor {
        try produce(name, [self]) { ctorch_binary_scalar(Int32(kind), handle, value, $0, $1) }
    }

    private func reduce(_ name: String, _ kind: Int, _ dimension: Int?, _ keep: Bool) throws(TensorError) -> Tensor {
        try produce(name, [self]) { out, message in
            if let dimension { return ctorch_reduce(Int32(kind), handle, Int64(dimension), keep, out, message) }
            return ctorch_reduce_all(Int32(kind), handle, out, message)
        }
    }

    private func pair(
        _ name: String,
        _ body: (
            UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
        ) -> ctorch_status
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        var second: OpaquePointer?
        let first = try produce(name, [self]) { body($0, &second, $1) }
        guard let second else { throw .operation(name: name, shapes: [], reason: "no indices were returned") }
        return (first, Tensor(second))
    }
}
