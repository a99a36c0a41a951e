/// What is where in a picture, in single words: what an image encoder is taught to tell, and what a language model is told in place of a
/// picture while it learns to answer.
public struct PictureDescription: Sendable, Equatable {
    /// A word, and what it is said of: `color` and `red`.
    public struct Word: Sendable, Equatable, Hashable {
        public var aspect: String
        public var text: String

        public init(_ aspect: String, _ text: String) {
            self.aspect = aspect
            self.text = text
        }
    }

    /// Where a thing is, as shares of the picture's sides from the upper left.
    public struct Box: Sendable, Equatable {
        public var left, top, right, bottom: Double

        public init(left: Double, top: Double, right: Double, bottom: Double) {
            (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
        }

        public func contains(x: Double, y: Double) -> Bool { x >= left && x <= right && y >= top && y <= bottom }
    }

    /// One thing, and all words that are said of it, in no order.
    public struct Thing: Sendable, Equatable {
        public var words: [Word]
        /// Nil for the picture as a whole.
        public var box: Box?
        /// Which of a picture's soft tokens is its own, where there is such an order; see ``PictureDescription/slots(_:)``.
        public var slot: Int?

        public init(_ words: [Word], box: Box? = nil, slot: Int? = nil) {
            self.words = words
            self.box = box
            self.slot = slot
        }
    }

    /// From the farthest to the nearest: what comes later hides what came before.
    public var things: [Thing]

    public init(_ things: [Thing]) { self.things = things }

    /// The things, each in a slot of its own: that which it names, or where another has it or it names none, the next free one. What finds none
    /// is left out.
    public func slots(_ count: Int) -> [Thing?] {
        var slots = [Thing?](repeating: nil, count: count)
        for thing in things {
            let wanted = thing.slot ?? 0
            if let free = (0..<count).map({ (wanted + $0) % count }).first(where: { slots[$0] == nil }) { slots[free] = thing }
        }
        return slots
    }

    /// What is said of the picture as a whole.
    public var whole: [Word] { things.filter { $0.box == nil }.flatMap(\.words) }
}

/// Everything that can be said of things in a respect, one word of it at a time.
public struct DescriptionAspect: Sendable, Equatable {
    public var name: String
    public var words: [String]

    public init(_ name: String, _ words: [String]) {
        self.name = name
        self.words = words
    }
}
