/// The structure of an animated PNG, and each of its frames as a PNG of its own.
struct APNGFile {
    struct Frame {
        let left: Int
        let top: Int
        let width: Int
        let height: Int
        let disposal: Disposal
        /// Whether the frame is laid over what is there instead of replacing it.
        let isOver: Bool
        /// Where its compressed data lies.
        fileprivate(set) var data: [Range<Int>] = []
    }

    enum Disposal: UInt8 { case keep, background, previous }

    let width: Int
    let height: Int
    private(set) var frames: [Frame] = []
    /// Why the list of frames ends before the file says so.
    private(set) var damage: String?
    private let bytes: [UInt8]
    private let header: Range<Int>
    /// Chunks that every frame needs: palette and transparency.
    private var shared: [(kind: String, content: Range<Int>)] = []

    /// Nil for a PNG that is not animated. A default picture that is no frame is left out.
    ///
    /// - Throws: ``ImageError/tooManyFrames(source:limit:)`` with one frame more than `maximumFrames`.
    init?(_ bytes: [UInt8], source: String, maximumFrames: Int) throws(ImageError) {
        var chunks = PNGChunks(bytes: bytes)
        guard let first = chunks.next(), first.kind == "IHDR", first.content.count == 13 else { return nil }
        self.bytes = bytes
        header = first.content
        (width, height) = (bytes.number(header.lowerBound), bytes.number(header.lowerBound + 4))
        var isAnimated = false
        var hasPicture = false
        while let chunk = chunks.next() {
            switch chunk.kind {
            case "acTL":
                // Behind the picture it means nothing.
                if !hasPicture { isAnimated = true }
            case "PLTE", "tRNS":
                // Copied into every frame: more than one of each, or one larger than 256 colours, is not for decoding.
                let isKnown = shared.contains { $0.kind == chunk.kind }
                if !isKnown, chunk.content.count <= 768 { shared.append(chunk) }
            case "fcTL":
                guard isAnimated else { return nil }
                guard frames.count < maximumFrames else { throw .tooManyFrames(source: source, limit: maximumFrames) }
                guard let frame = Self.frame(bytes, chunk.content) else {
                    damage = "frame \(frames.count + 1) is described wrongly"
                    return
                }
                frames.append(frame)
            case "IDAT":
                hasPicture = true
                guard isAnimated else { return nil }
                if !frames.isEmpty { frames[frames.count - 1].data.append(chunk.content) }
            case "fdAT" where chunk.content.count >= 4:
                if !frames.isEmpty { frames[frames.count - 1].data.append(chunk.content.dropFirst(4)) }
            case "IEND":
                guard isAnimated else { return nil }
                return
            default: continue
            }
        }
        guard isAnimated else { return nil }
        damage = "its chunks end too early, or one is damaged"
    }

    private static func frame(_ bytes: [UInt8], _ content: Range<Int>) -> Frame? {
        guard content.count == 26, let disposal = Disposal(rawValue: bytes[content.lowerBound + 24]), bytes[content.lowerBound + 25] <= 1
        else { return nil }
        func number(_ offset: Int) -> Int { bytes.number(content.lowerBound + offset) }
        return Frame(
            left: number(12), top: number(16), width: number(4), height: number(8), disposal: disposal,
            isOver: bytes[content.lowerBound + 25] == 1)
    }

    /// A frame's data behind a header of the frame's size.
    func png(_ frame: Frame) -> [UInt8] {
        var png = PNGChunks.signature
        let rest = bytes[header].dropFirst(8)
        PNGChunks.append("IHDR", Self.big(frame.width) + Self.big(frame.height) + rest, to: &png)
        for chunk in shared { PNGChunks.append(chunk.kind, bytes[chunk.content], to: &png) }
        for data in frame.data { PNGChunks.append("IDAT", bytes[data], to: &png) }
        PNGChunks.append("IEND", [], to: &png)
        return png
    }

    /// What a place without anything is: transparent where pixels have alpha, else the value 0, as Pillow clears it.
    var empty: [UInt8] {
        let colourType = bytes[header.lowerBound + 9]
        let content = Dictionary(shared.map { ($0.kind, $0.content) }, uniquingKeysWith: { first, _ in first })
        switch colourType {
        case 4, 6: return [0, 0, 0, 0]
        case 3:
            guard let palette = content["PLTE"], palette.count >= 3 else { return [0, 0, 0, 255] }
            let alpha = content["tRNS"].flatMap { $0.isEmpty ? nil : bytes[$0.lowerBound] } ?? 255
            return Array(bytes[palette].prefix(3)) + [alpha]
        default:
            var isKey = false
            if let key = content["tRNS"] { isKey = bytes[key].allSatisfy { $0 == 0 } }
            return [0, 0, 0, isKey ? 0 : 255]
        }
    }

    fileprivate static func big(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
}

extension [UInt8] {
    /// Four bytes, the highest first.
    fileprivate func number(_ place: Int) -> Int { self[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
}

/// The chunks of a PNG file, up to its end or the first one that is damaged.
private struct PNGChunks {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    let bytes: [UInt8]
    private var place = 8

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> (kind: String, content: Range<Int>)? {
        guard bytes.count - place >= 12 else { return nil }
        let length = bytes.number(place)
        guard length <= bytes.count - place - 12 else { return nil }
        let content = place + 8..<place + 8 + length
        guard Self.checksum(bytes[place + 4..<content.upperBound]) == UInt32(bytes.number(content.upperBound)) else { return nil }
        let kind = String(decoding: bytes[place + 4..<place + 8], as: UTF8.self)
        place = content.upperBound + 4
        return (kind, content)
    }

    static func append(_ kind: String, _ content: some Collection<UInt8>, to png: inout [UInt8]) {
        png += APNGFile.big(content.count)
        let start = png.count
        png += Array(kind.utf8)
        png += content
        png += APNGFile.big(Int(checksum(png[start...])))
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let table = table
        return ~bytes.withUnsafeBufferPointer { bytes in
            var sum: UInt32 = 0xFFFF_FFFF
            for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
            return sum
        }
    }
}
