import BlipImages

/// Writes pictures as PNG files without compressing them.
///
/// Pictures of scenes are made to be read again at once, where compressing takes longer than drawing. And the same picture is the same file on every
/// machine, whichever compression library it has. Source: RFC 2083 (PNG), RFC 1950 and 1951 (stored blocks).
enum PlainPNG {
    static func bytes(_ image: RGBImage) -> [UInt8] {
        let row = image.width * 3
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file.reserveCapacity(image.height * (row + 1) + image.height * (row + 1) / 65_000 * 5 + 128)
        // 8 bits for each of red, green and blue; no filters but "none", no interlacing.
        chunk("IHDR", number(UInt32(image.width)) + number(UInt32(image.height)) + [8, 2, 0, 0, 0], to: &file)
        var lines: [UInt8] = []
        lines.reserveCapacity(image.height * (row + 1))
        for y in 0..<image.height {
            lines.append(0)
            lines += image.pixels[y * row..<(y + 1) * row]
        }
        chunk("IDAT", stored(lines), to: &file)
        chunk("IEND", [], to: &file)
        return file
    }

    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(bytes.count + bytes.count / 65_535 * 5 + 16)
        var start = 0
        repeat {
            let end = min(bytes.count, start + 65_535)
            let count = UInt16(end - start)
            stream.append(end == bytes.count ? 1 : 0)
            stream += [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
            stream += [UInt8(truncatingIfNeeded: ~count), UInt8(truncatingIfNeeded: ~count >> 8)]
            stream += bytes[start..<end]
            start = end
        } while start < bytes.count
        return stream + number(adler(bytes))
    }

    private static func chunk(_ name: StaticString, _ content: [UInt8], to file: inout [UInt8]) {
        file += number(UInt32(truncatingIfNeeded: content.count))
        let start = file.count
        file += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        file += content
        file += number(checksum(file[start...]))
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }

    private static func adler(_ bytes: [UInt8]) -> UInt32 {
        var (one, other): (UInt32, UInt32) = (1, 0)
        bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                // So many sums fit into 32 bits.
                let end = min(bytes.count, start + 5_552)
                for place in start..<end {
                    one &+= UInt32(bytes[place])
                    other &+= one
                }
                (one, other) = (one % 65_521, other % 65_521)
                start = end
            }
        }
        return other << 16 | one
    }

    /// CRC-32, four bytes at a time: a table for each says what it comes to when the others have followed it.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBufferPointer { bytes in
                var value = UInt32.max
                var place = 0
                while place + 4 <= bytes.count {
                    value ^= UInt32(bytes[place])
                    value ^= UInt32(bytes[place + 1]) << 8
                    value ^= UInt32(bytes[place + 2]) << 16
                    value ^= UInt32(bytes[place + 3]) << 24
                    let low = tables[768 + Int(value & 0xFF)] ^ tables[512 + Int(value >> 8 & 0xFF)]
                    let high = tables[256 + Int(value >> 16 & 0xFF)] ^ tables[Int(value >> 24)]
                    value = low ^ high
                    place += 4
                }
                for byte in bytes[place...] { value = tables[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
                return ~value
            }
        }
    }

    private static let tables: [UInt32] = {
        var tables = (0..<256).map { (place: UInt32) -> UInt32 in
            var value = place
            for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            return value
        }
        for place in 256..<1024 { tables.append(tables[Int(tables[place - 256] & 0xFF)] ^ (tables[place - 256] >> 8)) }
        return tables
    }()
}

extension SceneRenderer {
    /// The scene as a PNG file. The same scene and side give the same file on every machine.
    public func png(_ scene: Scene) -> [UInt8] { PlainPNG.bytes(self(scene)) }
}
