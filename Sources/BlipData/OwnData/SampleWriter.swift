import BlipJSON
import Foundation

/// Takes samples one after another into files.
///
/// What a sample lacks and what the disk refuses are two steps, since the first is the sample's fault and only the second ends the work.
public protocol SampleWriter: AnyObject {
    associatedtype Entry

    /// A sample made ready to be written.
    ///
    /// - Throws: what is wrong with the sample or its pictures.
    func entry(for sample: Sample) throws -> Entry
    /// - Throws: what is wrong with the place that is written to.
    func append(_ entry: Entry) throws
    /// Gives the files their names; without it nothing that was not finished is left.
    ///
    /// - Returns: the paths of all files written.
    func finish() throws -> [String]
}

extension SampleWriter {
    /// Writes a whole collection in its order.
    ///
    /// - Parameters:
    ///   - name: what the collection is called in `bad`.
    ///   - bad: where samples go that cannot be read or whose pictures cannot; it ends the work when they are too many.
    ///   - progress: called after each sample with how many were gone through; may throw to stop.
    /// - Returns: how many samples were written, and the files.
    public func write(
        _ samples: any SampleCollection, name: String, bad: BadSamples, progress: ((Int) throws -> Void)? = nil
    ) throws -> (count: Int, files: [String]) {
        var index = 0
        return try write(name, bad, progress) {
            guard index < samples.count else { return nil }
            defer { index += 1 }
            return Result { try samples.sample(index) }
        }
    }

    /// Writes the samples of shards as they stream by, in constant memory.
    public func write(
        _ samples: inout TarSamples, name: String, bad: BadSamples, progress: ((Int) throws -> Void)? = nil
    ) throws -> (count: Int, files: [String]) {
        try write(name, bad, progress) { try samples.next()?.result }
    }

    private func write(
        _ name: String, _ bad: BadSamples, _ progress: ((Int) throws -> Void)?, next: () throws -> Result<Sample, any Error>?
    ) throws -> (count: Int, files: [String]) {
        var (read, count) = (0, 0)
        while let sample = try next() {
            let entry = Result { try self.entry(for: sample.get()) }
            switch entry {
            case .success(let entry):
                try append(entry)
                count += 1
            case .failure(let error): try bad.add(name, read, "\(error)")
            }
            read += 1
            try progress?(read)
        }
        return (count, try finish())
    }
}

/// Writes samples as lines of JSON (``SampleLine``); pictures stay where they are.
public final class LineWriter: SampleWriter {
    private let output: OutputFile
    private let folder: String
    private var buffer: [UInt8] = []

    /// - Parameter images: pictures below this folder are named relative to it, others by absolute paths; that of the file where nil. To read the
    ///   file back, give the same folder.
    public init(_ path: String, images: String? = nil) throws(RecordError) {
        let url = URL(fileURLWithPath: path)
        output = try OutputFile(url)
        folder = PicturePlaces(images ?? url.deletingLastPathComponent().path).folder
    }

    public func entry(for sample: Sample) throws -> [UInt8] { Array(try SampleLine.text(sample, relativeTo: folder).utf8) }

    public func append(_ entry: [UInt8]) throws {
        buffer += entry
        if buffer.count >= 1 << 20 { try flush() }
    }

    public func finish() throws -> [String] {
        try flush()
        try output.publish()
        return [output.path]
    }

    private func flush() throws {
        try output.append(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Writes samples into tar shards with their pictures, whose bytes are copied as they are: `name-000000.tar` and so on.
///
/// A sample is `000000007.jpg` (or `.0.jpg`, `.1.png` of several) and `000000007.json`, a ``SampleLine`` that names these files, so that other
/// readers of webdataset find pictures as they expect them. The same samples give the same bytes. Shards get their names when all are complete,
/// and `name-shards.json` then lists them.
public final class ShardWriter: SampleWriter {
    public struct Entry: Sendable {
        /// Extensions and contents of the sample's files.
        let members: [(name: String, bytes: [UInt8])]
    }

    private let folder: URL
    private let name: String
    private let shardSize: Int
    private var writer: TarWriter?
    /// Complete, without a name yet.
    private var sealed: [OutputFile] = []
    private var shards: [ShardList.Shard] = []
    private var count = 0

    /// - Parameters:
    ///   - path: where the shards go and what their names begin with: `out/train` gives `out/train-000000.tar`.
    ///   - shardSize: bytes; a shard is closed before it would grow beyond them, unless one sample alone does.
    /// - Throws: ``DataError/unwritable(path:reason:)`` if shards of this name are there already.
    public init(_ path: String, shardSize: Int = 1 << 30) throws {
        let url = URL(fileURLWithPath: path)
        folder = url.deletingLastPathComponent()
        name = url.lastPathComponent
        self.shardSize = max(1, shardSize)
        let existing: [String]
        do {
            existing = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw DataError.unwritable(path: path, reason: "\(folder.path) is not a folder that can be read; make it first")
        }
        // Shards of an earlier and longer run would be taken for part of this one.
        if let old = existing.first(where: { $0.hasPrefix(name + "-") && ($0.hasSuffix(".tar") || $0 == name + "-shards.json") }) {
            throw DataError.unwritable(path: path, reason: "\(old) is there already; remove the earlier shards or choose another name")
        }
    }

    public func entry(for sample: Sample) throws -> Entry {
        var members: [(name: String, bytes: [UInt8])] = []
        var images: [JSONValue] = []
        for (place, image) in sample.images.enumerated() {
            let bytes = try image.encodedBytes()
            guard let kind = PictureKind.kind(bytes) else {
                throw DataError.badRecord(
                    place: image.label, reason: "it is not a picture that is known; expected \(PictureKind.names.joined(separator: ", "))")
            }
            let member = sample.images.count == 1 ? kind : "\(place).\(kind)"
            members.append((member, bytes))
            var named: [(key: JSONString, value: JSONValue)] = [("member", .text(member))]
            if let identity = image.identity { named.append(("identity", .text(identity))) }
            images.append(.object(JSONObject(named)))
        }
        members.append(("json", Array(try SampleLine.line(sample, images: images).utf8)))
        return Entry(members: members)
    }

    public func append(_ entry: Entry) throws {
        // A header of 512 bytes, content in whole blocks, and the end mark.
        let size = entry.members.reduce(1024) { $0 + 512 + ($1.bytes.count + 511) / 512 * 512 }
        if let length = writer?.byteCount, length > 0, length + size > shardSize { try closeShard() }
        if writer == nil {
            let digits = String(shards.count)
            let file = "\(name)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).tar"
            writer = try TarWriter(folder.appendingPathComponent(file))
            shards.append(ShardList.Shard(file: file, samples: 0, bytes: 0))
        }
        let number = String(count)
        let key = String(repeating: "0", count: max(0, 9 - number.count)) + number
        for member in entry.members { try writer?.append("\(key).\(member.name)", member.bytes) }
        shards[shards.count - 1].samples += 1
        count += 1
    }

    public func finish() throws -> [String] {
        try closeShard()
        for file in sealed { try file.publish() }
        let list = try OutputFile(folder.appendingPathComponent(name + "-shards.json"))
        try list.append(Array((ShardList(shards: shards).text + "\n").utf8))
        try list.publish()
        return shards.map { folder.appendingPathComponent($0.file).path } + [list.path]
    }

    private func closeShard() throws {
        guard let length = writer?.byteCount else { return }
        shards[shards.count - 1].bytes = length + 1024
        if let file = try writer.take()?.sealed() { sealed.append(file) }
    }
}
