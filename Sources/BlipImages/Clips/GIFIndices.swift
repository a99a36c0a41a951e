/// Decompresses the indices of one GIF frame: LZW with codes of up to 12 bits, in blocks of up to 255 bytes.
struct GIFIndices {
    enum End: Equatable { case complete, cutShort, broken(String) }

    /// Row by row from the top, whatever order the file has them in. What is missing is `filler`.
    private(set) var values: [UInt8]
    private(set) var end = End.complete

    /// The work is bounded by the frame's area and the bytes that are there, whatever the codes say.
    init(_ bytes: [UInt8], _ frame: GIFFile.Frame, filler: UInt8) {
        values = [UInt8](repeating: filler, count: frame.width * frame.height)
        guard (1...8).contains(frame.minimumCodeSize) else {
            end = .broken("its codes begin with \(frame.minimumCodeSize) bits")
            return
        }
        let rows = Self.rows(frame)
        end = values.withUnsafeMutableBufferPointer { values in
            bytes.withUnsafeBufferPointer { Self.decode($0, frame, rows, into: values) }
        }
    }

    /// The order in which rows are stored.
    private static func rows(_ frame: GIFFile.Frame) -> [Int] {
        guard frame.isInterlaced else { return Array(0..<frame.height) }
        return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { first, step in Array(stride(from: first, to: frame.height, by: step)) }
    }

    private static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, _ frame: GIFFile.Frame, _ rows: [Int], into values: UnsafeMutableBufferPointer<UInt8>
    ) -> End {
        let clear = 1 << frame.minimumCodeSize
        // Of every code: the code it prolongs, and its last value.
        var prefixes = [UInt16](repeating: 0, count: 4096)
        var suffixes = [UInt8](repeating: 0, count: 4096)
        for value in 0..<clear { suffixes[value] = UInt8(value) }
        var stack = [UInt8](repeating: 0, count: 4097)
        var (next, width) = (clear + 2, frame.minimumCodeSize + 1)
        var previous = -1
        var first: UInt8 = 0
        var (bits, bitCount) = (0, 0)
        var (place, blockEnd) = (frame.data, frame.data)
        var (row, column) = (0, 0)

        while row < rows.count {
            while bitCount < width {
                if place == blockEnd {
                    guard place < bytes.count, bytes[place] > 0 else { return .cutShort }
                    blockEnd = min(place + 1 + Int(bytes[place]), bytes.count)
                    place += 1
                    guard place < blockEnd else { return .cutShort }
                }
                bits |= Int(bytes[place]) << bitCount
                bitCount += 8
                place += 1
            }
            let code = bits & ((1 << width) - 1)
            bits >>= width
            bitCount -= width

            if code == clear {
                (next, width, previous) = (clear + 2, frame.minimumCodeSize + 1, -1)
                continue
            }
            // The file says that nothing more comes: Pillow leaves the rest as it is.
            if code == clear + 1 { return .complete }
            guard code < next, previous >= 0 || code < clear else {
                // A code may be used one step before it is complete; no other may.
                guard code == next, next < 4096, previous >= 0 else { return .broken("a code of its data means nothing") }
                let depth = expand(previous, clear, prefixes, suffixes, &stack, from: 1)
                stack[0] = stack[depth - 1]
                first = stack[0]
                prefixes[next] = UInt16(previous)
                suffixes[next] = first
                next += 1
                if next == 1 << width, width < 12 { width += 1 }
                previous = code
                write(stack, depth, frame.width, rows, &row, &column, values)
                continue
            }
            let depth = expand(code, clear, prefixes, suffixes, &stack, from: 0)
            first = stack[depth - 1]
            if previous >= 0, next < 4096 {
                prefixes[next] = UInt16(previous)
                suffixes[next] = first
                next += 1
                if next == 1 << width, width < 12 { width += 1 }
            }
            previous = code
            write(stack, depth, frame.width, rows, &row, &column, values)
        }
        return .complete
    }

    /// Puts the values of a code onto the stack, the last one first; gives the stack's height. Every prefix is smaller than its code, so
    /// the walk ends.
    private static func expand(
        _ code: Int, _ clear: Int, _ prefixes: [UInt16], _ suffixes: [UInt8], _ stack: inout [UInt8], from start: Int
    ) -> Int {
        var (code, depth) = (code, start)
        while code >= clear {
            stack[depth] = suffixes[code]
            depth += 1
            code = Int(prefixes[code])
        }
        stack[depth] = suffixes[code]
        return depth + 1
    }

    /// Writes the stack from its top, as far as there is room.
    private static func write(
        _ stack: [UInt8], _ depth: Int, _ width: Int, _ rows: [Int], _ row: inout Int, _ column: inout Int,
        _ values: UnsafeMutableBufferPointer<UInt8>
    ) {
        var depth = depth
        while depth > 0, row < rows.count {
            depth -= 1
            values[rows[row] * width + column] = stack[depth]
            column += 1
            if column == width { (row, column) = (row + 1, 0) }
        }
    }
}
