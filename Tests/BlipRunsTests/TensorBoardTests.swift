import BlipJSON
import Foundation
import Testing

@testable import BlipRuns

@Suite struct TensorBoardTests {
    @Test func `checksums equal TensorBoard's`() throws {
        for entry in try RunFixtures.cases("crc.json") {
            let digits = Array(try #require(entry["hex"]?.string).utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            #expect(bytes.count * 2 == digits.count)
            #expect(CRC32C.checksum(bytes) == entry["crc"]?.integer.map { UInt32($0) })
            #expect(CRC32C.masked(bytes) == entry["masked"]?.integer.map { UInt32($0) })
        }
    }

    @Test func `a file has the bytes of TensorBoard's own writer`() throws {
        try withRunFolder { folder in
            let time = 1_790_000_000.25
            let board = try TensorBoardWriter(
                folder: folder, resumingAt: 7, time: time, host: "a host/of mine", process: 12,
                writer: "tensorboard.summary.writer.event_file_writer")
            #expect(board.url.lastPathComponent == "events.out.tfevents.1790000000.a-host-of-mine.12")
            let expected = try RunFixtures.bytes("events.tfevents")
            // The start has the time of the file's beginning; the reference's is a second later, to tell fields apart.
            let first = EventMessage.record(
                EventMessage.version(time: time, writer: "tensorboard.summary.writer.event_file_writer"))
            let start = EventMessage.record(EventMessage.start(atStep: 8, time: time + 1))
            try board.plain("steps: 3\nname: \"é\"\n", tag: "plan", time: time + 2)
            try board.write(
                RunLine(step: 8, time: time + 3, .numbers(StepNumbers(loss: 2.3125, learningRate: 1e-5, targetTokens: 1234))))
            try board.write(RunLine(step: 300, time: time + 4, .numbers(StepNumbers(loss: .nan, gradientNorm: .infinity))))
            try board.write(RunLine(step: 60000, time: time + 5, .validation(metrics: ["loss": -0.0, "accuracy": 0.1])))
            try board.write(RunLine(step: 60000, time: time + 5, .save(path: "nothing for TensorBoard")))
            try board.scalars([("train/loss", 1e300)], step: 1 << 40, time: time + 6)
            try board.synchronize()
            let bytes = [UInt8](try Data(contentsOf: board.url))
            #expect(Array(bytes[..<first.count]) == first && first == Array(expected[..<first.count]))
            #expect(Array(expected[first.count..<first.count + start.count]) == start)
            #expect(bytes.count == expected.count)
            #expect(bytes[(first.count + start.count)...] == expected[(first.count + start.count)...])
        }
    }

    @Test func `any events come out of their frames, and a changed bit is seen`() throws {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<200 {
            let events = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            var bytes = events.flatMap(EventMessage.record)
            #expect(try Self.events(bytes) == events)
            #expect(bytes.count == events.reduce(0) { $0 + $1.count + 16 })
            let place = Int.random(in: bytes.indices, using: &generator)
            bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            #expect(throws: Broken.self) { try Self.events(bytes) }
            bytes.removeLast(Int.random(in: 1...15, using: &generator))
            #expect(throws: Broken.self) { try Self.events(bytes) }
        }
    }

    @Test func `numbers of every size take the bytes of protocol buffers`() {
        func bytes(_ value: Int) -> [UInt8] {
            var message = ProtobufMessage()
            message.integer(1, value)
            return Array(message.bytes.dropFirst())
        }
        #expect(bytes(0) == [0] && bytes(127) == [127] && bytes(128) == [0x80, 1] && bytes(300) == [0xAC, 2])
        #expect(bytes(.max) == [UInt8](repeating: 0xFF, count: 8) + [0x7F])
        #expect(bytes(-1) == [UInt8](repeating: 0xFF, count: 9) + [1])
    }

    @Test func `files of one process in one second have different names`() throws {
        try withRunFolder { folder in
            let names = try (0..<3).map { _ in
                try TensorBoardWriter(folder: folder, resumingAt: nil, time: 5, host: "", process: 1, writer: "w").url.lastPathComponent
            }
            let name = "events.out.tfevents.0000000005.localhost.1"
            #expect(names == [name, name + ".1", name + ".2"])
            #expect(throws: RunError.self) { try TensorBoardWriter(folder: folder.appending(path: "none")) }
        }
    }

    /// Scripts/check-tensorboard names a folder, and lets TensorBoard read what is written there.
    @Test func `a run is written twice, to the log and for TensorBoard, and resumed`() throws {
        guard let path = ProcessInfo.processInfo.environment["INSTRUCTBLIP_TENSORBOARD_RUN"] else {
            return try withRunFolder(Self.writeRun)
        }
        try Self.writeRun(to: URL(fileURLWithPath: path))
    }

    private static func writeRun(to folder: URL) throws {
        var generator = SeededGenerator(state: 3)
        let plan = "steps: 30\n\nname: <b>größe</b> & \"so on\"\n"
        try Data(plan.utf8).write(to: folder.appending(path: "plan.yaml"))
        for (first, last, checkpoint) in [(1, 20, nil), (13, 30, 12)] as [(Int, Int, Int?)] {
            let (log, board) = (
                try RunLog(folder: folder, resumingAt: checkpoint), try TensorBoardWriter(folder: folder, resumingAt: checkpoint)
            )
            func write(_ line: RunLine) throws {
                try log.append(line)
                try board.write(line)
            }
            try write(RunLine(step: first - 1, time: 1e9, checkpoint == nil ? .start(details: [:]) : .resume))
            if checkpoint == nil { try board.plain(plan, tag: "plan") }
            for step in first...last {
                let loss = step == 17 ? Double.nan : Double.random(in: 0...5, using: &generator)
                let others = ["it's/odd name": Double.random(in: -1e30...1e30, using: &generator)]
                let numbers = StepNumbers(
                    loss: loss, learningRate: Double(step) * 1e-8, gradientNorm: step == 18 ? .infinity : 0.3, targetTokens: 100 * step,
                    samplesPerSecond: 12.5, tokensPerSecond: 1e4 / 3, seconds: 0.1, others: others)
                try write(RunLine(step: step, time: 1e9 + Double(step), .numbers(numbers)))
                if step % 5 == 0 {
                    try write(
                        RunLine(step: step, time: 1e9 + Double(step), .validation(metrics: ["loss": 2 / Double(step), "größe": -0.0])))
                }
            }
            try write(RunLine(step: last, time: 2e9, .end(reason: "finished")))
        }
        let history = try RunHistory(folder)
        #expect(history.steps.map(\.step) == Array(1...30))
        #expect(history.validations.map(\.step) == [5, 10, 15, 20, 25, 30])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("events.out.tfevents.") }
        #expect(names.count == 2)
        for name in names {
            let events = try events([UInt8](try Data(contentsOf: folder.appending(path: name))))
            #expect(events.count > 20 && events[0].count > 20)
        }
    }

    private struct Broken: Error {}

    /// Reads records by the format's description.
    private static func events(_ bytes: [UInt8]) throws -> [[UInt8]] {
        func number(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        var (rest, events) = (bytes[...], [[UInt8]]())
        while !rest.isEmpty {
            guard rest.count >= 16, number(rest.dropFirst(8).prefix(4)) == CRC32C.masked(rest.prefix(8)) else { throw Broken() }
            let length = number(rest.prefix(8))
            guard length <= rest.count - 16 else { throw Broken() }
            let event = rest.dropFirst(12).prefix(Int(length))
            guard number(rest.dropFirst(12 + Int(length)).prefix(4)) == CRC32C.masked(event) else { throw Broken() }
            events.append(Array(event))
            rest = rest.dropFirst(16 + Int(length))
        }
        return events
    }
}
