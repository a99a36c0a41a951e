import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// The frozen encoder's output, kept for training: it saves the encoder and changes no number.
@Suite("Vision features are kept for training") struct VisionFeatureStoreTests {
    private func store(
        _ folder: URL, _ checkpoint: String = "flan-t5", dtype: DType = .float32, bytes: Int = 10_000_000,
        augmentation: Augmentation = .none
    ) throws -> VisionFeatureStore {
        let source = Fixtures.checkpoint(checkpoint)
        let config = try InstructBLIPConfig(file: source.appendingPathComponent("config.json"))
        return try VisionFeatureStore(
            folder, maximumBytes: bytes, WeightFiles(folder: source), config, dtype: dtype, augmentation: augmentation)
    }

    private func pictures(_ count: Int, size: Int = 30) -> [PixelPlanes] {
        (0..<count).map { shade in
            PixelPlanes(height: size, width: size, values: (0..<3 * size * size).map { Float(($0 * 31 + shade * 97) % 101) / 50 - 1 })
        }
    }

    private func files(_ folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
    }

    private func refused(_: Tensor) throws -> Tensor { throw FixtureError(description: "looked again") }

    @Test(
        "features found are those computed, to the last bit, and the encoder does not run again",
        arguments: ["flan-t5", "vicuna", "blip2/opt"],
        [DType.float32, .bfloat16, .float16])
    func found(_ name: String, _ dtype: DType) async throws {
        try await withTemporaryFolder { folder in
            let network = try TinyNetwork(name, dtype: dtype).network
            let planes = pictures(3, size: network.config.vision.imageSize)
            let pixels = try Tensor.concatenate(planes.map { try $0.tensor(on: .cpu) }, 0)
            let plain = try withoutGradients { try network.vision(pixels) }
            let made = try store(folder, name, dtype: dtype).features(of: planes, on: .cpu) { try network.vision($0) }
            // Another process: another object.
            let other = try store(folder, name, dtype: dtype)
            let again = try other.features(of: planes, on: .cpu, refused)
            #expect(again.dtype == plain.dtype && again.shape == plain.shape)
            #expect(try difference(made, plain) == 0 && difference(again, plain) == 0)
            let findings = other.find(planes.reversed())
            #expect(findings.allSatisfy { $0 != nil } && other.takeNotes().isEmpty)
            let turned = try other.features(of: planes.reversed(), found: findings, on: .cpu, refused)
            #expect(try difference(turned.slice(0, 0..<1), plain.slice(0, 2..<3)) == 0)
            #expect(try files(folder).count == 3)
        }
    }

    @Test("the loss is that of the pictures themselves", arguments: ["flan-t5", "vicuna"])
    func sameLoss(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let tiny = try TinyNetwork(name)
            let (network, planes) = (tiny.network, pictures(2, size: tiny.config.vision.imageSize))
            let words = try TokenBatch([[3, 4, 5], [6, 7, 8]], padding: 0, at: network.promptPadding)
            let told = try TokenBatch([[3, 4], [6, 7]], padding: 0, at: .right)
            let targets = try TokenBatch([[9, 10], [11, 12]], padding: 0, at: .right)
            let pixels = try Tensor.concatenate(planes.map { try $0.tensor(on: .cpu) }, 0)
            func loss(_ features: Tensor) throws -> Double {
                let prompt = try network.prompt(seeing: network.look(from: features), told: told, then: words)
                return try network.language.loss(prompt, targets).item()
            }
            let frozen = try loss(withoutGradients { try network.vision(pixels) })
            for _ in 0..<2 {
                #expect(try loss(store(folder, name).features(of: planes, on: .cpu) { try network.vision($0) }) == frozen)
            }
            // With gradients the encoder's products are libtorch's, which round otherwise.
            let whole = try network.loss(Batch(pixels: pixels, instruction: told, prompt: words), targets).item()
            #expect(abs(whole - frozen) < 1e-5 * whole)
        }
    }

    @Test("only pictures that are not kept are computed, equal ones once, a few at a time") func misses() async throws {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(7))
            let store = try store(folder)
            var shown: [Int] = []
            func encode(_ pixels: Tensor) throws -> Tensor {
                shown.append(pixels.size(0))
                return try network.vision(pixels)
            }
            _ = try store.features(of: [planes[1], planes[3]], on: .cpu, encode)
            let order = [0, 1, 2, 2, 3, 4, 0, 5, 6]
            let features = try store.features(of: order.map { planes[$0] }, on: .cpu, atOnce: 2, encode)
            #expect(shown == [2, 2, 2, 1] && features.size(0) == 9)
            for (row, picture) in order.enumerated() {
                let alone = try #require(store.find(planes[picture])).tensor(on: .cpu)
                #expect(try difference(features.slice(0, row..<row + 1), alone) == 0)
            }
            #expect(throws: BlipError.self) { try store.features(of: planes, on: .cpu, atOnce: 0, refused) }
        }
    }

    @Test("types, checkpoints and other pictures never share features; looks and features never share names") func identities() async throws
    {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(2))
            _ = try store(folder).features(of: [planes[0]], on: .cpu) { try network.vision($0) }
            #expect(try store(folder).find(planes[0]) != nil && store(folder).find(planes[1]) == nil)
            #expect(try store(folder, dtype: .bfloat16).find(planes[0]) == nil)
            #expect(try store(folder, "vicuna").find(planes[0]) == nil)
            let (files, config) = (try WeightFiles(folder: Fixtures.checkpoint("flan-t5")), network.config)
            var changed = config
            changed.qformer.normEpsilon = 1e-5
            func bytes(_ config: InstructBLIPConfig, _ content: LookIdentity.Content) throws -> [UInt8] {
                try LookIdentity(files, config, dtype: .float32, device: .cpu, of: content).bytes
            }
            #expect(try bytes(config, .features) != bytes(config, .look))
            // The Q-Former is what is trained: features do not depend on it.
            #expect(try bytes(config, .features) == bytes(changed, .features) && bytes(config, .look) != bytes(changed, .look))
        }
    }

    @Test("what is damaged is told, removed and made again, wherever it is damaged") func damage() async throws {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(1))
            let first = try store(folder).features(of: planes, on: .cpu) { try network.vision($0) }
            let file = try #require(try files(folder).first)
            let whole = try Data(contentsOf: file)
            func flipped(_ place: Int) -> Data {
                var data = whole
                data[place] ^= 0x10
                return data
            }
            let damaged = [
                Data(), Data("text".utf8), whole.prefix(whole.count / 2), whole + [0], flipped(whole.count - 1), flipped(whole.count / 2),
                flipped(3),
            ]
            for content in damaged {
                try content.write(to: file)
                let store = try store(folder)
                #expect(store.find(planes) == [nil])
                let notes = store.takeNotes()
                #expect(notes.count == 1 && notes[0].contains("is damaged"), "\(notes)")
                #expect(!FileManager.default.fileExists(atPath: file.path))
                let again = try store.features(of: planes, on: .cpu) { try network.vision($0) }
                #expect(try difference(again, first) == 0 && Data(contentsOf: file) == whole && store.takeNotes().isEmpty)
            }
        }
    }

    @Test("a full folder takes no more, keeps what it has, says so once, and costs no features") func full() async throws {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(6))
            _ = try store(folder).features(of: [planes[0]], on: .cpu) { try network.vision($0) }
            let size = try Data(contentsOf: #require(try files(folder).first)).count
            let stale = folder.appendingPathComponent(".x.features.safetensors.abc.partial")
            try Data(count: 9).write(to: stale)
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: stale.path)
            let store = try store(folder, bytes: 3 * size + 600)
            var shown = 0
            for _ in 0..<2 {
                let features = try store.features(of: planes, on: .cpu) { pixels in
                    shown += pixels.size(0)
                    return try network.vision(pixels)
                }
                #expect(features.size(0) == 6)
            }
            #expect(try shown == 5 + 3 && files(folder).count == 3 && !FileManager.default.fileExists(atPath: stale.path))
            let notes = store.takeNotes()
            #expect(notes.count == 1 && notes[0].contains("is full"), "\(notes)")
        }
    }

    @Test("several writers and readers of one folder never see half a file") func writers() async throws {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(12))
            let expected = try store(folder.appendingPathComponent("alone")).features(of: planes, on: .cpu, atOnce: 1) {
                try network.vision($0)
            }
            let rows = try planes.indices.map { try VisionFeatures(expected.slice(0, $0..<$0 + 1)) }
            let shared = folder.appendingPathComponent("shared")
            try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in 0..<4 {
                    let store = try store(shared)
                    group.addTask {
                        for round in 0..<3 {
                            for place in planes.indices {
                                let index = (place * 5 + worker) % planes.count
                                if let found = store.find(planes[index]) {
                                    #expect(found == rows[index])
                                    if (round + worker) % 3 == 0 {
                                        for file in try self.files(shared).prefix(1)
                                        where file.lastPathComponent.hasSuffix(".features.safetensors") {
                                            // Gone already is as good.
                                            _ = unlink(file.path)
                                        }
                                    }
                                } else {
                                    _ = try store.features(of: [planes[index]], found: [nil], on: .cpu) { _ in
                                        try rows[index].tensor(on: .cpu)
                                    }
                                }
                            }
                        }
                        return store.takeNotes()
                    }
                }
                for try await notes in group { #expect(notes.isEmpty, "\(notes)") }
            }
        }
    }

    @Test("augmentation, a bound of nothing and a place that cannot be written are refused") func refusals() async throws {
        try await withTemporaryFolder { folder in
            for augmentation in [Augmentation.paper, .blip, .blip2, try Augmentation(flipProbability: 0.1)] {
                #expect(throws: BlipError.featuresDoNotRepeat) {
                    try store(folder.appendingPathComponent("new"), augmentation: augmentation)
                }
            }
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("new").path))
            #expect(throws: BlipError.self) { try store(folder, bytes: 0) }
            let file = folder.appendingPathComponent("file")
            try Data().write(to: file)
            #expect(throws: BlipError.self) { try store(file.appendingPathComponent("below")) }
        }
    }

    @Test("a folder that takes nothing costs no features") func unwritable() async throws {
        try await withTemporaryFolder { folder in
            let (network, planes) = (try TinyNetwork("flan-t5").network, pictures(2))
            let gone = folder.appendingPathComponent("gone")
            let store = try store(gone)
            try FileManager.default.removeItem(at: gone)
            let features = try store.features(of: planes, on: .cpu) { try network.vision($0) }
            let notes = store.takeNotes()
            #expect(features.size(0) == 2 && notes.count == 2 && notes[0].contains("could not be kept"), "\(notes)")
        }
    }
}
