import Foundation

/// Writes a tar archive of files: the same members give the same bytes, whoever writes them and when (no times, no owners).
///
/// Byte for byte what Python's `tarfile` writes by default for such members: ustar, with a pax header before names of more than 100 bytes or
/// outside of ASCII and before members of 8 GB and more. The file appears under its name with ``finish()``; without it nothing is left.
///
/// ```swift
/// var writer = try TarWriter(url)
/// try writer.append("000001.jpg", picture)
/// try writer.finish()
/// ```
public struct TarWriter: ~Copyable {
    private let output: OutputFile
    /// Length of the archive so far, in bytes, without the zeros at its end.
    public private(set) var byteCount = 0
    /// How many files it has.
    public private(set) var count = 0

    public init(_ url: URL) throws(RecordError) { output = try OutputFile(url) }

    /// Adds a file.
    ///
    /// - Parameter name: a path in the archive: relative, without `.`, `..`, empty parts and zeros.
    public mutating func append(_ name: String, _ bytes: [UInt8]) throws(RecordError) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) })
        else {
            throw .tarMember(
                path: output.path, member: name, expected: "a relative path without '.', '..' and empty parts", found: "another name")
        }
        for part in [TarBlocks.headers(name: name, size: bytes.count), bytes, TarBlocks.padding(after: bytes.count)] {
            try output.append(part)
            byteCount += part.count
        }
        count += 1
    }

    /// Writes the zeros at the end and gives the file its name, in place of an older file.
    public consuming func finish() throws(RecordError) { try sealed().publish() }

    /// Writes the zeros at the end. The file gets its name when it is published.
    consuming func sealed() throws(RecordError) -> OutputFile {
        let end = byteCount + 2 * TarHeader.blockSize
        // tar programs read and write twenty blocks at once.
        let record = 20 * TarHeader.blockSize
        try output.append([UInt8](repeating: 0, count: (end + record - 1) / record * record - byteCount))
        try output.seal()
        return output
    }
}

/// The blocks around a member's content.
enum TarBlocks {
    private static let longestName = 100
    private static let largestSize = 0o77_777_777_777

    static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (TarHeader.blockSize - size % TarHeader.blockSize) % TarHeader.blockSize)
    }

    static func headers(name: String, size: Int) -> [UInt8] {
        var pax: [UInt8] = []
        let isPlain = name.utf8.count <= longestName && name.utf8.allSatisfy { $0 < 0x80 }
        if !isPlain { pax += paxRecord("path", Array(name.utf8)) }
        if size > largestSize { pax += paxRecord("size", Array(String(size).utf8)) }
        // What a program without pax sees.
        let plainName = name.unicodeScalars.map { $0.isASCII ? UInt8(ascii: $0) : UInt8(ascii: "?") }.prefix(longestName)
        let header = block(name: Array(plainName), mode: 0o644, size: size > largestSize ? 0 : size, type: "0")
        guard !pax.isEmpty else { return header }
        return block(name: Array("././@PaxHeader".utf8), mode: 0, size: pax.count, type: "x") + pax + padding(after: pax.count) + header
    }

    /// `length key=value\n`, where the length counts its own digits.
    private static func paxRecord(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [0x0A]
        var length = rest.count
        while rest.count + String(length).utf8.count != length { length = rest.count + String(length).utf8.count }
        return Array(String(length).utf8) + rest
    }

    private static func block(name: [UInt8], mode: Int, size: Int, type: Unicode.Scalar) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ text: String, at offset: Int) { block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8) }
        block.replaceSubrange(0..<name.count, with: name)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        block[156] = UInt8(ascii: type)
        put("ustar\u{0}00", at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
        return block
    }

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
