import Foundation

/// Runs `body` with a folder of its own, removed afterwards.
public func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("instructblip-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
        let result = try await body(folder)
        try FileManager.default.removeItem(at: folder)
        return result
    } catch {
        try FileManager.default.removeItem(at: folder)
        throw error
    }
}

/// A writable copy of a tiny checkpoint.
public func withCopy<Result>(of checkpoint: String, _ body: (URL) async throws -> Result) async throws -> Result {
    try await withTemporaryFolder { folder in
        let copy = folder.appendingPathComponent("checkpoint")
        try FileManager.default.copyItem(at: Fixtures.checkpoint(checkpoint), to: copy)
        return try await body(copy)
    }
}
