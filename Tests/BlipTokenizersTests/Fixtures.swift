import BlipJSON
import Foundation
import Testing

@testable import BlipTokenizers

/// The files under Tests/Fixtures/tokenizers, made by Scripts/fixtures/tokenizer_cases.py.
enum Fixtures {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/tokenizers")

    /// Those with a tokenizer.json.
    static let names = ["bert", "t5", "llama-prepend", "llama-always", "llama-first", "opt"]
    /// Those with bare vocabulary files.
    static let bareNames = ["bert-vocab", "t5-spiece", "llama-model", "opt-vocab"]

    static func tokenizer(_ name: String) throws -> Tokenizer { try Tokenizer(folder: folder.appending(path: name)) }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: path))) }

    static func json(_ path: String) throws -> JSONReader {
        JSONReader(file: path, value: try JSONValue(parsing: try bytes(path)))
    }

    static func texts() throws -> [String] {
        try json("cases/texts.json").required("texts").elements().map { try $0.string() }
    }

    /// The ids of each text, one line each, a repeated id as `id*count`.
    static func rows(_ name: String) throws -> [[Int]] {
        let text = String(decoding: try bytes("cases/\(name).ids.txt"), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            line.split(separator: " ").flatMap { part in
                let numbers = part.split(separator: "*").compactMap { Int($0) }
                return [Int](repeating: numbers[0], count: numbers.count > 1 ? numbers[1] : 1)
            }
        }
    }

    static func pack(_ row: [Int]) -> String {
        var parts: [String] = []
        var index = 0
        while index < row.count {
            var count = 1
            while index + count < row.count, row[index + count] == row[index] { count += 1 }
            parts.append(count == 1 ? "\(row[index])" : "\(row[index])*\(count)")
            index += count
        }
        return parts.joined(separator: " ")
    }

    /// FNV-1a with 64 bits, in hexadecimal.
    static func digest(_ text: String) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A folder for one test, removed afterwards.
    static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "blip-tokenizers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
        }
        return try body(folder)
    }
}

extension JSONReader {
    func integers() throws -> [Int] { try elements().map { try $0.integer() } }
}
