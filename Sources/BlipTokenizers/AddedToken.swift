/// A token recognised in the text itself, before the model sees it.
public struct AddedToken: Sendable, Equatable {
    /// UTF-8 of the text it stands for.
    public var content: [UInt8]
    public var isSpecial: Bool
    /// Whether it is looked for in the normalised text instead of the raw one.
    public var isNormalized: Bool
    /// Whether it takes the white space to its left along.
    public var stripsLeft: Bool
    public var stripsRight: Bool
    /// Whether it counts only where no word character touches it.
    public var isSingleWord: Bool

    public init(
        _ content: [UInt8], isSpecial: Bool = false, isNormalized: Bool? = nil, stripsLeft: Bool = false, stripsRight: Bool = false,
        isSingleWord: Bool = false
    ) {
        self.content = content
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized ?? !isSpecial
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
    }
}
