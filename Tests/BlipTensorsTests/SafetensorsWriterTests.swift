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

@Suite("Writing safetensors files")
struct SafetensorsWriterTests {
    private static let two = [
        TensorLayout(name: "a", type: .uint8, shape: [3]), TensorLayout(name: "b", type: .float32, shape: [1]),
    ]

    @Test("A file is byte for byte what the reference writes, however the data are cut")
    func sameAsReference() throws {
        let scratch = try ScratchFolder()
        let reference = try SafetensorsFile(SafetensorsFixture.folder.appending(path: "types.safetensors"))
        let layouts = reference.infos.map { TensorLayout(name: $0.name, type: $0.type, shape: $0.shape) }
        for piece in [1, 5, 1000] {
            let writer = try SafetensorsWriter(scratch.file("own.safetensors"), tensors: layouts.reversed())
            for tensor in writer.tensors {
                let bytes = try reference.bytes(of: tensor.name).copied
                for start in stride(from: 0, to: bytes.count, by: piece) {
                    try writer.append(Array(bytes[start..<min(start + piece, bytes.count)]), to: tensor.name)
                }
            }
            try writer.finish()
            #expect(try scratch.bytes("own.safetensors") == SafetensorsFixture.bytes("types.safetensors"))
        }
        #expect(try scratch.names() == ["own.safetensors"])
    }

    @Test("Tensors in a given order, metadata and empty tensors come back as they were written")
    func roundTrip() throws {
        let scratch = try ScratchFolder()
        let layouts = [
            TensorLayout(name: "z", type: .bool, shape: [1]), TensorLayout(name: "empty", type: .float64, shape: [2, 0]),
            TensorLayout(name: "scalar", type: .int64, shape: []), TensorLayout(name: "last empty", type: .int8, shape: [0]),
        ]
        let metadata: [JSONString: String] = ["format": "pt", "e\u{301}\"": "line\n\u{1}\u{1F600}", "é\"": ""]
        let writer = try SafetensorsWriter(scratch.file("f"), tensors: layouts, metadata: metadata, order: .asGiven)
        #expect(writer.byteCount == 9)
        try writer.append([true], to: "z")
        try writer.append([UInt8](), to: "empty")
        try writer.append([Int64(-2).littleEndian], to: "scalar")
        try writer.finish()
        let file = try SafetensorsFile(scratch.file("f"))
        #expect(file.metadata == metadata)
        #expect(file.infos.map(\.byteCount).sorted() == [0, 0, 1, 8])
        #expect(file.info(of: "empty")?.shape == [2, 0])
        #expect(try file.bytes(of: "z").copied == [1])
        #expect(try file.bytes(of: "scalar").withBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) } == -2)
        #expect(try file.bytes(of: "last empty").copied.isEmpty)
    }

    @Test("A file without tensors can be written and read")
    func noTensors() throws {
        let scratch = try ScratchFolder()
        try SafetensorsWriter(scratch.file("f"), tensors: [], metadata: [:]).finish()
        #expect(try scratch.bytes("f") == SafetensorsFixture.file("{}      "))
        #expect(try SafetensorsFile(scratch.file("f")).names.isEmpty)
    }

    @Test("A plan that cannot be written is refused before anything is created")
    func badPlans() throws {
        let scratch = try ScratchFolder()
        func message(_ layouts: [TensorLayout]) -> String {
            safetensorsError { _ = try SafetensorsWriter(scratch.file("f"), tensors: layouts) }
        }
        #expect(message([Self.two[0], Self.two[0]]).contains(#"tensor "a": expected a name of its own, found the name twice"#))
        #expect(message([TensorLayout(name: "__metadata__", type: .bool, shape: [])]).contains("a reserved name"))
        for shape in [[-1], [0, -1], [Int.max, Int.max], [Int.max], [0, Int.max, 3]] {
            #expect(
                message([TensorLayout(name: "n", type: .int16, shape: shape)]).contains("a shape of countable size, found I16 \(shape)"))
        }
        let half = TensorLayout(name: "h", type: .int8, shape: [Int.max / 3])
        #expect(message([half, TensorLayout(name: "i", type: .int8, shape: [Int.max / 3])]).contains("countable size"))
        #expect(message([half]).contains("no room for the 307445734561825"))
        #expect(try scratch.names().isEmpty)
    }

    @Test("A device or a pipe is not replaced by a file")
    func devices() throws {
        let scratch = try ScratchFolder()
        let pipe = scratch.file("pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(safetensorsError { _ = try SafetensorsWriter(pipe, tensors: Self.two) }.contains("is a device or pipe, expected a file"))
        #expect(try scratch.names() == ["pipe"])
    }

    @Test("Data in the wrong order, of the wrong size or missing abandon the file and leave the old one")
    func wrongData() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.write([1, 2, 3], "f")
        func message(_ body: (SafetensorsWriter) throws -> Void) throws -> String {
            let writer = try SafetensorsWriter(url, tensors: Self.two)
            let text = safetensorsError { try body(writer) }
            #expect(try scratch.names() == ["f"])
            #expect(try scratch.bytes("f") == [1, 2, 3])
            #expect(safetensorsError { try writer.append([Float(1)], to: "b") }.contains("neither finished nor failed"))
            #expect(safetensorsError { try writer.finish() }.contains("neither finished nor failed"))
            return text
        }
        #expect(try message { try $0.append([UInt8(1)], to: "a") }.contains(#"expected data of "b", of which 0 of 4 bytes came"#))
        #expect(try message { try $0.append([UInt8(1)], to: "none") }.contains(#"tensor "none": expected data of "b""#))
        #expect(try message { try $0.append([1, 2] as [Float], to: "b") }.contains("expected at most 4 bytes more, found 8"))
        #expect(try message { try $0.finish() }.contains(#"tensor "b": expected 4 bytes, found 0 bytes at the end"#))
        let short = try message {
            try $0.append([Float(1)], to: "b")
            try $0.append([UInt8(1)], to: "a")
            try $0.finish()
        }
        #expect(short.contains(#"tensor "a": expected 3 bytes, found 1 bytes at the end"#))
        let long = try message {
            try $0.append([Float(1)], to: "b")
            try $0.append([1, 2, 3] as [UInt8], to: "a")
            try $0.append([UInt8(1)], to: "a")
        }
        #expect(long.contains("expected the end, as all tensors are complete, found 1 bytes more"))
    }

    @Test("A writer let go in the middle leaves the old file and no temporary one")
    func abandoned() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.write([1, 2, 3], "f")
        do {
            let writer = try SafetensorsWriter(url, tensors: Self.two)
            try writer.append([Float(1)], to: "b")
            #expect(try scratch.names().count == 2)
            #expect(try scratch.bytes("f") == [1, 2, 3])
        }
        #expect(try scratch.names() == ["f"])
        let writer = try SafetensorsWriter(url, tensors: Self.two)
        writer.abandon()
        writer.abandon()
        #expect(try scratch.names() == ["f"])
        #expect(try scratch.bytes("f") == [1, 2, 3])
    }

    @Test("A finished writer takes no more, and does not harm its file")
    func finished() throws {
        let scratch = try ScratchFolder()
        let writer = try SafetensorsWriter(scratch.file("f"), tensors: [Self.two[1]])
        try writer.append([Float(1)], to: "b")
        try writer.finish()
        #expect(safetensorsError { try writer.finish() }.contains("neither finished nor failed"))
        #expect(safetensorsError { try writer.append([Float(1)], to: "b") }.contains("neither finished nor failed"))
        #expect(try SafetensorsFile(scratch.file("f")).names == ["b"])
    }

    @Test("A disk that fills up is named, and the old file stays")
    func diskFull() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.write([1, 2, 3], "f")
        let room = Counter(1000)
        let writer = try SafetensorsWriter(url, tensors: Self.two, metadata: [:], order: .reference) { descriptor, bytes, count in
            guard room.take(count) else {
                errno = ENOSPC
                return -1
            }
            return AtomicFile.writeToDescriptor(descriptor, bytes, count)
        }
        try writer.append([Float(1)], to: "b")
        #expect(try scratch.names().count == 2)
        _ = room.take(1000)
        let text = safetensorsError { try writer.append([UInt8(0)], to: "a") }
        #expect(text.contains("no room for the") && text.contains("free space"))
        #expect(try scratch.names() == ["f"])
        #expect(try scratch.bytes("f") == [1, 2, 3])
    }

    @Test("Interrupted and partial writes are continued; a write of nothing is an error")
    func partialWrites() throws {
        let scratch = try ScratchFolder()
        let calls = Counter(1 << 20)
        let writer = try SafetensorsWriter(scratch.file("f"), tensors: Self.two, metadata: [:], order: .reference) { descriptor, bytes, _ in
            _ = calls.take(1)
            guard calls.rest % 3 != 0 else {
                errno = EINTR
                return -1
            }
            return AtomicFile.writeToDescriptor(descriptor, bytes, 1)
        }
        try writer.append([Float(1)], to: "b")
        try writer.append([1, 2, 3] as [UInt8], to: "a")
        try writer.finish()
        #expect(try SafetensorsFile(scratch.file("f")).bytes(of: "a").copied == [1, 2, 3])
        let text = safetensorsError {
            _ = try SafetensorsWriter(scratch.file("g"), tensors: [], metadata: [:], order: .asGiven) { _, _, _ in 0 }
        }
        #expect(text.hasPrefix("cannot write \(scratch.url.path)/g:"))
        #expect(try scratch.names() == ["f"])
    }

    @Test("A place where no file can be is refused")
    func badPlaces() throws {
        let scratch = try ScratchFolder()
        #expect(safetensorsError { _ = try SafetensorsWriter(scratch.url, tensors: []) }.contains("is a folder"))
        let missing = safetensorsError { _ = try SafetensorsWriter(scratch.file("no/f"), tensors: []) }
        #expect(missing.contains("cannot create") && missing.contains("No such file"))
    }
}

/// Counts down; used from one thread at a time.
final class Counter {
    private(set) var rest: Int

    init(_ rest: Int) { self.rest = rest }

    func take(_ count: Int) -> Bool {
        rest -= count
        return rest >= 0
    }
}
