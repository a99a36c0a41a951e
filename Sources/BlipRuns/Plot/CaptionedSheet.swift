public import BlipImages

/// Pictures side by side with words below each, as one picture: what a model was shown, and what it said.
public struct CaptionedSheet: Sendable {
    public enum Tone: Sendable {
        case plain, bold, faint, good, bad
    }

    /// A picture and the paragraphs below it.
    public struct Tile: Sendable {
        public var picture: RGBImage
        public var paragraphs: [(text: String, tone: Tone)]

        public init(_ picture: RGBImage, _ paragraphs: [(text: String, tone: Tone)]) {
            (self.picture, self.paragraphs) = (picture, paragraphs)
        }
    }

    public var tiles: [Tile]
    public var columns: Int
    /// The height of a capital letter and the room above it, in pixels.
    public var textSize: Double

    /// Lines of a paragraph beyond these are left out.
    private static let maximumLines = 12
    private static let (margin, gap) = (16.0, 20.0)

    public init(_ tiles: [Tile], columns: Int, textSize: Double = 15) {
        (self.tiles, self.columns, self.textSize) = (tiles, columns, textSize)
    }

    /// - Precondition: there is a tile and a column.
    public func picture() -> RGBImage {
        precondition(!tiles.isEmpty && columns >= 1, "a sheet has a tile and a column")
        let across = min(columns, tiles.count)
        let width = Double(tiles.map(\.picture.width).max() ?? 1)
        let lineHeight = (textSize * 1.35).rounded()
        // 1. The lines of every tile, and how high the rows of tiles are.
        let lines = tiles.map { tile in tile.paragraphs.flatMap { text, tone in wrapped(text, tone, width).map { ($0, tone) } } }
        let rows = stride(from: 0, to: tiles.count, by: across).map { $0..<min($0 + across, tiles.count) }
        let heights = rows.map { row in
            row.map { Double(tiles[$0].picture.height) + 8 + Double(lines[$0].count) * lineHeight }.max() ?? 0
        }
        // 2. The words, where they belong.
        var drawing = Drawing(
            width: 2 * Self.margin + Double(across) * (width + Self.gap) - Self.gap,
            height: 2 * Self.margin + heights.reduce(0, +) + Double(rows.count - 1) * Self.gap)
        var corners: [(x: Int, y: Int)] = []
        var top = Self.margin
        for (row, height) in zip(rows, heights) {
            for (column, place) in row.enumerated() {
                let left = Self.margin + Double(column) * (width + Self.gap)
                corners.append((Int(left), Int(top)))
                for (number, (text, tone)) in lines[place].enumerated() {
                    let base = top + Double(tiles[place].picture.height) + 8 + (Double(number) + 0.75) * lineHeight
                    drawing.shapes.append(.text(text, at: .init(x: left, y: base), style(tone)))
                }
            }
            top += height + Self.gap
        }
        // 3. The pictures over it.
        return Self.laid(zip(tiles.map(\.picture), corners), over: drawing.picture(scale: 1))
    }

    /// Broken between words; a word that is wider than the tile is cut off.
    private func wrapped(_ text: String, _ tone: Tone, _ width: Double) -> [String] {
        var lines: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            let longer = (lines.last.map { $0 + " " } ?? "") + word
            if StrokeFont.width(longer, size: textSize) <= width, !lines.isEmpty {
                lines[lines.count - 1] = longer
            } else {
                lines.append(StrokeFont.fitted(String(word), size: textSize, width: width))
            }
            if lines.count > Self.maximumLines {
                lines.removeLast()
                lines[lines.count - 1] = StrokeFont.fitted(lines[lines.count - 1] + " …", size: textSize, width: width)
                break
            }
        }
        return lines.isEmpty ? [""] : lines
    }

    private func style(_ tone: Tone) -> Drawing.TextStyle {
        var style = Drawing.TextStyle(size: textSize)
        switch tone {
        case .plain: break
        case .bold: style.isBold = true
        case .faint: style.colour = Palette.faintText
        case .good: (style.colour, style.isBold) = (Colour(0x1A7F37), true)
        case .bad: (style.colour, style.isBold) = (Colour(0xCF222E), true)
        }
        return style
    }

    private static func laid(_ pictures: some Sequence<(RGBImage, (x: Int, y: Int))>, over ground: RGBImage) -> RGBImage {
        var pixels = ground.pixels
        for (picture, corner) in pictures {
            for y in 0..<picture.height {
                let (to, from) = (((corner.y + y) * ground.width + corner.x) * 3, y * picture.width * 3)
                pixels.replaceSubrange(to..<to + picture.width * 3, with: picture.pixels[from..<from + picture.width * 3])
            }
        }
        return RGBImage(width: ground.width, height: ground.height, pixels: pixels)
    }
}
