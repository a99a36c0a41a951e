import Foundation

/// The members of a tar archive in their order, in constant memory (ustar, pax, GNU names and sizes).
///
/// ```swift
/// var reader = try TarReader(url)
/// while let member = try reader.next() where member.kind == .file { let bytes = try reader.bytes(member) }
/// ```
/// The archive ends at a block of zeros, or where the file ends between two members, as for Python's `tarfile`.
public struct TarReader: Sendable {
    /// Longest name or other extension that is read.
    private static let extensionLimit = 1 << 20

    private let file: DataFile
    private var offset = 0
    private var global = PaxRecords()

    public init(_ url: URL) throws(RecordError) { file = try DataFile(url) }

    public var path: String { file.path }

    /// Size of the archive in bytes, and how many of them were gone through.
    public var progress: (done: Int, of: Int) { (min(offset, file.count), file.count) }

    /// The next member of any kind; nil after the last.
    ///
    /// - Throws: ``RecordError/tar(path:offset:expected:found:)`` for a damaged or shortened archive, and for sparse files.
    public mutating func next() throws(RecordError) -> TarMember? {
        var pax = global
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var hasExtension = false
        while true {
            let start = offset
            guard let header = try header() else {
                if hasExtension { throw fault(start, "a member after its extended header", "the end of the archive") }
                return nil
            }
            switch header.type {
            case UInt8(ascii: "x"): try merge(try extensionBytes(header, start), into: &pax, start)
            case UInt8(ascii: "g"):
                try merge(try extensionBytes(header, start), into: &global, start)
                pax = global
                continue
            case UInt8(ascii: "L"): longName = TarHeader.text(try extensionBytes(header, start)[...])
            case UInt8(ascii: "K"): longLink = TarHeader.text(try extensionBytes(header, start)[...])
            default: return try member(header, start, name: longName, link: longLink, pax)
            }
            hasExtension = true
        }
    }

    /// The content of a member.
    public func bytes(_ member: TarMember) throws(RecordError) -> [UInt8] { try bytes(in: member.range) }

    /// A part of the archive, such as a part of a large member's range.
    ///
    /// - Precondition: the range is not negative.
    public func bytes(in range: Range<Int>) throws(RecordError) -> [UInt8] {
        guard range.upperBound <= file.count else { throw fault(range.lowerBound, "\(range.count) bytes", "the end of the file") }
        return try file.bytes(range)
    }

    /// The block at `offset`; nil at the archive's end.
    private mutating func header() throws(RecordError) -> TarHeader? {
        guard offset < file.count else {
            if offset == 0 { throw fault(0, "a tar archive", "an empty file") }
            if offset > file.count { throw fault(file.count, "zeros up to a multiple of 512 bytes", "the end of the file") }
            return nil
        }
        guard file.count - offset >= TarHeader.blockSize else {
            throw fault(offset, "a header of 512 bytes", "only \(file.count - offset) more bytes")
        }
        let block = try file.bytes(offset..<offset + TarHeader.blockSize)
        if block.allSatisfy({ $0 == 0 }) {
            guard offset > 0 || file.count % TarHeader.blockSize == 0 else { throw fault(0, "a tar archive", "zeros") }
            return nil
        }
        do throws(TarHeader.Fault) {
            let header = try TarHeader(block)
            offset += TarHeader.blockSize
            return header
        } catch {
            throw fault(offset, error.expected, error.found)
        }
    }

    private mutating func member(
        _ header: TarHeader, _ start: Int, name longName: [UInt8]?, link longLink: [UInt8]?, _ pax: PaxRecords
    ) throws(RecordError) -> TarMember {
        let isSparse = header.type == UInt8(ascii: "S") || pax["GNU.sparse.major"] != nil || pax["GNU.sparse.size"] != nil
        if isSparse { throw fault(start, "a plain file", "a sparse file; pack it without holes") }
        let name = pax["path"] ?? longName ?? header.name
        let link = String(decoding: pax["linkpath"] ?? longLink ?? header.linkName, as: UTF8.self)
        var size = header.size
        if let text = pax["size"] {
            guard let number = Int(String(decoding: text, as: UTF8.self)), number >= 0 else {
                throw fault(start, "a size in digits", String(decoding: text.prefix(40), as: UTF8.self))
            }
            size = number
        }
        let kind: TarMember.Kind
        switch header.type {
        // Before ustar, a folder was a file whose name ends with a slash.
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): kind = header.type == 0 && name.last == UInt8(ascii: "/") ? .folder : .file
        case UInt8(ascii: "5"): kind = .folder
        case UInt8(ascii: "1"), UInt8(ascii: "2"): kind = .link(to: link)
        default: kind = .other(header.type)
        }
        var hasContent = kind == .file
        if case .other(let type) = kind { hasContent = !(UInt8(ascii: "3")...UInt8(ascii: "6")).contains(type) }
        if !hasContent { size = 0 }
        let content = try skip(size, start)
        return TarMember(name: String(decoding: name, as: UTF8.self), kind: kind, offset: content.lowerBound, size: size)
    }

    private mutating func extensionBytes(_ header: TarHeader, _ start: Int) throws(RecordError) -> [UInt8] {
        guard header.size <= Self.extensionLimit else {
            throw fault(start, "an extended header of at most \(Self.extensionLimit) bytes", "\(header.size)")
        }
        return try file.bytes(try skip(header.size, start))
    }

    private func merge(_ bytes: [UInt8], into records: inout PaxRecords, _ start: Int) throws(RecordError) {
        do throws(TarHeader.Fault) {
            try records.merge(bytes)
        } catch {
            throw fault(start, error.expected, error.found)
        }
    }

    /// Steps over content, which fills whole blocks; its range.
    private mutating func skip(_ size: Int, _ start: Int) throws(RecordError) -> Range<Int> {
        guard size <= file.count - offset else {
            throw fault(start, "a member of \(size) bytes", "only \(file.count - offset) more bytes")
        }
        let range = offset..<offset + size
        offset += (size + TarHeader.blockSize - 1) / TarHeader.blockSize * TarHeader.blockSize
        return range
    }

    private func fault(_ offset: Int, _ expected: String, _ found: String) -> RecordError {
        .tar(path: file.path, offset: offset, expected: expected, found: found)
    }
}
