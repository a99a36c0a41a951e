import BlipImages
import BlipModels
import BlipTensors
import Crypto
import Foundation

/// What was seen in pictures, kept in a folder between runs: one safetensors file for a picture and what looked at it.
///
/// A file's name is a hash of the picture and of everything that its content depends on (``LookIdentity``), so nothing has to be looked up
/// and an entry cannot be taken for another one. Files appear whole or not at all; several processes may share a folder. Each carries a hash
/// of its content: a damaged one is passed over and written anew. What goes wrong here never costs an answer, only the time it would have
/// saved; it is told in ``takeNotes()``.
final class LookStore {
    typealias Write = (_ tensors: [(name: String, tensor: Tensor)], _ file: URL) throws -> Void

    private let folder: CacheFolder
    private let maximumBytes: Int
    private let identity: LookIdentity
    private let write: Write
    private var notes: [String] = []

    /// - Parameters:
    ///   - folder: made where it is missing.
    ///   - write: tests put a full disk here.
    /// - Throws: ``BlipError/unwritableFolder(path:reason:)``; ``BlipError/invalidOption(name:found:expected:)`` for a bound below 1.
    init(
        _ folder: URL, maximumBytes: Int, _ identity: LookIdentity, write: @escaping Write = { try SafetensorsWriter.write($0, to: $1) }
    ) throws {
        guard maximumBytes > 0 else {
            throw BlipError.invalidOption(name: "the size of the image cache", found: "\(maximumBytes) bytes", expected: "at least 1")
        }
        self.folder = try CacheFolder(folder, ending: ".look.safetensors")
        self.maximumBytes = maximumBytes
        self.identity = identity
        self.write = write
    }

    /// What the user should know, once.
    func takeNotes() -> [String] {
        defer { notes = [] }
        return notes
    }

    /// Where everything goes wrong, the first few say it.
    private func note(_ text: String) {
        if notes.count < Self.maximumNotes { notes.append(text) }
    }

    private static let maximumNotes = 20

    /// What was seen in a picture before; nil when that is not known.
    func find(_ planes: PixelPlanes) throws -> Look? {
        let file = url(planes)
        // The one who reads a file that another process removes just now finds nothing, too.
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let look = try read(file, planes)
            touch(file)
            return look
        } catch let error as TensorError {
            throw error  // no memory left, or a device that is gone
        } catch {
            if FileManager.default.fileExists(atPath: file.path) {
                note("\(file.path) in the image cache is damaged (\(error)); the picture was looked at again")
            }
            return nil
        }
    }

    /// Keeps what was seen in a picture, and makes room for it.
    func keep(_ look: Look, of planes: PixelPlanes) {
        // One that never fits would push out all others first.
        guard look.byteCount <= maximumBytes else { return }
        do {
            let tensors = try look.tensors.map { (name: $0.name, tensor: try $0.tensor.to(.cpu).contiguous()) }
            let seal = try Tensor.of(Self.digest(tensors).map(Int.init))
            try write(tensors + [(Self.seal, seal)], url(planes))
            try makeRoom()
        } catch {
            note("what was seen in the picture could not be kept in \(folder.url.path): \(error)")
        }
    }

    // MARK: One file

    private static let seal = "sha256"

    private struct Damage: Error, CustomStringConvertible {
        let description: String
    }

    private func read(_ file: URL, _ planes: PixelPlanes) throws -> Look {
        let stored = try SafetensorsFile(file)
        var tensors: [String: Tensor] = [:]
        for info in stored.infos where info.type.dtype != nil { tensors[info.name] = try stored.tensor(info.name) }
        guard let seal = tensors.removeValue(forKey: Self.seal), seal.dtype == .int64 else { throw Damage(description: "it has no seal") }
        let ordered = Look.shapes(identity.config, height: planes.height, width: planes.width).compactMap { name, _ in
            tensors[name].map { (name: name, tensor: $0) }
        }
        guard try Self.digest(ordered).map(Int.init) == seal.integers() else {
            throw Damage(description: "its content is not what was written")
        }
        let placed = try tensors.mapValues { try $0.to(identity.device) }
        guard let look = Look(placed, identity.config, height: planes.height, width: planes.width) else {
            throw Damage(description: "its tensors have other shapes")
        }
        return look
    }

    /// Of types, shapes and elements, in the order of ``Look/tensors``.
    private static func digest(_ tensors: [(name: String, tensor: Tensor)]) throws -> SHA256.Digest {
        var hash = SHA256()
        for (name, tensor) in tensors {
            hash.update(data: Data("\(name) \(tensor.dtype.rawValue) \(tensor.shape)\n".utf8))
            try tensor.withBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize()
    }

    private func url(_ planes: PixelPlanes) -> URL { folder.file(identity.name(of: planes)) }

    // MARK: All files

    /// Notes the use of a file in its time of change.
    private func touch(_ file: URL) {
        do {
            try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
        } catch {
            // Somebody else's folder can be read without this; then the order of use is that of writing.
        }
    }

    /// Removes the files unused for longest until the others fit.
    private func makeRoom() throws {
        let entries = try folder.entries(note)
        var total = entries.map(\.bytes).reduce(0, +)
        for entry in entries.sorted(by: { $0.used < $1.used }) where total > maximumBytes {
            folder.remove(entry.file, note)
            total -= entry.bytes
        }
    }
}
