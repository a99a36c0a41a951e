/// How a camera was held, as EXIF writes it: the raw values are the EXIF values.
enum Orientation: Int {
    case upright = 1
    case mirrored, upsideDown, flipped, transposed, turnedLeft, transversed, turnedRight

    /// Reads the orientation from a whole file; anything missing, damaged or out of range means upright.
    init(format: ImageFormat, file: [UInt8]) {
        let reader = ByteReader(bytes: file)
        let exif: Range<Int>? =
            switch format {
            case .jpeg: reader.exifInJPEG()
            case .png: reader.exifInPNG()
            case .webp: reader.exifInWebP()
            case .gif: nil
            }
        self = exif.flatMap { reader.orientation(inTIFF: $0) }.flatMap(Orientation.init(rawValue:)) ?? .upright
    }

    /// The picture as it should be seen: what Pillow's `exif_transpose` gives.
    func upright(_ image: RGBImage) -> RGBImage {
        let (width, height) = (image.width, image.height)
        // Pixel (x, y) of the result is pixel `first + x * alongX + y * alongY` of the source.
        let (first, alongX, alongY): (Int, Int, Int)
        switch self {
        case .upright: return image
        case .mirrored: (first, alongX, alongY) = (width - 1, -1, width)
        case .upsideDown: (first, alongX, alongY) = (width * height - 1, -1, -width)
        case .flipped: (first, alongX, alongY) = (width * (height - 1), 1, -width)
        case .transposed: (first, alongX, alongY) = (0, width, 1)
        case .turnedLeft: (first, alongX, alongY) = (width * (height - 1), -width, 1)
        case .transversed: (first, alongX, alongY) = (width * height - 1, -width, -1)
        case .turnedRight: (first, alongX, alongY) = (width - 1, width, -1)
        }
        let isTurned = rawValue >= Orientation.transposed.rawValue
        let (newWidth, newHeight) = isTurned ? (height, width) : (width, height)
        let pixels = [UInt8](unsafeUninitializedCapacity: image.pixels.count) { target, initialized in
            image.pixels.withUnsafeBufferPointer { source in
                var place = 0
                for y in 0..<newHeight {
                    var from = (first + y * alongY) * 3
                    for _ in 0..<newWidth {
                        target[place] = source[from]
                        target[place + 1] = source[from + 1]
                        target[place + 2] = source[from + 2]
                        place += 3
                        from += alongX * 3
                    }
                }
            }
            initialized = image.pixels.count
        }
        return RGBImage(width: newWidth, height: newHeight, pixels: pixels)
    }
}

/// Finds EXIF data in a file. Every read is checked, and every loop moves forward, so hostile files cost at most one pass.
private struct ByteReader {
    let bytes: [UInt8]

    /// A big- or little-endian number of `count` bytes (at most 4); nil outside the file.
    private func number(at offset: Int, count: Int, littleEndian: Bool = false) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let part = bytes[offset..<offset + count]
        return littleEndian ? part.reversed().reduce(0) { $0 << 8 | Int($1) } : part.reduce(0) { $0 << 8 | Int($1) }
    }

    private func matches(_ text: String, at offset: Int) -> Bool {
        offset >= 0 && offset <= bytes.count && bytes[offset...].starts(with: text.utf8)
    }

    /// The TIFF structure inside EXIF data, which may or may not begin with a marker of its own.
    private func tiff(from start: Int, count: Int) -> Range<Int>? {
        let end = min(start + count, bytes.count)
        let begin = matches("Exif\0\0", at: start) ? start + 6 : start
        return begin < end ? begin..<end : nil
    }

    func exifInJPEG() -> Range<Int>? {
        var place = 2
        while let mark = number(at: place, count: 2) {
            switch mark {
            case 0xFFFF: place += 1  // filling
            case 0xFF01, 0xFFD0...0xFFD7: place += 2  // markers without content
            case 0xFFD8...0xFFDA: return nil  // the picture itself begins
            case 0xFF02...0xFFFE:
                guard let length = number(at: place + 2, count: 2), length >= 2 else { return nil }
                if mark == 0xFFE1, matches("Exif\0\0", at: place + 4) { return tiff(from: place + 4, count: length - 2) }
                place += 2 + length
            default: return nil
            }
        }
        return nil
    }

    func exifInPNG() -> Range<Int>? {
        var place = 8
        while let length = number(at: place, count: 4) {
            if matches("eXIf", at: place + 4) { return tiff(from: place + 8, count: length) }
            if matches("IEND", at: place + 4) { return nil }
            place += 12 + length
        }
        return nil
    }

    func exifInWebP() -> Range<Int>? {
        var place = 12
        while let length = number(at: place + 4, count: 4, littleEndian: true) {
            if matches("EXIF", at: place) { return tiff(from: place + 8, count: length) }
            place += 8 + length + (length & 1)
        }
        return nil
    }

    /// Tag 0x0112 of the first directory. Other directories are not followed, so they cannot form a loop.
    func orientation(inTIFF range: Range<Int>) -> Int? {
        let start = range.lowerBound
        let littleEndian = matches("II", at: start)
        guard littleEndian || matches("MM", at: start) else { return nil }
        func value(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset <= range.count - count else { return nil }
            return number(at: start + offset, count: count, littleEndian: littleEndian)
        }
        guard value(2, 2) == 42, let directory = value(4, 4), let entries = value(directory, 2) else { return nil }
        for index in 0..<entries {
            let entry = directory + 2 + index * 12
            guard let tag = value(entry, 2), let type = value(entry + 2, 2) else { return nil }
            guard tag == 0x0112 else { continue }
            switch type {
            case 3: return value(entry + 8, 2)  // a 16-bit number, as the standard has it
            case 4: return value(entry + 8, 4)
            case 1: return value(entry + 8, 1)
            default: return nil
            }
        }
        return nil
    }
}
