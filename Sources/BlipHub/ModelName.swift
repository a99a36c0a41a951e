import Foundation

/// A repository's name on the hub, and the revision if one is asked for: `Salesforce/instructblip-flan-t5-xl@main`.
public struct ModelName: Sendable, Hashable, CustomStringConvertible {
    /// `ORG/NAME`, or `NAME` alone. Letters, digits, `-`, `_` and `.` only, so it is safe in paths and addresses.
    public let repository: String
    /// A branch, a tag or a commit; nil stands for `main`.
    public let revision: String?

    public static let defaultRevision = "main"

    /// - Throws: ``HubError/badName(found:reason:)`` or ``HubError/badRevision(found:reason:)``. The rules are those of `huggingface_hub`.
    public init(_ text: String) throws {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        try self.init(repository: String(parts[0]), revision: parts.count > 1 ? String(parts[1]) : nil)
    }

    public init(repository: String, revision: String? = nil) throws {
        if let reason = Self.fault(inRepository: repository) { throw HubError.badName(found: repository, reason: reason) }
        if let revision, let reason = Self.fault(inRevision: revision) { throw HubError.badRevision(found: revision, reason: reason) }
        self.repository = repository
        self.revision = revision
    }

    public var description: String { repository + (revision.map { "@" + $0 } ?? "") }

    /// The folder in the cache: `models--ORG--NAME`.
    var folderName: String { "models--" + repository.replacing("/", with: "--") }

    /// The name that a folder of the cache stands for; nil for other folders.
    init?(folderName: String) {
        guard folderName.hasPrefix("models--") else { return nil }
        let repository = folderName.dropFirst("models--".count).replacing("--", with: "/")
        guard Self.fault(inRepository: String(repository)) == nil else { return nil }
        self.repository = String(repository)
        revision = nil
    }

    private static func fault(inRepository name: String) -> String? {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if name.isEmpty { return "it is empty" }
        if parts.count > 2 { return "it has more than one \"/\"" }
        if name.utf8.count > 96 { return "it is longer than 96 characters" }
        if name.contains("--") || name.contains("..") { return "it contains \"--\" or \"..\"" }
        if name.hasSuffix(".git") { return "it ends with \".git\"" }
        for part in parts {
            guard let first = part.first, let last = part.last else { return "the part before or behind \"/\" is empty" }
            guard part.allSatisfy(isNameByte) else { return "only letters, digits, \"-\", \"_\" and \".\" are allowed" }
            let edges: [UInt8] = [UInt8(ascii: "-"), UInt8(ascii: ".")]
            if edges.contains(first) || edges.contains(last) { return "a part begins or ends with \"-\" or \".\"" }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// Git's own rules for names of references, which also keep the name inside the folder `refs`.
    private static func fault(inRevision revision: String) -> String? {
        if revision.isEmpty { return "it is empty" }
        if revision.utf8.count > 255 { return "it is longer than 255 bytes" }
        if revision.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "\\~^:?*[".utf8.contains($0) }) {
            return "it contains white space, a control character or one of \\ ~ ^ : ? * ["
        }
        if revision.contains("..") || revision.contains("@{") { return "it contains \"..\" or \"@{\"" }
        for part in revision.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { return "a part of it between \"/\" is empty" }
            if part.first == UInt8(ascii: ".") || part.first == UInt8(ascii: "-") { return "a part of it begins with \".\" or \"-\"" }
            if part.last == UInt8(ascii: ".") || String(part)?.hasSuffix(".lock") == true {
                return "a part of it ends with \".\" or \".lock\""
            }
        }
        return nil
    }

    /// Whether a text is a full commit: 40 lower-case hexadecimal digits.
    static func isCommit(_ text: String) -> Bool { Checksum.isHexadecimal(text, count: 40) }
}
