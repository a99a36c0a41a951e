/// One tensor of a file: what it is called, what it holds and where its bytes lie.
public struct TensorInfo: Sendable {
    public let name: String
    public let type: ElementType
    /// Dimensions, outermost first; empty for a scalar. A dimension may be zero.
    public let shape: [Int]
    /// Place of the bytes, counted from the beginning of the file.
    public let byteRange: Range<Int>

    public var byteCount: Int { byteRange.count }

    /// Whether elements can be read in place: files of old writers begin their data at odd addresses.
    public var isAligned: Bool { byteRange.lowerBound % type.byteCount == 0 }
}

/// One tensor to be written: what it is called and what it will hold.
public struct TensorLayout: Sendable {
    public let name: String
    public let type: ElementType
    /// Dimensions, outermost first; empty for a scalar.
    public let shape: [Int]

    public init(name: String, type: ElementType, shape: [Int]) {
        self.name = name
        self.type = type
        self.shape = shape
    }
}
