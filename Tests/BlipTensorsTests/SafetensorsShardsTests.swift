import BlipJSON
import Foundation
import Testing

@testable import BlipTensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite("Writing checkpoints in shards")
struct SafetensorsShardsTests {
    private static let layouts = (0..<4).map { TensorLayout(name: "t\($0)", type: .uint8, shape: [100]) }

    /// Writes ``layouts``, tensor `n` filled with `base + n`.
    private static func write(_ folder: URL, maximum: Int, base: UInt8) throws {
        let writer = try ShardedSafetensorsWriter(folder: folder, tensors: layouts, maximumShardByteCount: maximum)
        for (place, tensor) in writer.tensors.enumerated() {
            try writer.append([UInt8](repeating: base + UInt8(place), count: 100), to: tensor.name)
        }
        try writer.finish()
    }

    /// The first byte of each tensor of ``layouts``.
    private static func read(_ folder: URL) throws -> [UInt8] {
        let weights = try WeightFiles(folder: folder)
        return try layouts.map { try #require(weights.bytes(of: $0.name).copied.first) }
    }

    @Test("Shards are byte for byte those of huggingface_hub")
    func sameAsReference() throws {
        let scratch = try ScratchFolder()
        let reference = try WeightFiles(folder: SafetensorsFixture.folder.appending(path: "sharded"))
        // huggingface_hub gives a tensor above the maximum its place among the shards at once, so it comes before layer 2 here.
        let order = ["layers.0.", "layers.1.", "head.", "layers.2.", "layers.3."]
        let layouts = order.flatMap { prefix in
            reference.infos.filter { $0.name.hasPrefix(prefix) }.map { TensorLayout(name: $0.name, type: $0.type, shape: $0.shape) }
        }
        let writer = try ShardedSafetensorsWriter(folder: scratch.url, tensors: layouts, maximumShardByteCount: 600)
        #expect(writer.shards.count == 3)
        for tensor in writer.tensors { try writer.append(reference.bytes(of: tensor.name).copied, to: tensor.name) }
        try writer.finish()
        for name in writer.shards.map(\.fileName) {
            #expect(try scratch.bytes(name) == SafetensorsFixture.bytes("sharded/\(name)"), "\(name)")
        }
        let index = try JSONValue(parsing: scratch.bytes("model.safetensors.index.json"))
        let expected = try SafetensorsFixture.json("sharded/model.safetensors.index.json")
        #expect(index["metadata"] == expected["metadata"])
        for (tensor, shard) in try #require(expected["weight_map"]?.object?.members) { #expect(index["weight_map"]?[tensor] == shard) }
        #expect(try WeightFiles(folder: scratch.url).names.count == 9)
    }

    @Test("What fits is written as one file without an index")
    func single() throws {
        let scratch = try ScratchFolder()
        try Self.write(scratch.url, maximum: 400, base: 1)
        #expect(try scratch.names() == ["model.safetensors"])
        #expect(try Self.read(scratch.url) == [1, 2, 3, 4])
    }

    @Test("A tensor above the maximum gets a shard of its own")
    func large() throws {
        let scratch = try ScratchFolder()
        try Self.write(scratch.url, maximum: 1, base: 1)
        #expect(try scratch.names() == (1...4).map { "model-0000\($0)-of-00004.safetensors" } + ["model.safetensors.index.json"])
        #expect(try Self.read(scratch.url) == [1, 2, 3, 4])
    }

    @Test("No tensors make one empty file")
    func none() throws {
        let scratch = try ScratchFolder()
        try ShardedSafetensorsWriter(folder: scratch.url, tensors: [], maximumShardByteCount: 1).finish()
        #expect(try WeightFiles(folder: scratch.url).names.isEmpty)
    }

    @Test("Progress is told after each piece, up to the whole")
    func progress() throws {
        let scratch = try ScratchFolder()
        var told: [[Int]] = []
        let writer = try ShardedSafetensorsWriter(folder: scratch.url, tensors: Self.layouts, maximumShardByteCount: 200) {
            told.append([$0, $1])
        }
        for tensor in writer.tensors {
            for _ in 0..<2 { try writer.append([UInt8](repeating: 0, count: 50), to: tensor.name) }
        }
        try writer.finish()
        #expect(told == (1...8).map { [$0 * 50, 400] })
        #expect(writer.byteCount == 400)
    }

    @Test(
        "A new checkpoint takes the place of an old one, whatever the number of files",
        arguments: [(400, 200), (200, 400), (200, 200), (100, 200)])
    func superseded(old: Int, new: Int) throws {
        let scratch = try ScratchFolder()
        try Self.write(scratch.url, maximum: old, base: 1)
        try scratch.write([1], "config.json")
        try scratch.write([1], "adapter.safetensors")
        try Self.write(scratch.url, maximum: new, base: 11)
        #expect(try Self.read(scratch.url) == [11, 12, 13, 14])
        let weights = try scratch.names().filter { $0.hasPrefix("model") }
        #expect(weights.count == (new == 400 ? 1 : 400 / new + 1))
        #expect(try scratch.names().count == weights.count + 2)
    }

    @Test("A checkpoint abandoned, incomplete or misfed leaves the old one and no temporary files")
    func abandoned() throws {
        let scratch = try ScratchFolder()
        try Self.write(scratch.url, maximum: 200, base: 1)
        let before = try scratch.names()
        func attempt(_ body: (ShardedSafetensorsWriter) throws -> Void) throws {
            do {
                let writer = try ShardedSafetensorsWriter(folder: scratch.url, tensors: Self.layouts, maximumShardByteCount: 200)
                for tensor in writer.tensors.prefix(3) { try writer.append([UInt8](repeating: 9, count: 100), to: tensor.name) }
                #expect(try scratch.names().count == before.count + 2)
                try body(writer)
            }
            #expect(try scratch.names() == before)
            #expect(try Self.read(scratch.url) == [1, 2, 3, 4])
        }
        try attempt { _ in }
        try attempt { $0.abandon() }
        try attempt { writer in
            #expect(safetensorsError { try writer.finish() }.contains(#"tensor "t3": expected 100 bytes, found 0 bytes"#))
            #expect(safetensorsError { try writer.append([UInt8(1)], to: "t3") }.contains("neither finished nor failed"))
        }
        try attempt { writer in
            #expect(safetensorsError { try writer.append([UInt8(1)], to: "t0") }.contains(#"tensor "t0": expected data of "t3""#))
        }
        try attempt { writer in
            #expect(
                safetensorsError { try writer.append([UInt8(1)], to: "none") }.contains(#"tensor "none": expected a tensor of the plan"#))
        }
    }

    @Test("A disk that fills up in any write leaves the old checkpoint and no temporary files")
    func diskFull() throws {
        let scratch = try ScratchFolder()
        try Self.write(scratch.url, maximum: 200, base: 1)
        let before = try scratch.names()
        var failures = 0
        for allowed in 0..<100 {
            let calls = Counter(allowed)
            do {
                let writer = try ShardedSafetensorsWriter(
                    folder: scratch.url, tensors: Self.layouts, maximumShardByteCount: 100, metadata: [:], progress: nil
                ) { descriptor, bytes, count in
                    guard calls.take(1) else {
                        errno = ENOSPC
                        return -1
                    }
                    return AtomicFile.writeToDescriptor(descriptor, bytes, count)
                }
                for tensor in writer.tensors { try writer.append([UInt8](repeating: 9, count: 100), to: tensor.name) }
                try writer.finish()
                break
            } catch let error as SafetensorsError {
                #expect(error.description.contains("no room for"))
                failures += 1
            }
            #expect(try scratch.names() == before)
            #expect(try Self.read(scratch.url) == [1, 2, 3, 4])
        }
        #expect(failures == 9, "four headers, four tensors, one index")
        #expect(try Self.read(scratch.url) == [9, 9, 9, 9])
    }

    @Test("A tensor left out at the end of a shard is named when the next shard begins")
    func leftOut() throws {
        let scratch = try ScratchFolder()
        let writer = try ShardedSafetensorsWriter(folder: scratch.url, tensors: Self.layouts, maximumShardByteCount: 200)
        try writer.append([UInt8](repeating: 9, count: 100), to: "t0")
        let text = safetensorsError { try writer.append([UInt8](repeating: 9, count: 100), to: "t2") }
        #expect(text.contains("model-00001-of-00002.safetensors") && text.contains(#"tensor "t1": expected 100 bytes"#))
        #expect(try scratch.names().isEmpty)
    }

    @Test("A plan that cannot be written is refused")
    func badPlans() throws {
        let scratch = try ScratchFolder()
        func message(_ folder: URL, _ layouts: [TensorLayout], _ maximum: Int = 100) -> String {
            safetensorsError { _ = try ShardedSafetensorsWriter(folder: folder, tensors: layouts, maximumShardByteCount: maximum) }
        }
        #expect(message(scratch.url, [Self.layouts[0], Self.layouts[1], Self.layouts[0]]).contains("the name twice"))
        #expect(message(scratch.url, Self.layouts, 0).contains("a shard size of at least one byte, found 0"))
        #expect(message(scratch.url, [TensorLayout(name: "n", type: .bool, shape: [-1])]).contains("countable size"))
        #expect(message(scratch.file("none"), []).contains("there is no folder"))
        let file = try scratch.write([], "f")
        #expect(message(file, []).contains("is not a folder"))
    }
}
