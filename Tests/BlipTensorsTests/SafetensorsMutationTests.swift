import Foundation
import Testing

@testable import BlipTensors

@Suite("Damaged safetensors files")
struct SafetensorsMutationTests {
    @Test("Thousands of mutated files are refused or consistent, and never crash", arguments: 0..<4)
    func mutations(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        let small =
            #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
            + #""b":{"dtype":"U8","shape":[0,4],"data_offsets":[8,8]},"c":{"dtype":"I16","shape":[],"data_offsets":[8,10]}}"#
        let seeds = [try SafetensorsFixture.bytes("types.safetensors"), SafetensorsFixture.file(small, data: Array(1...10))]
        var accepted = 0
        for round in 0..<2_500 {
            var bytes = seeds[round % 2]
            for _ in 0...Int.random(in: 0..<2, using: &generator) { Self.mutate(&bytes, &generator) }
            guard let sum = try Self.touch(bytes) else { continue }
            accepted += 1
            #expect(sum >= 0)
        }
        #expect((100..<2_400).contains(accepted), "\(accepted) accepted: the mutations miss their aim")
    }

    @Test("Mutated files on disk are refused or readable to the last byte")
    func mutationsOnDisk() throws {
        let scratch = try ScratchFolder()
        var generator = SeededGenerator(state: 99)
        let seed = try SafetensorsFixture.bytes("types.safetensors")
        for _ in 0..<300 {
            var bytes = seed
            Self.mutate(&bytes, &generator)
            let url = try scratch.write(bytes, "m.safetensors")
            do {
                let file = try SafetensorsFile(url)
                #expect(try file.names.reduce(0) { try $0 + file.bytes(of: $1).copied.count } < bytes.count)
            } catch let error as SafetensorsError {
                #expect(error.description.contains("m.safetensors"))
            }
        }
    }

    @Test("Every truncation of a file is refused")
    func truncations() throws {
        let whole = try SafetensorsFixture.bytes("types.safetensors")
        for count in 0..<whole.count {
            #expect(throws: SafetensorsError.self) { _ = try SafetensorsHeader(Array(whole.prefix(count))) }
        }
    }

    /// Reads every byte of every tensor and sees that they cover the data exactly; nil when the file is refused.
    private static func touch(_ bytes: [UInt8]) throws -> Int? {
        try bytes.withUnsafeBytes { buffer in
            let header: SafetensorsHeader
            do {
                header = try SafetensorsHeader(parsing: buffer, path: "mutated")
            } catch is SafetensorsError {
                return nil
            }
            var covered = 8 + Int(buffer.loadUnaligned(as: UInt64.self).littleEndian)
            var sum = 0
            for tensor in header.tensors {
                #expect(tensor.byteRange.lowerBound == covered)
                #expect(tensor.type.byteCount(of: tensor.shape) == tensor.byteCount)
                covered = tensor.byteRange.upperBound
                sum = buffer[tensor.byteRange].reduce(sum) { $0 + Int($1) }
            }
            #expect(covered == buffer.count)
            return sum
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard bytes.count > 8 else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = Array(#"{}[]",:0123456789-.eE \"#.utf8).randomElement(using: &generator) ?? 0
        case 2: bytes.removeSubrange(place...)
        case 3:
            let end = min(bytes.count, place + Int.random(in: 0..<12, using: &generator))
            let from = Int.random(in: 0..<bytes.count, using: &generator)
            bytes.replaceSubrange(place..<end, with: Array(bytes[from..<min(bytes.count, from + 9)]))
        case 4: setLength(&bytes, UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator))
        default: editNumber(&bytes, &generator)
        }
    }

    /// Puts another number into the JSON and corrects the length of the header, so that the edit reaches the checks behind the parser.
    private static func editNumber(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let length = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self).littleEndian }
        guard let header = Int(exactly: length), header <= bytes.count - 8 else { return }
        let places = (8..<8 + header).filter { digits.contains(bytes[$0]) }
        guard let start = places.randomElement(using: &generator) else { return }
        var end = start
        while end < 8 + header, digits.contains(bytes[end]) { end += 1 }
        let numbers = [
            "0", "1", "2", "3", "4", "8", "9", "-1", "9223372036854775807", "9223372036854775808", "4294967296", "1e3", "6", "null",
        ]
        let number = Array((numbers.randomElement(using: &generator) ?? "").utf8)
        bytes.replaceSubrange(start..<end, with: number)
        setLength(&bytes, length &+ UInt64(number.count) &- UInt64(end - start))
    }

    private static func setLength(_ bytes: inout [UInt8], _ length: UInt64) {
        bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: length.littleEndian) { Array($0) })
    }
}
