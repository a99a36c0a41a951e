/// The structure of a GIF file: where its frames lie and how they are drawn. No pixel is decoded here.
struct GIFFile {
    struct Frame {
        let left: Int
        let top: Int
        let width: Int
        let height: Int
        let isInterlaced: Bool
        let palette: GIFPalette
        /// The index that shows what lies below.
        let transparent: Int?
        let disposal: Disposal
        let minimumCodeSize: Int
        /// Where the first block of compressed data begins.
        let data: Int
    }

    /// What becomes of a frame's place before the next frame is drawn.
    enum Disposal { case keep, background, previous }

    private(set) var width = 0
    private(set) var height = 0
    /// The index of the background colour, and 0 where the file has no palette for all frames.
    private(set) var background = 0
    private(set) var frames: [Frame] = []
    /// Whether the bytes end before the file says so.
    private(set) var isCutShort = false

    /// Reads blocks up to the end, and is as lenient as Pillow: bytes between blocks are skipped, a missing end is no error.
    ///
    /// - Throws: ``ImageError/tooManyFrames(source:limit:)`` with one frame more than `maximumFrames`.
    init(_ bytes: [UInt8], source: String, maximumFrames: Int) throws(ImageError) {
        var reader = GIFReader(bytes: bytes)
        guard let screen = reader.take(13) else {
            isCutShort = true
            return
        }
        (width, height) = (reader.word(screen + 6), reader.word(screen + 8))
        var shared = GIFPalette.grey
        if bytes[screen + 10] & 0x80 != 0 {
            background = Int(bytes[screen + 11])
            guard let palette = reader.palette(flags: bytes[screen + 10]) else {
                isCutShort = true
                return
            }
            shared = palette
        }
        // A frame that does not say how it is disposed of does as the one before, as in Pillow.
        var disposal = Disposal.keep
        var transparent: Int?
        while let place = reader.take(1) {
            switch bytes[place] {
            case 0x3B: return
            case 0x21:
                guard let label = reader.take(1) else { break }
                if bytes[label] == 0xF9, let block = reader.peekBlock(), block.count >= 4 {
                    let flags = bytes[block.lowerBound]
                    if flags & 1 != 0 { transparent = Int(bytes[block.lowerBound + 3]) }
                    switch flags >> 2 & 7 {
                    case 0: break
                    case 1: disposal = .keep
                    case 2: disposal = .background
                    default: disposal = .previous
                    }
                }
                if !reader.skipBlocks() { isCutShort = true }
            case 0x2C:
                guard frames.count < maximumFrames else { throw .tooManyFrames(source: source, limit: maximumFrames) }
                guard let frame = Self.frame(&reader, shared, transparent, disposal) else {
                    isCutShort = true
                    return
                }
                frames.append(frame)
                transparent = nil
                if !reader.skipBlocks() { isCutShort = true }
            default: continue
            }
        }
        isCutShort = true
    }

    /// Nil if the bytes end within its description.
    private static func frame(
        _ reader: inout GIFReader, _ shared: GIFPalette, _ transparent: Int?, _ disposal: Disposal
    ) -> Frame? {
        guard let place = reader.take(9) else { return nil }
        let flags = reader.bytes[place + 8]
        var palette = shared
        if flags & 0x80 != 0 {
            guard let own = reader.palette(flags: flags) else { return nil }
            palette = own
        }
        guard let size = reader.take(1) else { return nil }
        return Frame(
            left: reader.word(place), top: reader.word(place + 2), width: reader.word(place + 4), height: reader.word(place + 6),
            isInterlaced: flags & 0x40 != 0, palette: palette, transparent: transparent, disposal: disposal,
            minimumCodeSize: Int(reader.bytes[size]), data: reader.place)
    }
}

/// Up to 256 colours. An index beyond the file's colours is black, and a file without a palette is grey.
struct GIFPalette: Equatable {
    /// 256 times red, green, blue.
    let colours: [UInt8]
    /// How many of them the file names.
    let count: Int

    static let grey = GIFPalette(colours: (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] }, count: 256)

    init(colours: [UInt8], count: Int) {
        self.colours = colours
        self.count = count
    }

    /// A ramp of greys is taken for no palette, as in Pillow: then every index is its own grey.
    init(_ bytes: ArraySlice<UInt8>) {
        let isRamp = bytes.enumerated().allSatisfy { Int($1) == $0 / 3 }
        if isRamp {
            self = .grey
        } else {
            self.init(colours: Array(bytes) + [UInt8](repeating: 0, count: 768 - bytes.count), count: bytes.count / 3)
        }
    }

    /// A colour that may lie beyond those the file names: then the first.
    func named(_ index: Int) -> (UInt8, UInt8, UInt8) {
        let place = (index < count ? index : 0) * 3
        return (colours[place], colours[place + 1], colours[place + 2])
    }
}

/// Steps through the bytes; every read is checked and moves forward.
private struct GIFReader {
    let bytes: [UInt8]
    var place = 0

    /// The place of the next `count` bytes, which are stepped over; nil if there are fewer.
    mutating func take(_ count: Int) -> Int? {
        guard count <= bytes.count - place else { return nil }
        defer { place += count }
        return place
    }

    /// - Precondition: both bytes were taken.
    func word(_ place: Int) -> Int { Int(bytes[place]) | Int(bytes[place + 1]) << 8 }

    mutating func palette(flags: UInt8) -> GIFPalette? {
        let count = 3 << (Int(flags & 7) + 1)
        return take(count).map { GIFPalette(bytes[$0..<$0 + count]) }
    }

    /// The content of the block that follows.
    func peekBlock() -> Range<Int>? {
        guard place < bytes.count else { return nil }
        let end = place + 1 + Int(bytes[place])
        return end <= bytes.count ? place + 1..<end : nil
    }

    /// Steps over blocks and the empty one that ends them; false if the bytes end before.
    mutating func skipBlocks() -> Bool {
        while place < bytes.count {
            let count = Int(bytes[place])
            place += 1
            if count == 0 { return true }
            place = min(place + count, bytes.count)
        }
        return false
    }
}
