/// What is to know about a metric.
public struct MetricCard: Sendable, Equatable {
    public enum Direction: String, Sendable {
        case higher, lower
        /// Describes, and judges nothing.
        case neither
    }

    public enum Unit: String, Sendable {
        /// From 0 to 1, where official scripts may print a hundred times as much.
        case fraction
        /// CIDEr's own scale from 0 to 10; papers print a hundred times as much.
        case cider
        case rank
        case words
    }

    /// In snake case.
    public let name: String
    public let direction: Direction
    public let unit: Unit
    public let summary: String
    /// The paper and the script that define it.
    public let source: String

    init(_ name: String, _ direction: Direction, _ unit: Unit, _ summary: String, source: String) {
        (self.name, self.direction, self.unit, self.summary, self.source) = (name, direction, unit, summary, source)
    }

    init(_ name: String, _ summary: String, source: String) { self.init(name, .higher, .fraction, summary, source: source) }

    /// A name of letters, digits and single underscores, as `yes_no` of "yes/no".
    static func snakeCase(_ text: String) -> String {
        var words: [String] = [""]
        for scalar in text.lowercased().unicodeScalars {
            if scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
                words[words.count - 1].unicodeScalars.append(scalar)
            } else if words.last?.isEmpty == false {
                words.append("")
            }
        }
        return words.filter { !$0.isEmpty }.joined(separator: "_")
    }
}
