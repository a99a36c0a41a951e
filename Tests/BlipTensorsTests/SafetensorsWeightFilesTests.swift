import BlipJSON
import Foundation
import Testing

@testable import BlipTensors

/// Rule by rule, as ``WeightFiles`` numbers them.
@Suite("The weights of a checkpoint folder")
struct SafetensorsWeightFilesTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func shard(_ names: [String], _ file: String, byte: UInt8 = 0) throws {
        let writer = try SafetensorsWriter(
            scratch.file(file), tensors: names.map { TensorLayout(name: $0, type: .uint8, shape: [1]) }, order: .asGiven)
        for name in names { try writer.append([byte], to: name) }
        try writer.finish()
    }

    private func index(_ map: String, metadata: String = #"{"total_size": 2}"#) throws {
        try scratch.write(Array(#"{"metadata": \#(metadata), "weight_map": \#(map)}"#.utf8), WeightFiles.indexName)
    }

    private func message() -> String { safetensorsError { _ = try WeightFiles(folder: scratch.url) } }

    @Test("Shards written by huggingface_hub are one set of weights")
    func reference() throws {
        let weights = try WeightFiles(folder: SafetensorsFixture.folder.appending(path: "sharded"))
        #expect(weights.files.count == 3)
        #expect(weights.names.count == 9)
        #expect(weights.byteCount == 1728)
        let (file, info) = try #require(weights.find("layers.2.bias"))
        #expect(file.path.hasSuffix("model-00003-of-00003.safetensors"))
        #expect(info.type == .float16 && info.shape == [8])
        #expect(try weights.bytes(of: "head.weight").count == 20 * 8 * 4)
        #expect(weights.find("none") == nil)
        #expect(safetensorsError { _ = try weights.bytes(of: "none") }.hasSuffix(#"sharded holds no tensor "none""#))
    }

    @Test("Rule 1: the single file wins over an index, which may even be broken")
    func singleWins() throws {
        try shard(["a"], "model.safetensors", byte: 1)
        try scratch.write([1], WeightFiles.indexName)
        let weights = try WeightFiles(folder: scratch.url)
        #expect(weights.names == ["a"])
        #expect(try weights.bytes(of: "a").copied == [1])
    }

    @Test("Rule 1: a single file that is a dangling link is an error, not a reason to look further")
    func danglingSingle() throws {
        try FileManager.default.createSymbolicLink(at: scratch.file("model.safetensors"), withDestinationURL: scratch.file("gone"))
        #expect(message().contains("cannot open") && message().contains("model.safetensors: No such file"))
    }

    @Test("Rule 2: a shard that is missing is named, also when it is a dangling link")
    func missingShard() throws {
        try shard(["a"], "one.safetensors")
        try index(#"{"a": "one.safetensors", "b": "two.safetensors"}"#)
        let expected = #"places tensor "b" in "two.safetensors", which is not in the folder: download that file"#
        #expect(message().hasSuffix(expected))
        try FileManager.default.createSymbolicLink(at: scratch.file("two.safetensors"), withDestinationURL: scratch.file("gone"))
        #expect(message().hasSuffix(expected))
    }

    @Test("Rule 3: a tensor of the index that its shard does not hold is named")
    func notInShard() throws {
        try shard(["a"], "one.safetensors")
        try index(#"{"a": "one.safetensors", "b": "one.safetensors"}"#)
        #expect(message().contains(#"places tensor "b" in "one.safetensors", which does not hold it"#))
    }

    @Test("Rule 3: a tensor of a shard that the index does not name is named")
    func notInIndex() throws {
        try shard(["a", "b"], "one.safetensors")
        try index(#"{"a": "one.safetensors"}"#)
        #expect(message().contains(#""one.safetensors" holds tensor "b", which"#) && message().contains("does not name"))
    }

    @Test("Rule 3: a tensor that stands in two shards is named with both")
    func inTwoShards() throws {
        try shard(["a"], "one.safetensors")
        try shard(["a", "b"], "two.safetensors")
        try index(#"{"a": "one.safetensors", "b": "two.safetensors"}"#)
        #expect(message().contains(#""two.safetensors" holds tensor "a", which"#) && message().contains(#"places in "one.safetensors""#))
    }

    @Test(
        "Rule 4: a shard name that is not a plain file name is refused",
        arguments: [
            "../x.safetensors", "/x.safetensors", "sub/x.safetensors", #"..\\x.safetensors"#, "", ".", "..", "x.bin", ".safetensors",
            "x\\u0000.safetensors", "x.safetensors/", "~/x.safetensors",
        ])
    func plainNames(_ name: String) throws {
        try index(#"{"a": "\#(name)"}"#)
        #expect(message().contains("expected the plain name of a weight file in the same folder"))
    }

    @Test("Rule 4: links inside the folder are followed, as the Hub's cache needs")
    func links() throws {
        try FileManager.default.createDirectory(at: scratch.file("blobs"), withIntermediateDirectories: false)
        try shard(["a"], "blobs/1234", byte: 3)
        try FileManager.default.createSymbolicLink(at: scratch.file("one.safetensors"), withDestinationURL: scratch.file("blobs/1234"))
        try index(#"{"a": "one.safetensors"}"#)
        #expect(try WeightFiles(folder: scratch.url).bytes(of: "a").copied == [3])
    }

    @Test("Rule 5: pickled weights alone are an error that says how to convert them")
    func pickled() throws {
        for name in ["pytorch_model-00001-of-00002.bin", "instruct_blip_vicuna7b.pth"] {
            try scratch.write([], name)
            #expect(message().contains("only pickled weights (\"\(name)\")") && message().contains("`instructblip convert`"))
            try FileManager.default.removeItem(at: scratch.file(name))
        }
        try scratch.write([], "pytorch_model.bin")
        try shard(["a"], "model.safetensors")
        #expect(try WeightFiles(folder: scratch.url).names == ["a"])
    }

    @Test("A folder that is missing, a file, empty, or without its index: four different errors")
    func nothing() throws {
        #expect(safetensorsError { _ = try WeightFiles(folder: scratch.file("none")) }.contains("there is no folder"))
        #expect(safetensorsError { _ = try WeightFiles(folder: scratch.write([], "file")) }.contains("is not a folder"))
        #expect(message().hasSuffix("holds no weights: expected model.safetensors or model.safetensors.index.json"))
        try scratch.write([], "model-00001-of-00002.safetensors")
        #expect(
            message().contains(#"holds "model-00001-of-00002.safetensors" but neither"#) && message().contains("download the missing index")
        )
    }

    @Test(
        "An index that is not one is refused",
        arguments: [
            ("", "expected a value, found the end"), ("[]", "an object with weight_map, found an array"), ("{}", "found none"),
            (#"{"weight_map":{}}"#, "names tensors, found none"), (#"{"weight_map":[]}"#, "names tensors, found an array"),
            (#"{"weight_map":{"a":1}}"#, #"tensor "a": expected the name of its file, found a number"#),
            (#"{"weight_map":{"a":"o.safetensors","a":"o.safetensors"}}"#, #"names "a" twice"#),
            (#"{"metadata":1,"weight_map":{"a":"o.safetensors"}}"#, "an object as metadata, found a number"),
            (#"{"metadata":{"total_size":"2"},"weight_map":{"a":"o.safetensors"}}"#, "a number as total_size, found a string"),
            ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ])
    func badIndex(text: String, expected: String) throws {
        try scratch.write(Array(text.utf8), WeightFiles.indexName)
        #expect(message().contains(expected))
        #expect(message().contains(WeightFiles.indexName))
    }

    @Test(
        "The total size may be absent, null, wrong, or a fraction",
        arguments: ["null", "{}", #"{"total_size":null}"#, #"{"total_size":1.5,"x":[]}"#])
    func totalSize(metadata: String) throws {
        try shard(["a"], "one.safetensors")
        try index(#"{"a": "one.safetensors"}"#, metadata: metadata)
        #expect(try WeightFiles(folder: scratch.url).names == ["a"])
    }

    @Test("A broken shard is an error with its path")
    func brokenShard() throws {
        try scratch.write([1, 2, 3], "one.safetensors")
        try index(#"{"a": "one.safetensors"}"#)
        #expect(message().contains("one.safetensors is not a valid weight file"))
    }
}
