import Foundation

/// How far a pull has come. Bytes that were here before it began are not counted.
public struct PullProgress: Sendable, Equatable {
    public let doneBytes: Int
    public let totalBytes: Int
}

/// What a pull did.
public struct PullReport: Sendable, Equatable, Encodable {
    public let name: String
    public let commit: String
    /// The folder to open.
    public let folder: String
    public let files: [String]
    /// Of all the files together.
    public let bytes: Int
    /// What came over the network.
    public let fetchedBytes: Int
    /// Set when the repository has only pickled weights, which have to be converted before use.
    public let needsConversion: Bool

    enum CodingKeys: String, CodingKey {
        case name, commit, folder, files, bytes
        case fetchedBytes = "fetched_bytes"
        case needsConversion = "needs_conversion"
    }
}

/// Brings a model from the hub into the cache: what is missing of it.
public struct ModelPull: Sendable {
    private let settings: HubSettings

    public init(_ settings: HubSettings) { self.settings = settings }

    /// Fetches what is missing, and checks it.
    ///
    /// Cancelling the task stops it; what was fetched is kept, and the next pull goes on there. Only a pull that has come to its end
    /// makes the revision known, so that an interrupted update leaves the old one in use. Two pulls of one model follow one another.
    ///
    /// - Parameters:
    ///   - waiting: called when another process is pulling the same model.
    ///   - progress: called from any thread.
    /// - Throws: ``HubError``, `CancellationError`.
    public func callAsFunction(
        _ name: ModelName, waiting: @Sendable () -> Void = {}, progress: @escaping @Sendable (PullProgress) -> Void = { _ in }
    ) async throws -> PullReport {
        if settings.isOffline { return try offline(name) }
        let client = HubClient(settings)
        defer { client.transport.close() }
        let listing = try await client.listing(of: name)
        let choice = try FileChoice(listing, name: name)
        let repository = settings.cache.repository(name)
        try CachedRepository.makeFolder(repository.blobs)
        let lock = try await FileLock.wait(for: repository.pullLock, waiting: waiting)
        defer { lock.release() }

        let files = try await complete(choice.files, client, name, repository, listing.commit)
        let missing = files.filter { !repository.hasFile($0.path, commit: listing.commit, size: $0.size) }
        let wanted = missing.filter { !repository.hasBlob($0) }
        try checkSpace(for: wanted, in: repository)
        let meter = PullMeter(wanted, in: repository, progress)
        // Links come after all blobs, so that a snapshot is whole when its first file is seen, nearly always.
        try await fetch(wanted, client, name, repository, listing.commit, meter)
        for file in missing {
            if let blob = file.blobName { try repository.link(file.path, commit: listing.commit, blob: blob) }
        }
        try repository.setReference(name.revision ?? ModelName.defaultRevision, to: listing.commit)
        let snapshot = repository.snapshot(listing.commit)
        return PullReport(
            name: name.repository, commit: listing.commit, folder: snapshot.path, files: files.map(\.path).sorted(),
            bytes: files.map { CachedRepository.size(snapshot.appendingPathComponent($0.path)) ?? 0 }.reduce(0, +),
            fetchedBytes: meter.fetchedBytes, needsConversion: choice.needsConversion)
    }

    /// What is here is all there is.
    private func offline(_ name: ModelName) throws -> PullReport {
        let folder: URL
        do {
            folder = try settings.cache.snapshot(of: name)
        } catch is HubError {
            throw HubError.offline(name: name.description)
        }
        let files = try CachedRepository.files(below: folder)
        return PullReport(
            name: name.repository, commit: folder.lastPathComponent, folder: folder.path, files: files,
            bytes: files.map { CachedRepository.size(folder.appendingPathComponent($0)) ?? 0 }.reduce(0, +), fetchedBytes: 0,
            needsConversion: !files.contains { $0.hasSuffix(".safetensors") })
    }

    /// Asks for the hashes that the listing left out, of files that are not here.
    private func complete(
        _ files: [RemoteFile], _ client: HubClient, _ name: ModelName, _ repository: CachedRepository, _ commit: String
    ) async throws -> [RemoteFile] {
        var completed: [RemoteFile] = []
        for file in files {
            let isKnown = file.blobName != nil || repository.hasFile(file.path, commit: commit, size: file.size)
            completed.append(isKnown ? file : try await client.complete(file, of: name, commit: commit))
        }
        return completed
    }

    private func fetch(
        _ files: [RemoteFile], _ client: HubClient, _ name: ModelName, _ repository: CachedRepository, _ commit: String, _ meter: PullMeter
    ) async throws {
        // Two files of one repository may have the same bytes, and thus the same blob.
        var seen: Set<String> = []
        var rest = files.filter { $0.blobName.map { seen.insert($0).inserted } ?? false }[...]
        try await withThrowingTaskGroup(of: Void.self) { group in
            func begin() {
                guard let file = rest.popFirst(), let blobName = file.blobName else { return }
                group.addTask {
                    let lock = try await FileLock.wait(for: repository.locks.appendingPathComponent(blobName + ".lock"))
                    defer { lock.release() }
                    // Python may have fetched it while we waited.
                    if repository.hasBlob(file) { return }
                    let fetch = FileFetch(
                        client: client, name: name, commit: commit, file: file, blob: repository.blobs.appendingPathComponent(blobName)
                    ) { meter.set(blobName, $0) }
                    try await fetch.run()
                }
            }
            for _ in 0..<max(1, settings.simultaneousFiles) { begin() }
            while try await group.next() != nil { begin() }
        }
    }

    private func checkSpace(for files: [RemoteFile], in repository: CachedRepository) throws {
        let needed = files.map { max(0, ($0.size ?? 0) - repository.partialCount($0)) }.reduce(0, saturatingSum)
        guard let free = settings.freeBytes(repository.blobs), needed > free else { return }
        throw HubError.diskFull(folder: repository.folder.path, needed: needed - free)
    }
}

extension CachedRepository {
    func hasBlob(_ file: RemoteFile) -> Bool {
        guard let name = file.blobName, let found = Self.size(blobs.appendingPathComponent(name)) else { return false }
        return file.size.map { $0 == found } ?? true
    }

    /// Bytes kept by an interrupted pull.
    func partialCount(_ file: RemoteFile) -> Int {
        file.blobName.flatMap { Self.size(blobs.appendingPathComponent($0 + ".incomplete")) } ?? 0
    }
}

/// The sizes come from the network.
private func saturatingSum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}

/// Adds up what the simultaneous fetches report.
///
/// Unchecked: every access holds the lock.
private final class PullMeter: @unchecked Sendable {
    private let lock = NSLock()
    private let initial: [String: Int]
    private var counts: [String: Int]
    private let total: Int
    private let report: @Sendable (PullProgress) -> Void

    init(_ files: [RemoteFile], in repository: CachedRepository, _ report: @escaping @Sendable (PullProgress) -> Void) {
        let kept = files.compactMap { file in file.blobName.map { ($0, min(repository.partialCount(file), file.size ?? .max)) } }
        initial = Dictionary(kept, uniquingKeysWith: { first, _ in first })
        counts = initial
        let sizes = files.compactMap { file in file.blobName.map { ($0, file.size ?? 0) } }
        total = max(
            0,
            Dictionary(sizes, uniquingKeysWith: { first, _ in first }).values.reduce(0, saturatingSum) - initial.values.reduce(0, +))
        self.report = report
    }

    func set(_ blob: String, _ count: Int) {
        let progress = lock.withLock {
            counts[blob] = count
            return PullProgress(doneBytes: done, totalBytes: total)
        }
        report(progress)
    }

    var fetchedBytes: Int { lock.withLock { done } }

    /// A file begun anew counts from zero again, not from below it.
    private var done: Int { max(0, counts.values.reduce(0, +) - initial.values.reduce(0, +)) }
}
