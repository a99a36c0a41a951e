import BlipJSON
import Foundation

/// The cache folder that Python's `huggingface_hub` keeps, in the same layout, so that each finds what the other fetched:
/// `models--ORG--NAME/{blobs/HASH, snapshots/COMMIT/FILE -> ../../blobs/HASH, refs/BRANCH}`.
public struct HubCache: Sendable, Equatable {
    public let folder: URL

    public init(folder: URL) { self.folder = folder }

    func repository(_ name: ModelName) -> CachedRepository {
        CachedRepository(name: name, folder: folder.appendingPathComponent(name.folderName, isDirectory: true))
    }

    /// The folder of a model's files, ready to be opened.
    ///
    /// Without a revision, `main` is meant. A commit may be shortened, to 7 digits at least, if it stays unique.
    ///
    /// - Throws: ``HubError/notPulled(name:)``, ``HubError/revisionNotPulled(name:pulled:)`` or ``HubError/incompleteModel(name:folder:)``.
    public func snapshot(of name: ModelName) throws -> URL {
        let repository = repository(name)
        let commits = try repository.commits()
        if commits.isEmpty { throw HubError.notPulled(name: name.description) }
        guard let commit = try repository.commit(of: name.revision ?? ModelName.defaultRevision), commits.contains(commit) else {
            let references = try repository.references().filter { commits.contains($0.commit) }.map(\.name).sorted()
            throw HubError.revisionNotPulled(name: name.description, pulled: references.isEmpty ? commits : references)
        }
        let snapshot = repository.snapshot(commit)
        guard Self.isComplete(snapshot) else { throw HubError.incompleteModel(name: name.description, folder: snapshot.path) }
        return snapshot
    }

    /// Whether a folder holds a config and all the weights it announces. Python's tools often fetch the small files alone.
    static func isComplete(_ folder: URL) -> Bool {
        let exists = { (name: String) in FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) }
        guard exists("config.json") else { return false }
        for (stem, suffix) in [("model", ".safetensors"), ("pytorch_model", ".bin")] {
            if exists(stem + suffix) { return true }
            let index = folder.appendingPathComponent(stem + suffix + ".index.json")
            if FileManager.default.fileExists(atPath: index.path) {
                return shards(index).map { !$0.isEmpty && $0.allSatisfy(exists) } ?? false
            }
        }
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (names ?? []).contains { ($0.hasSuffix(".safetensors") || $0.hasSuffix(".pth")) && exists($0) }
    }

    /// Nil when the index cannot be read.
    private static func shards(_ index: URL) -> Set<String>? {
        guard let bytes = try? Data(contentsOf: index), let map = (try? JSONValue(parsing: Array(bytes)))?["weight_map"]?.object else {
            return nil
        }
        return Set(map.members.compactMap(\.value.string))
    }
}

/// One `models--ORG--NAME` folder.
struct CachedRepository: Sendable {
    let name: ModelName
    let folder: URL

    var blobs: URL { folder.appendingPathComponent("blobs", isDirectory: true) }
    var snapshots: URL { folder.appendingPathComponent("snapshots", isDirectory: true) }
    var refs: URL { folder.appendingPathComponent("refs", isDirectory: true) }
    /// Beside the repositories, where Python's locks are too.
    var locks: URL {
        folder.deletingLastPathComponent().appendingPathComponent(".locks", isDirectory: true)
            .appendingPathComponent(name.folderName, isDirectory: true)
    }

    func snapshot(_ commit: String) -> URL { snapshots.appendingPathComponent(commit, isDirectory: true) }

    /// Commits with a snapshot folder, complete or not.
    func commits() throws -> [String] { try Self.names(in: snapshots).filter(ModelName.isCommit).sorted() }

    /// Branches and tags, and the commits they stood for when they were pulled.
    func references() throws -> [(name: String, commit: String)] {
        try Self.files(below: refs).compactMap { path in
            guard let commit = try reference(path) else { return nil }
            return (path, commit)
        }
    }

    /// What a branch, a tag, a commit or its beginning stands for here; nil for none of them.
    func commit(of revision: String) throws -> String? {
        if ModelName.isCommit(revision) { return revision }
        if let commit = try reference(revision) { return commit }
        guard (7..<40).contains(revision.utf8.count), Checksum.isHexadecimal(revision, count: revision.utf8.count) else { return nil }
        let matches = try commits().filter { $0.hasPrefix(revision) }
        return matches.count == 1 ? matches[0] : nil
    }

    private func reference(_ name: String) throws -> String? {
        let file = refs.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
        do {
            let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            return ModelName.isCommit(text) ? text : nil
        } catch {
            throw HubError.system(path: file.path, reason: error.localizedDescription)
        }
    }

    /// Notes that a branch or tag stands for a commit. Readers see the old or the new one, never half of it.
    func setReference(_ revision: String, to commit: String) throws {
        guard revision != commit, try reference(revision) != commit else { return }
        let file = refs.appendingPathComponent(revision)
        try Self.makeFolder(file.deletingLastPathComponent())
        do {
            try Data(commit.utf8).write(to: file, options: .atomic)
        } catch {
            throw HubError.system(path: file.path, reason: error.localizedDescription)
        }
    }

    /// The file of a snapshot, if it is there in full.
    func hasFile(_ path: String, commit: String, size: Int?) -> Bool {
        guard let found = Self.size(snapshot(commit).appendingPathComponent(path)) else { return false }
        return size.map { $0 == found } ?? true
    }

    /// Puts a blob into a snapshot: a relative link, so that the cache can be moved.
    func link(_ path: String, commit: String, blob: String) throws {
        let snapshot = snapshot(commit)
        let file = snapshot.appendingPathComponent(path)
        var parent = snapshot
        try Self.makeFolder(parent)
        for part in path.split(separator: "/").dropLast() {
            parent.appendPathComponent(String(part), isDirectory: true)
            // A link in the place of a folder would lead what is written below it elsewhere.
            if Self.isLink(parent) { throw HubError.system(path: parent.path, reason: "it is a symbolic link where a folder should be") }
            try Self.makeFolder(parent)
        }
        let target = String(repeating: "../", count: path.split(separator: "/").count + 1) + "blobs/" + blob
        // Made beside and renamed, so that a reader finds the old or the new one.
        let temporary = parent.path + "/." + UUID().uuidString + ".link"
        guard symlink(target, temporary) == 0 else { throw HubError.system(temporary, code: errno) }
        guard rename(temporary, file.path) == 0 else {
            let code = errno
            unlink(temporary)
            throw HubError.system(file.path, code: code)
        }
    }

    // MARK: Looking at files

    /// Bytes of a regular file, links followed; nil when there is none.
    static func size(_ file: URL) -> Int? {
        var information = stat()
        guard stat(file.path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(information.st_size)
    }

    static func isLink(_ file: URL) -> Bool {
        var information = stat()
        return lstat(file.path, &information) == 0 && information.st_mode & S_IFMT == S_IFLNK
    }

    static func makeFolder(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw HubError.system(path: folder.path, reason: "the folder cannot be made (\(error.localizedDescription))")
        }
    }

    /// Empty for a folder that is not there.
    static func names(in folder: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw HubError.system(path: folder.path, reason: error.localizedDescription)
        }
    }

    /// Paths, relative to a folder, of everything below it that is not a folder; links are not followed.
    static func files(below folder: URL, depth: Int = 16) throws -> [String] {
        guard depth > 0 else { return [] }
        return try names(in: folder).sorted().flatMap { name -> [String] in
            let entry = folder.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            guard !isLink(entry), FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder), isFolder.boolValue else {
                return [name]
            }
            return try files(below: entry, depth: depth - 1).map { name + "/" + $0 }
        }
    }
}
