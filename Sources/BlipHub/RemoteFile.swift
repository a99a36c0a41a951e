import BlipJSON
import Foundation

/// One file of a repository, as the hub lists it.
struct RemoteFile: Sendable, Equatable {
    /// Relative, with `/`; checked to stay inside its folder.
    let path: String
    /// Bytes; nil when the hub did not say.
    var size: Int?
    /// The name of its blob in the cache; nil until a hub that lists no hashes was asked for this file.
    var blobName: String?
    /// Nil when the hub published none.
    var digest: Digest?
}

/// The files of one commit.
struct RepositoryListing: Sendable, Equatable {
    let commit: String
    let files: [RemoteFile]

    /// Reads what `GET /api/models/NAME/revision/REVISION?blobs=true` answers.
    ///
    /// - Throws: ``HubError/badAnswer(url:reason:)`` and ``HubError/unsafeFileName(found:reason:)``: one name that tries to leave the
    ///   folder condemns the whole repository.
    init(_ bytes: [UInt8], url: String) throws {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw HubError.badAnswer(url: url, reason: error.description)
        }
        guard let commit = json["sha"]?.string, ModelName.isCommit(commit) else {
            throw HubError.badAnswer(url: url, reason: "\"sha\" is not a commit")
        }
        guard let siblings = json["siblings"]?.array else { throw HubError.badAnswer(url: url, reason: "\"siblings\" is not a list") }
        self.commit = commit
        files = try siblings.map { try Self.file($0, url: url) }
    }

    private static func file(_ json: JSONValue, url: String) throws -> RemoteFile {
        guard let path = json["rfilename"]?.string else { throw HubError.badAnswer(url: url, reason: "a file has no \"rfilename\"") }
        try check(path)
        var file = RemoteFile(path: path)
        let large = json["lfs"]
        if let size = large?["size"] ?? json["size"] {
            guard let size = size.integer, size >= 0 else { throw HubError.badAnswer(url: url, reason: "the size of \(path) is no number") }
            file.size = size
        }
        if let hash = large?["sha256"] ?? large?["oid"] {
            guard let hash = hash.string, Checksum.isHexadecimal(hash, count: 64) else {
                throw HubError.badAnswer(url: url, reason: "the SHA-256 of \(path) is not 64 hexadecimal digits")
            }
            file.blobName = hash
            file.digest = .sha256(hash)
        } else if let hash = json["blobId"], large == nil {
            guard let hash = hash.string, Checksum.isHexadecimal(hash, count: 40) else {
                throw HubError.badAnswer(url: url, reason: "the blob of \(path) is not 40 hexadecimal digits")
            }
            file.blobName = hash
            file.digest = file.size.map { .gitBlob(hash, size: $0) }
        }
        return file
    }

    /// A name is refused when, written into a folder, it could name anything outside, on any system.
    static func check(_ path: String) throws {
        func refuse(_ reason: String) -> HubError { .unsafeFileName(found: path, reason: reason) }
        if path.isEmpty || path.utf8.count > 1024 { throw refuse("it is empty or longer than 1024 bytes") }
        if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw refuse("it contains a control character") }
        if path.utf8.contains(UInt8(ascii: "\\")) { throw refuse("it contains a backslash") }
        if path.utf8.first == UInt8(ascii: "/") { throw refuse("it is an absolute path") }
        for part in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty || part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) {
                throw refuse("one of its folders is \"..\", \".\" or empty")
            }
            if part.count > 255 { throw refuse("a part of it is longer than 255 bytes") }
        }
    }
}
