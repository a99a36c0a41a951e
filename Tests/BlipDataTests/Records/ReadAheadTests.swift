import BlipJSON
import Foundation
import Testing

@testable import BlipData

@Suite("Records read in any order")
struct ReadAheadTests {
    /// Lines of 0 to 40,000 bytes, most of them short: longer than a piece in all.
    private static let lines = (0..<4_000).map { index in
        String(repeating: "x\(index)", count: index % 611 == 0 ? 10_000 : 1 + index * 7 % 30)
    }

    @Test("Each record is the same forwards, backwards, at random and twice")
    func orders() throws {
        let lines = Self.lines
        try withFile(lines.joined(separator: "\n")) { url throws in
            let file = try RecordFile.lines(url)
            #expect(file.count == lines.count)
            var generator = SystemRandomNumberGenerator()
            let orders = [
                Array(lines.indices), lines.indices.reversed(), lines.indices.shuffled(using: &generator),
                lines.indices.flatMap { [$0, $0] },
                lines.indices.flatMap { [$0, ($0 + 2_000) % lines.count] }, lines.indices.filter { $0 % 3 != 1 },
            ]
            for order in orders {
                let wrong = try order.filter { try file.text($0) != lines[$0] }
                #expect(wrong.isEmpty, "\(wrong.prefix(4))")
            }
        }
    }

    @Test("Several threads may read one file at once")
    func threads() async throws {
        let lines = Self.lines
        let url = FileManager.default.temporaryDirectory.appending(path: "BlipData-\(UUID().uuidString)")
        try Data(lines.joined(separator: "\n").utf8).write(to: url)
        let file = try RecordFile.lines(url)
        try FileManager.default.removeItem(at: url)
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for part in 0..<8 {
                group.addTask {
                    let indices = lines.indices.filter { part < 4 || $0 % 4 == part % 4 }
                    return try indices.filter { try file.text($0) != lines[$0] }.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test("A file that becomes shorter between two records is an error where the bytes are missing")
    func shortened() throws {
        try withFile((0..<30_000).map { "[\($0)]" }.joined(separator: "\n")) { url throws in
            let file = try RecordFile.lines(url)
            for index in 0..<100 { #expect(try file.json(index).array?.first?.integer == index) }
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 100_000)
            try handle.close()
            var firstMissing = 100
            let error = #expect(throws: RecordError.self) {
                while try file.json(firstMissing).array?.first?.integer == firstMissing { firstMissing += 1 }
            }
            #expect(error == .changed(path: url.path, offset: 100_000))
            #expect(file.byteRange(firstMissing).contains(100_000))
        }
    }
}
