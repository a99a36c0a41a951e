import Foundation

/// One pulled revision of a model.
public struct CachedModel: Sendable, Equatable, Encodable {
    public let name: String
    public let commit: String
    /// Branches and tags that stood for the commit when they were pulled.
    public let references: [String]
    /// False when files are missing: an interrupted pull, or a model of which Python fetched only the small files.
    public let isComplete: Bool
    public let fileCount: Int
    /// Of the files; revisions that share files count them once each.
    public let bytes: Int
    public let folder: String

    enum CodingKeys: String, CodingKey {
        case name, commit, bytes, folder
        case references = "revisions"
        case isComplete = "complete"
        case fileCount = "files"
    }
}

extension HubCache {
    /// Every revision of every model here, by name; other kinds of repository (data sets, say) are left out.
    public func models() throws -> [CachedModel] {
        try repositories().flatMap { repository in
            let references = try repository.references()
            return try repository.commits().map { commit in
                let snapshot = repository.snapshot(commit)
                let files = try CachedRepository.files(below: snapshot)
                let sizes = files.map { CachedRepository.size(snapshot.appendingPathComponent($0)) ?? 0 }
                return CachedModel(
                    name: repository.name.description, commit: commit,
                    references: references.filter { $0.commit == commit }.map(\.name).sorted(), isComplete: Self.isComplete(snapshot),
                    fileCount: sizes.count, bytes: sizes.reduce(0, +), folder: snapshot.path)
            }
        }
    }

    /// Bytes on the disk: shared files once, partial ones included.
    public func byteCount() throws -> Int { try repositories().map { try $0.byteCount() }.reduce(0, +) }

    private func repositories() throws -> [CachedRepository] {
        try CachedRepository.names(in: folder).sorted().compactMap { ModelName(folderName: $0).map(repository) }
    }
}

/// What a removal did.
public struct Removal: Sendable, Equatable, Encodable {
    public let name: String
    public let commits: [String]
    public let freedBytes: Int

    enum CodingKeys: String, CodingKey {
        case name, commits
        case freedBytes = "freed_bytes"
    }
}

extension HubCache {
    /// Removes a model, or one revision of it; files that other revisions use stay.
    ///
    /// Only below this cache's folder: the name cannot say anything else, and no link is followed.
    ///
    /// - Throws: ``HubError/nothingToRemove(name:)``, ``HubError/revisionNotPulled(name:pulled:)``, ``HubError/busy(name:)`` during a pull, and
    ///   ``HubError/system(path:reason:)``.
    public func remove(_ name: ModelName) throws -> Removal {
        let repository = repository(name)
        guard FileManager.default.fileExists(atPath: repository.folder.path) else { throw HubError.nothingToRemove(name: name.description) }
        for folder in [repository.folder, repository.snapshots, repository.blobs, repository.refs] where CachedRepository.isLink(folder) {
            throw HubError.system(path: folder.path, reason: "it is a symbolic link, which may lead out of the cache; remove it by hand")
        }
        guard let lock = try FileLock.take(repository.pullLock) else { throw HubError.busy(name: name.repository) }
        defer { lock.release() }
        let before = try repository.byteCount()
        let commits = try repository.commits()
        guard let revision = name.revision else {
            try repository.delete(repository.folder)
            return Removal(name: name.description, commits: commits, freedBytes: before)
        }
        guard let commit = try repository.commit(of: revision), commits.contains(commit) else {
            throw HubError.revisionNotPulled(name: name.description, pulled: commits)
        }
        if commits.count == 1 {
            try repository.delete(repository.folder)
            return Removal(name: name.description, commits: commits, freedBytes: before)
        }
        // The names first: an interruption then leaves a snapshot without a name, not a name without a snapshot.
        for reference in try repository.references() where reference.commit == commit {
            try repository.delete(repository.refs.appendingPathComponent(reference.name))
        }
        let own = try repository.blobs(of: commit)
        try repository.delete(repository.snapshot(commit))
        let shared = try commits.filter { $0 != commit }.reduce(into: Set<String>()) { try $0.formUnion(repository.blobs(of: $1)) }
        for blob in own.subtracting(shared).sorted() {
            let file = repository.blobs.appendingPathComponent(blob)
            if CachedRepository.size(file) != nil || CachedRepository.isLink(file) { try repository.delete(file) }
        }
        return Removal(name: name.description, commits: [commit], freedBytes: before - (try repository.byteCount()))
    }
}

extension CachedRepository {
    /// Held during a pull.
    var pullLock: URL { locks.appendingPathComponent("instructblip-pull.lock") }

    func byteCount() throws -> Int {
        try Self.files(below: folder).map { path in
            var information = stat()
            let isFile = lstat(folder.appendingPathComponent(path).path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
            guard isFile else { return 0 }
            return Int(information.st_size)
        }.reduce(0, +)
    }

    /// Names in `blobs` that a snapshot links to.
    func blobs(of commit: String) throws -> Set<String> {
        let snapshot = snapshot(commit)
        return Set(
            try Self.files(below: snapshot).compactMap { path in
                let file = snapshot.appendingPathComponent(path).path
                guard Self.isLink(URL(fileURLWithPath: file)) else { return nil }
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: file)
                let prefix = String(repeating: "../", count: path.split(separator: "/").count + 1) + "blobs/"
                let blob = target.hasPrefix(prefix) ? String(target.dropFirst(prefix.count)) : ""
                return blob.isEmpty || blob.contains("/") || blob == ".." ? nil : blob
            })
    }

    func delete(_ item: URL) throws {
        do {
            try FileManager.default.removeItem(at: item)
        } catch {
            throw HubError.system(path: item.path, reason: "it cannot be removed (\(error.localizedDescription))")
        }
    }
}
