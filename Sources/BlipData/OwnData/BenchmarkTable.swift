import BlipJSON
import Foundation
import Synchronization

/// VLMEvalKit's tables: one question a row, its picture in base64 or as a path, options in columns A, B and so on.
///
/// A picture that several rows share is written once; a cell of at most 64 bytes holds the index of the row that has it.
struct BenchmarkTable: OwnRecords {
    /// Source: `image_map` of VLMEvalKit's `ImageBaseDataset`.
    static let longestReference = 64
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)

    private let table: TableFile
    private let places: PicturePlaces
    private let options: [String]
    private let rows = RowsByIndex()

    init(_ url: URL, _ places: PicturePlaces, _ progress: RecordFile.Progress?) throws {
        table = try TableFile(url, separator: .tab, progress: progress)
        try table.require("question")
        self.places = places
        let columns = Set(table.columns)
        options = Self.letters.filter(columns.contains)
    }

    var count: Int { table.count }
    func place(_ record: Int) -> String { table.place(record) }

    func sample(_ record: Int, part: Int) throws -> Sample {
        let row = try table.row(record)
        let fields = RecordFields(.null, place: row.place)
        guard let text = row["question"], !text.isEmpty else { throw fields.bad("its question is empty") }
        var question = VisualQuestion(text)
        let present = options.filter { row[$0]?.isEmpty == false }
        question.options = present.compactMap { row[$0] }
        if let hint = row["hint"], !hint.isEmpty { question.context = hint }
        if let answer = row["answer"]?.trimmingCharacters(in: .whitespaces), !answer.isEmpty {
            if question.options.isEmpty {
                question.answers = WeightedAnswer.counted(PythonList.texts(answer) ?? [answer])
            } else {
                guard let place = present.firstIndex(of: answer.uppercased()) ?? question.options.firstIndex(of: answer) else {
                    throw fields.bad("its answer \"\(answer)\" is none of its options \(present.joined(separator: ", "))")
                }
                question.correct = place
            }
        }
        var facts: [String: String] = [:]
        let taken = ["index", "image", "image_path", "question", "hint", "answer"] + options
        for column in row.columns where !taken.contains(column) {
            if let value = row[column], !value.isEmpty { facts[column] = value }
        }
        let index = row["index"] ?? ""
        return Sample(
            id: index.isEmpty ? String(record) : index, images: try pictures(row, fields), task: .question(question), facts: facts)
    }

    private func pictures(_ row: TableRow, _ fields: RecordFields) throws -> [SampleImage] {
        if let cell = row.cell("image"), !cell.range.isEmpty {
            if cell.range.count > Self.longestReference { return try encoded(row, cell, fields) }
            let index = row["image"] ?? ""
            guard let place = try rows.place(of: index, in: table) else {
                throw fields.bad("its image \"\(index)\" is too short for a picture, and no row has this index")
            }
            let other = try table.row(place)
            guard let shared = other.cell("image"), shared.range.count > Self.longestReference else {
                throw fields.bad("its image is that of row \(index), which has none of its own")
            }
            return try encoded(other, shared, fields)
        }
        guard let path = row["image_path"], !path.isEmpty else { return [] }
        return try (PythonList.texts(path) ?? [path]).map { try places.picture($0, fields) }
    }

    /// A cell's pictures, which stay in the table: a list is written as Python writes one.
    private func encoded(_ row: TableRow, _ cell: TableCell, _ fields: RecordFields) throws -> [SampleImage] {
        let inner = cell.isQuoted ? cell.range.dropFirst().dropLast() : cell.range
        guard let text = row["image"], text.utf8.count == inner.count else {
            throw fields.bad("its image has quotes inside; write base64 without any")
        }
        let parts = text.utf8.first == UInt8(ascii: "[") ? PythonList.ranges(text) : [0..<inner.count]
        guard let parts else { throw fields.bad("its image begins as a list and is none; write ['…', '…']") }
        return parts.map { part in
            SampleImage(.part(FilePart(path: table.path, offset: inner.lowerBound + part.lowerBound, count: part.count, encoding: .base64)))
        }
    }
}

/// Rows by their index, which is mostly where they stand; only when it is not, the table is read once for all of them.
private final class RowsByIndex: Sendable {
    private let places = Mutex<[String: Int]?>(nil)

    func place(of index: String, in table: TableFile) throws -> Int? {
        for guess in [0, 1].compactMap({ offset in Int(index).map { $0.subtractingReportingOverflow(offset).partialValue } })
        where (0..<table.count).contains(guess) {
            if try table.row(guess)["index"] == index { return guess }
        }
        return places.withLock { places in
            if let places { return places[index] }
            var found: [String: Int] = [:]
            for place in 0..<table.count {
                do {
                    guard let name = try table.row(place)["index"], found[name] == nil else { continue }
                    found[name] = place
                } catch {
                    // A row that is broken has no index; whoever asks for that row itself is told.
                }
            }
            places = found
            return found[index]
        }
    }
}

/// Lists of texts as Python prints them: `['a', "b's"]`.
enum PythonList {
    /// Nil for anything else.
    static func texts(_ text: String) -> [String]? {
        guard let ranges = ranges(text) else { return nil }
        let bytes = Array(text.utf8)
        return ranges.map { range in
            var result: [UInt8] = []
            var place = range.lowerBound
            while place < range.upperBound {
                if bytes[place] == UInt8(ascii: "\\"), place + 1 < range.upperBound { place += 1 }
                result.append(bytes[place])
                place += 1
            }
            return String(decoding: result, as: UTF8.self)
        }
    }

    /// Where the texts stand between their quotes, in bytes; nil for anything but a list of texts.
    static func ranges(_ text: String) -> [Range<Int>]? {
        let bytes = Array(text.utf8)
        var place = 0
        func skipSpace() { while place < bytes.count, bytes[place] == 0x20 { place += 1 } }
        guard bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") else { return nil }
        place = 1
        var ranges: [Range<Int>] = []
        while true {
            skipSpace()
            guard place < bytes.count, bytes[place] == UInt8(ascii: "'") || bytes[place] == UInt8(ascii: "\"") else { return nil }
            let quote = bytes[place]
            place += 1
            let start = place
            while place < bytes.count, bytes[place] != quote { place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1 }
            guard place < bytes.count else { return nil }
            ranges.append(start..<place)
            place += 1
            skipSpace()
            guard place < bytes.count else { return nil }
            if bytes[place] == UInt8(ascii: ",") { place += 1 } else { return place == bytes.count - 1 ? ranges : nil }
        }
    }
}
