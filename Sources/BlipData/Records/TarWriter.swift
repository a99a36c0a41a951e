import Foundation

/// Writes a tar archive of files: the same members give the same bytes, whoever writes them and when (no times, no owners).
///
/// ustar, with a pax header before names of more than 255 bytes or outside of ASCII, and before members of 8 GB and more. The file appears
/// under its name with ``finish()``; without it nothing is left.
public struct TarWriter: ~Copyable {
    private let output: OutputFile
    /// Length of the archive so far, in bytes, without the end mark of 1024.
    public private(set) var byteCount = 0
    public private(set) var count = 0

    public init(_ url: URL) throws(RecordError) { output = try OutputFile(url) }

    /// Adds a file.
    ///
    /// - Parameter name: a path in the archive, relative, without `..`, empty parts or zeros.
    public mutating func append(_ name: String, _ bytes: [UInt8]) throws(RecordError) {
        try check(name)
        try write(TarBlocks.header(name: name, size: bytes.count))
        try write(bytes)
        try write([UInt8](repeating: 0, count: TarBlocks.padding(bytes.count)))
        count += 1
    }

    /// Writes the end mark and gives the file its name.
    public consuming func finish() throws(RecordError) {
        try output.append([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
        try output.publish()
    }

    private mutating func write(_ bytes: [UInt8]) throws(RecordError) {
        try output.append(bytes)
        byteCount += bytes.count
    }

    private func check(_ name: String) throws(RecordError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if name.utf8.contains(0) || parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            throw .tarMember(
                path: output.path, member: name, expected: "a relative path without empty parts, '.', '..' and zeros", found: "another")
        }
    }
}

/// The blocks before and after a member's content.
enum TarBlocks {
    private static let largestOctalSize = 0o77_777_777_777

    static func padding(_ size: Int) -> Int { (TarHeader.blockSize - size % TarHeader.blockSize) % TarHeader.blockSize }

    static func header(name: String, size: Int) -> [UInt8] {
        let bytes = Array(name.utf8)
        let isASCII = bytes.allSatisfy { $0 < 0x80 }
        let parts = isASCII ? split(bytes) : nil
        var pax: [UInt8] = []
        if parts == nil { pax += paxRecord("path", bytes) }
        if size > largestOctalSize { pax += paxRecord("size", Array(String(size).utf8)) }
        let short = parts ?? (prefix: [], name: Array("pax".utf8))
        let main = block(prefix: short.prefix, name: short.name, size: min(size, largestOctalSize), type: "0")
        guard !pax.isEmpty else { return main }
        let extended = block(prefix: [], name: Array("pax".utf8), size: pax.count, type: "x")
        return extended + pax + [UInt8](repeating: 0, count: padding(pax.count)) + main
    }

    /// A name as prefix (155 bytes) and rest (100 bytes), divided at a slash; nil if it does not fit.
    private static func split(_ name: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if name.count <= 100 { return ([], name) }
        let slashes = name.indices.filter { name[$0] == UInt8(ascii: "/") && $0 <= 155 && name.count - $0 - 1 <= 100 }
        return slashes.last.map { (Array(name[..<$0]), Array(name[($0 + 1)...])) }
    }

    /// `length key=value\n`, where the length counts its own digits.
    private static func paxRecord(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [0x0A]
        var length = rest.count
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    private static func block(prefix: [UInt8], name: [UInt8], size: Int, type: Unicode.Scalar) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) { block.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put(name, at: 0)
        put("0000644\0".utf8, at: 100)
        put("0000000\0".utf8, at: 108)
        put("0000000\0".utf8, at: 116)
        put("\(octal(size, 11))\0".utf8, at: 124)
        put("\(octal(0, 11))\0".utf8, at: 136)
        put("        ".utf8, at: 148)
        block[156] = UInt8(ascii: type)
        put("ustar\u{0}00".utf8, at: 257)
        put(prefix, at: 345)
        put("\(octal(block.reduce(0) { $0 + Int($1) }, 6))\0 ".utf8, at: 148)
        return block
    }

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
