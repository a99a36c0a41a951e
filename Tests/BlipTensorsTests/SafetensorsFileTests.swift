import BlipJSON
import BlipTensors
import Foundation
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite("Reading safetensors files")
struct SafetensorsFileTests {
    @Test("Every element type of a file written by Python is read as it was written")
    func everyType() throws {
        let file = try SafetensorsFile(SafetensorsFixture.folder.appending(path: "types.safetensors"))
        let expected = try #require(try SafetensorsFixture.json("types.json").array)
        #expect(file.infos.count == expected.count)
        #expect(Set(file.infos.map(\.type)) == Set(ElementType.allCases))
        for entry in expected {
            let name = try #require(entry["name"]?.string)
            let info = try #require(file.info(of: name))
            #expect(info.name.utf8.elementsEqual(name.utf8))
            #expect(info.type.rawValue == entry["dtype"]?.string)
            #expect(info.shape == entry["shape"]?.array?.compactMap(\.integer))
            let hex = try file.bytes(of: name).withBytes { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
            #expect(hex == entry["hex"]?.string, "\(name)")
        }
        #expect(file.metadata == ["format": "pt"])
    }

    @Test("Names that differ only in their Unicode spelling are different tensors")
    func canonicalEquivalents() throws {
        let file = try SafetensorsFile(SafetensorsFixture.folder.appending(path: "types.safetensors"))
        #expect(try file.bytes(of: "caf\u{E9}").copied == [1])
        #expect(try file.bytes(of: "cafe\u{301}").copied == [2])
    }

    @Test("Tensor bytes stay readable after the file object is gone")
    func bytesKeepTheMap() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.write(
            SafetensorsFixture.file(#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, data: [7, 8, 9]), "a.safetensors")
        let bytes = try SafetensorsFile(url).bytes(of: "a")
        try FileManager.default.removeItem(at: url)
        #expect(bytes.copied == [7, 8, 9])
        #expect(bytes.count == 3)
    }

    @Test("A tensor that is not in the file is an error with its name")
    func missingTensor() throws {
        let file = try SafetensorsFile(SafetensorsFixture.folder.appending(path: "types.safetensors"))
        let text = safetensorsError { _ = try file.bytes(of: "no.such\nname") }
        #expect(text.hasSuffix(#"types.safetensors holds no tensor "no.such\nname""#))
    }

    @Test("Data that begin at an odd address are reported as not aligned")
    func alignment() throws {
        let scratch = try ScratchFolder()
        let entry = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        for (headerSize, isAligned) in [(64, true), (65, false)] {
            let header = entry + String(repeating: " ", count: headerSize - entry.utf8.count)
            let url = try scratch.write(SafetensorsFixture.file(header, data: [0, 0, 128, 63]), "a.safetensors")
            let file = try SafetensorsFile(url)
            #expect(file.info(of: "a")?.isAligned == isAligned)
            #expect(try file.bytes(of: "a").withBytes { $0.loadUnaligned(as: Float.self) } == 1)
        }
    }

    @Test("Many tasks can read one file at once")
    func concurrency() async throws {
        let file = try SafetensorsFile(SafetensorsFixture.folder.appending(path: "types.safetensors"))
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try file.names.reduce(0) { sum, name in try file.bytes(of: name).withBytes { $0.reduce(sum) { $0 + Int($1) } } }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(sums.count == 1)
    }

    @Test("What is not a file is named for what it is")
    func notFiles() throws {
        let scratch = try ScratchFolder()
        #expect(safetensorsError { _ = try SafetensorsFile(scratch.url) }.hasSuffix("is a folder, expected a file"))
        let missing = safetensorsError { _ = try SafetensorsFile(scratch.file("none")) }
        #expect(missing.hasPrefix("cannot open \(scratch.url.path)/none: No such file"))
        #expect(mkfifo(scratch.file("pipe").path, 0o600) == 0)
        #expect(safetensorsError { _ = try SafetensorsFile(scratch.file("pipe")) }.contains("device or pipe"))
        let remote = try #require(URL(string: "https://example.com/model.safetensors"))
        #expect(safetensorsError { _ = try SafetensorsFile(remote) }.contains("not on this machine"))
    }

    @Test("An empty file and a Git LFS pointer are refused with the remedy")
    func notWeights() throws {
        let scratch = try ScratchFolder()
        let empty = try scratch.write([], "empty")
        #expect(try MappedFile(empty).withBytes { $0.count } == 0)
        #expect(safetensorsError { _ = try SafetensorsFile(empty) }.contains("found 0 bytes (download it again)"))
        let pointer = try scratch.write(Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n".utf8), "pointer")
        #expect(safetensorsError { _ = try SafetensorsFile(pointer) }.contains("git lfs pull"))
    }

    @Test("Advice about any range is harmless")
    func advice() throws {
        let scratch = try ScratchFolder()
        let file = try MappedFile(scratch.write(Array(repeating: 5, count: 20_000), "bytes"))
        file.adviseSequential()
        for range in [0..<0, 0..<20_000, 5_000..<9_000, 19_999..<Int.max, Int.min..<3, 30_000..<40_000] { file.adviseWillNeed(range) }
        #expect(file.withBytes { $0.allSatisfy { $0 == 5 } })
        try MappedFile(scratch.write([], "empty")).adviseSequential()
    }
}
