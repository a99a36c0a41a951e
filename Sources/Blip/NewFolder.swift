import Foundation

/// A folder that is filled whole or not at all.
enum NewFolder {
    /// Makes the folder and runs `body`; after an error, what was written is removed.
    ///
    /// - Throws: ``BlipError/outputExists(path:)`` unless the folder is new or empty; what `body` throws.
    static func fill<Result>(_ folder: URL, _ body: () throws -> Result) throws -> Result {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        let isThere = files.fileExists(atPath: folder.path, isDirectory: &isFolder)
        guard try !isThere || (isFolder.boolValue && files.contentsOfDirectory(atPath: folder.path).isEmpty) else {
            throw BlipError.outputExists(path: folder.path)
        }
        do { try files.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw BlipError.unwritableFolder(path: folder.path, reason: error.localizedDescription)
        }
        do {
            return try body()
        } catch {
            clear(folder, keepingFolder: isThere)
            throw error
        }
    }

    /// Removes what was begun. The folder was new or empty, so everything in it is ours; one that was there stays, with its owner and rights.
    private static func clear(_ folder: URL, keepingFolder: Bool) {
        let files = FileManager.default
        do {
            guard keepingFolder else { return try files.removeItem(at: folder) }
            for name in try files.contentsOfDirectory(atPath: folder.path) { try files.removeItem(at: folder.appendingPathComponent(name)) }
        } catch {
            // What went wrong first is what the user has to know, and a folder nothing can be removed from is part of it.
        }
    }
}
