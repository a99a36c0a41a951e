import BlipImages
import BlipModels
import Foundation

/// What the network made of the pictures it was last shown, so that the next question about one skips the image encoder.
///
/// Bounded in bytes; the picture unused for longest goes first. Behind the memory there may be a folder, which outlives the program.
final class ImageCache {
    private struct Entry {
        let planes: PixelPlanes
        let look: Look
        var lastUse: Int
    }

    private var entries: [Int: Entry] = [:]
    private var uses = 0
    private(set) var byteCount = 0
    /// Pictures that were asked for, and those among them that the image encoder was not shown again.
    private(set) var queries = 0
    private(set) var hits = 0
    let maximumBytes: Int
    private let store: LookStore?

    init(maximumBytes: Int, store: LookStore? = nil) {
        self.maximumBytes = maximumBytes
        self.store = store
    }

    /// What went wrong with the folder, once.
    func takeNotes() -> [String] { store?.takeNotes() ?? [] }

    /// The look at a picture, made by `look` if it is not kept.
    func look(at planes: PixelPlanes, _ look: () throws -> Look) throws -> Look {
        if let look = try kept(planes) {
            count(1, found: 1)
            return look
        }
        let made = try look()
        keep(made, of: planes)
        count(1, found: 0)
        return made
    }

    /// The look at a picture, if it is kept, in memory or in the folder.
    func kept(_ planes: PixelPlanes) throws -> Look? {
        let key = Self.key(planes)
        uses += 1
        // The key only finds the place; the picture itself decides.
        if let entry = entries[key], Self.isSame(entry.planes, planes) {
            entries[key]?.lastUse = uses
            return entry.look
        }
        guard let stored = try store?.find(planes) else { return nil }
        keep(Entry(planes: planes, look: stored, lastUse: uses), key)
        return stored
    }

    func count(_ asked: Int, found: Int) {
        queries += asked
        hits += found
    }

    /// Keeps a new look, in memory and in the folder.
    func keep(_ look: Look, of planes: PixelPlanes) {
        store?.keep(look, of: planes)
        keep(Entry(planes: planes, look: look, lastUse: uses), Self.key(planes))
    }

    private func keep(_ entry: Entry, _ key: Int) {
        guard Self.size(entry) <= maximumBytes else { return }
        if let old = entries.removeValue(forKey: key) { byteCount -= Self.size(old) }
        entries[key] = entry
        byteCount += Self.size(entry)
        while byteCount > maximumBytes, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            byteCount -= Self.size(oldest.value)
        }
    }

    private static func size(_ entry: Entry) -> Int { entry.look.byteCount + entry.planes.values.count * 4 }

    /// Over the bytes, in functions that are quick in debug builds too: every question asks.
    private static func key(_ planes: PixelPlanes) -> Int {
        planes.values.withUnsafeBytes { bytes in
            var hasher = Hasher()
            hasher.combine(bytes: bytes)
            return hasher.finalize()
        }
    }

    private static func isSame(_ one: PixelPlanes, _ other: PixelPlanes) -> Bool {
        guard one.height == other.height, one.width == other.width, one.values.count == other.values.count else { return false }
        return one.values.withUnsafeBytes { mine in
            other.values.withUnsafeBytes { theirs in
                guard let start = mine.baseAddress, let otherStart = theirs.baseAddress else { return mine.isEmpty }
                return memcmp(start, otherStart, mine.count) == 0
            }
        }
    }
}
