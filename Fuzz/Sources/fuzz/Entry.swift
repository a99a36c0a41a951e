import Foundation

// libFuzzer brings `main`, and calls these two by their names: `FUZZ_TARGET=images fuzz [options of libFuzzer] [folders or files of inputs]`.

/// Before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func prepare(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
        let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
        FileHandle.standardError.write(Data("fuzz: FUZZ_TARGET must be one of \(names)\n".utf8))
        exit(64)
    }
    target = found
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(UnsafeBufferPointer(start: bytes, count: count))
    return 0
}

/// Set once, before the first input.
nonisolated(unsafe) private var target = FuzzTarget(name: "") { _ in }

/// What is given bytes.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads the bytes as what they say they are. Ends the program where something holds that must not.
    let run: @Sendable (UnsafeBufferPointer<UInt8>) -> Void

    static let all = [
        FuzzTarget(name: "images", run: ImagesTarget.run), FuzzTarget(name: "clips", run: ClipsTarget.run),
        FuzzTarget(name: "safetensors", run: SafetensorsTarget.run), FuzzTarget(name: "tokenizers", run: TokenizersTarget.run),
        FuzzTarget(name: "json", run: JSONTarget.run),
    ]
}
