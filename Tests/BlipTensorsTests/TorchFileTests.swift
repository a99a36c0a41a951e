import BlipJSON
import Foundation
import Testing

@testable import BlipTensors

enum TorchFixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/lavis")

    static func file(_ name: String) -> URL { folder.appending(path: name) }

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: file(name))) }
}

@Suite("PyTorch files")
struct TorchFileTests {
    private struct Entry: Decodable {
        let name: String
        let dtype: String
        let shape: [Int]
        let hex: String
    }

    private static func entries() throws -> [Entry] { try JSONDecoder().decode([Entry].self, from: Data(TorchFixture.bytes("views.json"))) }

    private static func hex(_ tensor: PickledTensor) -> String {
        tensor.withBytes { bytes in
            bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
    }

    private static let types: [String: ElementType] = [
        "float64": .float64, "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "int64": .int64, "int32": .int32,
        "int16": .int16, "int8": .int8, "uint8": .uint8, "bool": .bool, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64,
        "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2,
    ]

    @Test(
        "Every type and view has torch's elements, in both forms and in protocols 2, 3 and 4",
        arguments: ["views-zip.pth", "views-zip-4.pth", "views-old.pth", "views-old-3.pth", "views-zip64.pth"])
    func views(_ name: String) throws {
        let state = try TorchFile(TorchFixture.file(name)).stateDictionary()
        let expected = try Self.entries().prefix(state.count)
        #expect(state.count == 23)
        for (found, entry) in zip(state, expected) {
            #expect(found.name.utf8.elementsEqual(entry.name.utf8), "names differ in spelling: \(found.name)")
            #expect(found.tensor.type == Self.types[entry.dtype], "\(entry.name)")
            #expect(found.tensor.shape == entry.shape, "\(entry.name)")
            #expect(Self.hex(found.tensor) == entry.hex, "\(entry.name)")
        }
    }

    @Test("Types without a storage class of their own are read")
    func newTypes() throws {
        let state = try TorchFile(TorchFixture.file("views-types.pth")).stateDictionary()
        let expected = try Self.entries().suffix(state.count)
        #expect(state.count == 5)
        for (found, entry) in zip(state, expected) {
            #expect(found.tensor.type == Self.types[entry.dtype])
            #expect(Self.hex(found.tensor) == entry.hex, "\(entry.name)")
        }
    }

    @Test("A module's state dictionary, which has attributes, is read")
    func stateDictionaryOfModule() throws {
        let state = try TorchFile(TorchFixture.file("views-module.pth")).stateDictionary()
        #expect(
            state.map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"])
        #expect(Self.hex(state[1].tensor) == "0000803f0000803f0000803f")
    }

    @Test("Plain values around tensors are read", arguments: ["views-zip.pth", "views-zip-4.pth", "views-old.pth", "views-old-3.pth"])
    func values(_ name: String) throws {
        let root = try #require(TorchFile(TorchFixture.file(name)).root.dictionary)
        #expect(root["epoch"]?.integer == 3)
        #expect(root["minus"]?.integer == -70000)
        #expect(root["large"]?.integer == 1 << 40)
        if case .number(1.5) = root["number"] {} else { Issue.record("1.5") }
        if case .some(.none) = root["none"] {} else { Issue.record("None") }
        if case .bool(true) = root["yes"] {} else { Issue.record("True") }
        if case .elementType(.float16) = root["type"] {} else { Issue.record("torch.float16") }
        if case .tuple(let size) = root["size"] { #expect(size.map(\.integer) == [5, 6]) } else { Issue.record("torch.Size") }
        #expect(root["numbers"]?.dictionary?.entries.first?.key == .number(7))
        guard case .list(let list) = root["list"], case .list(let inner) = list.last, case .tuple(let pair) = inner.last else {
            Issue.record("nested lists")
            return
        }
        #expect(pair.first?.string == "x")
    }

    @Test("Contiguous tensors lie in the mapped file, views that share a storage share its bytes")
    func sharing() throws {
        let file = try TorchFile(TorchFixture.file("views-zip.pth"))
        let state = Dictionary(try file.stateDictionary().map { ($0.name, $0.tensor) }) { first, _ in first }
        let (base, rows) = (try #require(state["base"]), try #require(state["rows"]))
        #expect(base.storage.range == rows.storage.range)
        #expect(try #require(base.bytes).range.lowerBound + 6 * 4 == #require(rows.bytes).range.lowerBound)
        #expect(state["transposed"]?.bytes == nil)
        #expect(state["one"]?.bytes != nil, "a dimension of one does not matter")
    }

    // MARK: Refusals

    private static let refusals: [(file: String, words: String)] = {
        guard let bytes = try? TorchFixture.bytes("malicious/expected.json"),
            let words = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        else { return [] }
        return words.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }()

    @Test("Malicious and broken pickles are refused by name", arguments: refusals)
    func refuses(_ file: String, _ words: String) throws {
        do {
            _ = try TorchFile(TorchFixture.file("malicious/\(file)"))
            Issue.record("\(file) was read")
        } catch let error as PickleError {
            #expect(error.description.contains(words), "\(error.description)")
            #expect(error.description.contains(file), "the message names the file")
            #expect(error.errorDescription == error.description)
        }
    }

    @Test("A small file cannot fill the memory by instructions that leave much for a byte")
    func instructions() throws {
        let scratch = try ScratchFolder()
        let bytes: [UInt8] = [0x80, 4, 0x4E] + Array(repeating: 0x94, count: 2_000_000) + [0x2E]
        let file = try scratch.write(bytes, "memo.pth")
        #expect { _ = try TorchFile(file) } throws: { "\($0)".contains("number of its instructions") }
    }

    @Test("A stride that is never taken may be any number")
    func strangeStride() throws {
        let scratch = try ScratchFolder()
        let file = try MappedFile(try scratch.write((0..<24).map { UInt8($0) }, "storage"))
        let tensor = try PickledTensor(
            .uint8, [1, 2, 3], [Int.max, 1, 2], offset: 1, storage: TensorBytes(owner: file, range: 0..<24), name: "w")
        #expect(Self.hex(tensor) == "010305020406")
    }

    @Test("All refusals are tested")
    func refusalsAreThere() { #expect(Self.refusals.count > 70) }

    @Test("A missing file and a folder are errors of the system")
    func missing() {
        #expect(throws: SafetensorsError.self) { _ = try TorchFile(TorchFixture.file("nothing.pth")) }
        #expect(throws: SafetensorsError.self) { _ = try TorchFile(TorchFixture.folder) }
    }

    @Test("A file without tensors at its top says so")
    func notTensors() throws {
        let scratch = try ScratchFolder()
        // torch.save([])
        let url = try scratch.write(try TorchFixture.bytes("views-old.pth"), "list.pth")
        #expect(try TorchFile(url).stateDictionary().count == 23)
        let trained = try TorchFile(TorchFixture.file("vicuna/trimmed.pth"))
        #expect(trained.root.dictionary?["optimizer"]?.dictionary?["state"]?.dictionary?.entries.count == 1)
        #expect(try trained.stateDictionary().contains { $0.name == "query_tokens" })
    }

    // MARK: Folders

    @Test("Shards and their index are read, and must agree")
    func shards() throws {
        let whole = try TorchWeightFiles(folder: TorchFixture.file("bin-zip"))
        let parts = try TorchWeightFiles(folder: TorchFixture.file("bin-sharded"))
        #expect(Set(whole.tensors.map(\.name)).subtracting(parts.tensors.map(\.name)) == ["qformer.embeddings.position_ids"])
        let first = Dictionary(whole.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
        for part in parts.tensors { #expect(first[part.name].map(Self.hex) == Self.hex(part.tensor), "\(part.name)") }
    }

    @Test("An incomplete or contradicting set of shards is refused")
    func brokenShards() throws {
        let scratch = try ScratchFolder()
        #expect(safetensorsError { _ = try TorchWeightFiles(folder: scratch.url) }.contains("holds no weights"))
        let names = ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]
        for name in names { try scratch.write(try TorchFixture.bytes("bin-sharded/\(name)"), name) }
        let missing = safetensorsError { _ = try TorchWeightFiles(folder: scratch.url) }
        #expect(missing.contains("pytorch_model-00002-of-00002.bin") && missing.contains("not in the folder"))

        try scratch.write(try TorchFixture.bytes("bin-sharded/\(names[1])"), "pytorch_model-00002-of-00002.bin")
        #expect(safetensorsError { _ = try TorchWeightFiles(folder: scratch.url) }.contains("of different checkpoints"))
        try scratch.write(Array(#"{"weight_map":{"a":"../x.bin"}}"#.utf8), names[0])
        #expect(safetensorsError { _ = try TorchWeightFiles(folder: scratch.url) }.contains("plain name"))
    }
}
