import Foundation
import Testing

@testable import BlipTensors

@Suite("Damaged PyTorch files")
struct TorchMutationTests {
    @Test(
        "Thousands of mutated files are refused or readable to the last byte, and never crash",
        arguments: ["views-zip.pth", "views-zip-4.pth", "views-old.pth", "views-zip64.pth", "views-types.pth", "views-module.pth"])
    func mutations(_ name: String) throws {
        let scratch = try ScratchFolder()
        let seed = try TorchFixture.bytes(name)
        // The pickle is where mutations hurt most; it stands at the beginning, in both forms.
        let pickle = 0..<min(seed.count, 2_200)
        var generator = SeededGenerator(state: UInt64(name.utf8.count))
        var accepted = 0
        for round in 0..<1_200 {
            var bytes = seed
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                Self.mutate(&bytes, in: round % 4 == 0 ? 0..<bytes.count : pickle.clamped(to: 0..<bytes.count), &generator)
            }
            if try Self.touch(scratch.write(bytes, "m.pth")) { accepted += 1 }
        }
        #expect((10..<1_190).contains(accepted), "\(accepted) accepted: the mutations miss their aim")
    }

    @Test("Every truncation is refused", arguments: ["views-zip.pth", "views-old.pth"])
    func truncations(_ name: String) throws {
        let scratch = try ScratchFolder()
        let whole = try TorchFixture.bytes(name)
        for count in stride(from: 0, to: whole.count, by: 7) {
            #expect(try !Self.touch(scratch.write(Array(whole.prefix(count)), "t.pth")))
        }
    }

    @Test("Rows of random instructions are refused or give values")
    func randomPrograms() throws {
        let codes =
            Array("(.012NJKMGXat)]es}uqrhjcRbQi".utf8) + [0x80, 0x95, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8D, 0x85, 0x86, 0x87, 0x94, 0x93]
        let phrases = [
            "ctorch._utils\n_rebuild_tensor_v2\n", "ccollections\nOrderedDict\n", "ctorch\nFloatStorage\n", "X\u{7}\u{0}\u{0}\u{0}storage",
        ]
        var generator = SeededGenerator(state: 11)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = [0x80, 2]
            for _ in 0..<Int.random(in: 1..<40, using: &generator) {
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    bytes += Array((phrases.randomElement(using: &generator) ?? "").utf8)
                } else {
                    bytes.append(codes.randomElement(using: &generator) ?? 0)
                    if Bool.random(using: &generator) { bytes.append(UInt8.random(in: 0..<6, using: &generator)) }
                }
            }
            bytes.append(0x2E)
            do {
                try bytes.withUnsafeBytes { buffer in
                    var machine = PickleMachine(PickleReader(buffer, path: "random"))
                    let result = try machine.run()
                    guard machine.storages.isEmpty else { return }
                    var expansion = PickleExpansion(machine, storages: [])
                    _ = try expansion.value(result)
                }
            } catch is PickleError {}
        }
    }

    /// Whether the file is read; then every byte of every tensor is.
    private static func touch(_ url: URL) throws -> Bool {
        do {
            let file = try TorchFile(url)
            for (_, tensor) in try file.stateDictionary() {
                #expect(tensor.byteCount <= file.map.count)
                #expect(tensor.type.byteCount(of: tensor.shape) == tensor.byteCount)
                let count = tensor.withBytes { bytes in bytes.reduce(0) { sum, _ in sum + 1 } }
                #expect(count == tensor.byteCount)
            }
            return true
        } catch is PickleError {
            return false
        }
    }

    private static func mutate(_ bytes: inout [UInt8], in range: Range<Int>, _ generator: inout SeededGenerator) {
        guard let place = range.randomElement(using: &generator) else { return }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes[place] = Array("(.012NJKMGXat)]es}uqrhjcRbQi\u{80}".utf8).randomElement(using: &generator) ?? 0
        case 3:
            let from = range.randomElement(using: &generator) ?? place
            let count = min(Int.random(in: 1..<9, using: &generator), bytes.count - max(place, from))
            bytes.replaceSubrange(place..<place + count, with: Array(bytes[from..<from + count]))
        case 4:
            let number = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
            for index in place..<min(bytes.count, place + (1 << Int.random(in: 0..<4, using: &generator))) { bytes[index] = UInt8(number) }
        default: if Int.random(in: 0..<8, using: &generator) == 0 { bytes.removeSubrange(place..<min(bytes.count, place + 3)) }
        }
    }
}
