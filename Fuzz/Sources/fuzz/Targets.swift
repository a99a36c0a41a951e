import BlipImages
import BlipJSON
import BlipTokenizers
import Foundation

/// One picture of any kind.
enum ImagesTarget {
    /// Small, so that an input takes no longer than its bytes deserve.
    static let limits = ImageLimits(maximumPixels: 1_000_000, maximumSide: 4_000, minimumSide: 1, maximumBytes: 1 << 20)

    @Sendable static func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        let source = ImageSource.bytes(Array(bytes))
        let whole = Result { () throws(ImageError) in try source.decode(limits: limits) }
        let partial = Result { () throws(ImageError) in try source.decode(limits: limits, allowTruncated: true) }
        for case .success(let decoded) in [whole, partial] {
            let image = decoded.image
            precondition(
                image.width >= 1 && image.height >= 1 && image.width * image.height <= limits.maximumPixels, "a size within the limits")
            precondition(image.pixels.count == 3 * image.width * image.height, "three bytes a pixel")
        }
        if case .success(let decoded) = whole {
            guard case .success(let same) = partial else { preconditionFailure("what is whole is read where parts may be") }
            precondition(same.image == decoded.image, "what is whole is the same where parts are allowed")
            do { try source.checkHeader(limits: limits) } catch {
                preconditionFailure("a picture that was read has a good header: \(error)")
            }
        }
        if case .failure(let error) = whole { precondition(!error.description.isEmpty, "an error says something") }
    }
}

/// The frames of an animation.
enum ClipsTarget {
    static let limits: ImageLimits = {
        var limits = ImageLimits(maximumPixels: 200_000, maximumSide: 2_000, minimumSide: 1, maximumBytes: 1 << 20)
        (limits.maximumFrames, limits.maximumAnimationPixels) = (64, 4_000_000)
        return limits
    }()

    @Sendable static func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard case .success(let frames) = Result(catching: { try ImageSource.bytes(Array(bytes)).frames(limits: limits) }) else { return }
        precondition((1...4).contains(frames.count), "as many frames as there are, four at most")
        for frame in frames { precondition(frame.pixels.count == 3 * frame.width * frame.height, "three bytes a pixel") }
    }
}

/// The head of a safetensors file, and the index of its shards.
enum SafetensorsTarget {
    @Sendable static func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        let file = UnsafeRawBufferPointer(bytes)
        guard case .success(let header) = Result(catching: { try SafetensorsHeader(parsing: file, path: "fuzz") }) else { return }
        for tensor in header.tensors {
            precondition(tensor.byteRange.lowerBound >= 8 && tensor.byteRange.upperBound <= file.count, "tensors lie inside their file")
        }
    }
}

/// The files of a tokenizer: the first byte says which, the rest is the file. What opens must encode and decode.
enum TokenizersTarget {
    static let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "fuzz-tokenizer-\(ProcessInfo.processInfo.processIdentifier)")
    static let names = ["tokenizer.json", "tokenizer.model", "spiece.model", "vocab.txt", "vocab.json", "tokenizer_config.json"]
    static let texts = ["What is in the picture?", "", "  é\u{301}\0</s>\n<image> 你好 🦊 ", String(repeating: "aB1 ", count: 40)]

    @Sendable static func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let first = bytes.first else { return }
        var files: [String: [UInt8]] = [:]
        let (name, rest) = (names[Int(first) % names.count], Array(bytes.dropFirst()))
        switch name {
        case "vocab.json":
            // Behind a zero byte follow the merges.
            let cut = rest.firstIndex(of: 0) ?? rest.endIndex
            files = ["vocab.json": Array(rest[..<cut]), "merges.txt": Array(rest[cut...].dropFirst())]
        case "tokenizer_config.json": files = [name: rest, "vocab.txt": Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\nwhat\nis\nin\n##s\n?\n".utf8)]
        default: files = [name: rest]
        }
        do {
            if FileManager.default.fileExists(atPath: folder.path) { try FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, content) in files { try Data(content).write(to: folder.appendingPathComponent(name)) }
        } catch { preconditionFailure("the fuzzer cannot write its files: \(error)") }
        guard case .success(let tokenizer) = Result(catching: { try Tokenizer(folder: folder) }) else { return }
        for text in texts {
            let ids = tokenizer.encode(text)
            _ = tokenizer.decode(ids)
            _ = tokenizer.decode(ids.reversed() + [-1, .max, 0])
        }
    }
}

/// What every request's body is read with.
enum JSONTarget {
    @Sendable static func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard case .success(let value) = Result(catching: { try JSONValue(parsing: UnsafeRawBufferPointer(bytes)) }) else { return }
        _ = value.kind
    }
}
