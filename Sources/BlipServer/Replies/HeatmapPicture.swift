import BlipImages

/// Heat maps as pictures of their own.
enum HeatmapPicture {
    /// The same picture, no larger than it must be.
    static func sized(_ picture: RGBImage, _ limit: Int) throws -> RGBImage {
        let longest = max(picture.width, picture.height)
        guard longest > limit else { return picture }
        return try picture.resized(height: max(1, picture.height * limit / longest), width: max(1, picture.width * limit / longest))
    }

    /// A PNG file of warmth alone, which lets through what lies below: clear where the weight is lowest.
    ///
    /// One byte a pixel names one of 256 warmths; the colours are those of ``HeatOverlay``, told by drawing it on one row of cells.
    static func transparent(_ weights: [Float], rows: Int, columns: Int, width: Int, height: Int) -> [UInt8] {
        let (low, high) = (weights.min() ?? 0, weights.max() ?? 0)
        let span = high > low ? high - low : 1
        func cell(_ place: Int, _ size: Int, _ cells: Int) -> (first: Int, second: Int, share: Float) {
            let centre = max(0, min(Float(cells - 1), (Float(place) + 0.5) / Float(size) * Float(cells) - 0.5))
            return (Int(centre), min(Int(centre) + 1, cells - 1), centre - Float(Int(centre)))
        }
        var indexes: [UInt8] = []
        indexes.reserveCapacity(width * height)
        let across = (0..<width).map { cell($0, width, columns) }
        for y in 0..<height {
            let row = cell(y, height, rows)
            for column in across {
                func mixed(_ r: Int) -> Float {
                    let (a, b) = (weights[r * columns + column.first], weights[r * columns + column.second])
                    return a + (b - a) * column.share
                }
                let (top, bottom) = (mixed(row.first), mixed(row.second))
                indexes.append(UInt8(max(0, min(255, (top + (bottom - top) * row.share - low) / span * 255))))
            }
        }
        let palette = (0..<256).map { warmth(Float($0) / 255) }
        return PalettePNG(width: width, height: height, palette: palette, indexes: indexes).bytes
    }

    private static func warmth(_ heat: Float) -> PalettePNG.Entry {
        let stops: [[Float]] = [[40, 60, 160], [30, 160, 170], [90, 200, 80], [250, 210, 50], [220, 40, 30]]
        let place = heat * Float(stops.count - 1)
        let first = min(Int(place), stops.count - 2)
        let colour = zip(stops[first], stops[first + 1]).map { UInt8($0 + ($1 - $0) * (place - Float(first))) }
        return PalettePNG.Entry(red: colour[0], green: colour[1], blue: colour[2], alpha: UInt8(heat * 0.75 * 255))
    }
}

/// A PNG file of up to 256 colours with transparency, stored without compression. Source: the PNG specification, RFC 1950 and 1951.
struct PalettePNG {
    struct Entry {
        let red, green, blue, alpha: UInt8
    }

    let width: Int
    let height: Int
    let palette: [Entry]
    /// Row by row.
    let indexes: [UInt8]

    var bytes: [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let header = Self.number(width) + Self.number(height) + [8, 3, 0, 0, 0]
        file += Self.chunk("IHDR", header)
        file += Self.chunk("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] })
        file += Self.chunk("tRNS", palette.map(\.alpha))
        var rows: [UInt8] = []
        rows.reserveCapacity((width + 1) * height)
        for y in 0..<height { rows += [0] + indexes[(y * width)..<((y + 1) * width)] }
        file += Self.chunk("IDAT", Self.stored(rows))
        return file + Self.chunk("IEND", [])
    }

    private static func stored(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: max(1, data.count), by: 65_535) {
            let block = data[start..<min(data.count, start + 65_535)]
            let isLast: UInt8 = start + 65_535 >= data.count ? 1 : 0
            let (low, high) = (UInt8(block.count & 0xFF), UInt8(block.count >> 8))
            stream += [isLast, low, high, ~low, ~high] + block
        }
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return stream + number(Int(b << 16 | a))
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return number(data.count) + body + number(Int(checksum(body)))
    }

    private static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    private static let table: [UInt32] = (0..<256).map { (byte: UInt32) in
        (0..<8).reduce(byte) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { Self.table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }
}
