/// Numbers as a picture.
public struct SceneChart: Sendable, Equatable {
    public enum Form: String, Sendable, CaseIterable, Codable {
        case bars, pie
    }

    public struct Part: Sendable, Equatable, Codable {
        /// One capital, written below a bar or on a slice.
        public var label: String
        public var color: ObjectColor
        /// Of bars from 1 to 9; of slices a share in a total of 20.
        public var value: Int

        public init(_ label: String, _ color: ObjectColor, _ value: Int) {
            self.label = label
            self.color = color
            self.value = value
        }
    }

    public var form: Form
    /// From the left, or clockwise from the top. No two have the same value, label or colour.
    public var parts: [Part]

    public init(_ form: Form, _ parts: [Part]) {
        self.form = form
        self.parts = parts
    }

    public var largest: Part? { parts.max { $0.value < $1.value } }
    public var smallest: Part? { parts.min { $0.value < $1.value } }

    /// What one part is called.
    public var partName: String { form == .bars ? "bar" : "slice" }
}
