/// Rows under headings, in columns as wide as their widest entry.
struct TextTable {
    let text: String

    /// - Parameter rightAligned: columns of numbers, counted from 0.
    init(_ headings: [String], _ rows: [[String]], rightAligned: Set<Int> = []) {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        text = all.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return rightAligned.contains(column) ? padding + cell : cell + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count)) + "\n"
        }.joined()
    }
}
