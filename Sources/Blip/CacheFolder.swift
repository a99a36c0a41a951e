import Foundation

/// A folder of files that can be made again: each appears whole or not at all, and any process may remove one at any time.
struct CacheFolder: Sendable {
    let url: URL
    /// Of the names of its files. Others are not touched.
    let ending: String

    /// What cannot be done to a file is told, not thrown: it costs no result.
    typealias Note = (String) -> Void

    struct Entry {
        let file: URL
        let used: Date
        let bytes: Int
    }

    /// - Throws: ``BlipError/unwritableFolder(path:reason:)``
    init(_ url: URL, ending: String) throws {
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw BlipError.unwritableFolder(path: url.path, reason: error.localizedDescription)
        }
        (self.url, self.ending) = (url, ending)
    }

    func file(_ name: String) -> URL { url.appendingPathComponent(name + ending) }

    /// All its files. What killed processes left an hour ago is removed on the way.
    func entries(_ note: Note) throws -> [Entry] {
        let keys: Set<URLResourceKey> = [.contentModificationDateKey, .fileSizeKey]
        var entries: [Entry] = []
        for file in try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: Array(keys)) {
            let isPartial = file.lastPathComponent.contains(ending + ".") && file.pathExtension == "partial"
            // A file that is gone by now was removed by another process.
            guard isPartial || file.lastPathComponent.hasSuffix(ending), let values = Self.values(file, keys) else { continue }
            let used = values.contentModificationDate ?? .distantPast
            if isPartial {
                if used.timeIntervalSinceNow < -3600 { remove(file, note) }
            } else {
                entries.append(Entry(file: file, used: used, bytes: values.fileSize ?? 0))
            }
        }
        return entries
    }

    private static func values(_ file: URL, _ keys: Set<URLResourceKey>) -> URLResourceValues? {
        do { return try file.resourceValues(forKeys: keys) } catch { return nil }
    }

    func remove(_ file: URL, _ note: Note) {
        do { try FileManager.default.removeItem(at: file) } catch {
            if FileManager.default.fileExists(atPath: file.path) {
                note("\(file.path) could not be removed from the image cache: \(error.localizedDescription)")
            }
        }
    }
}
