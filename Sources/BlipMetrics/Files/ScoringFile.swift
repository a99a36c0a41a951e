import BlipData
import BlipJSON
import Foundation

/// A file of predictions or references in one of the forms that a task knows.
struct ScoringFile {
    let records: RecordFile

    /// Opens the list of records of a file.
    ///
    /// JSON lines are told by their name, `.jsonl`. Another file is JSON: a list, or an object with the list in one of `members`.
    init(_ url: URL, members: [String] = []) throws {
        if url.pathExtension.lowercased() == "jsonl" {
            records = try .lines(url)
            return
        }
        let names = try RecordFile.jsonMemberNames(url)
        if names.isEmpty {
            records = try .jsonArray(url)
        } else if let member = members.first(where: names.contains) {
            records = try .jsonArray(url, at: [member])
        } else {
            let lists = (members.map { "an object with a list \"\($0)\"" } + ["a list", "JSON lines in a file named .jsonl"])
            throw MetricError.unknownForm(
                path: url.path, expected: lists.joined(separator: " or "),
                found: "an object with " + names.prefix(5).map { "\"\($0)\"" }.joined(separator: ", "))
        }
    }

    /// Reads all records, each with an id that may come once.
    func entries<Value>(_ read: (RecordFields) throws -> (id: String, value: Value)) throws -> IdentifiedEntries<Value> {
        var entries = IdentifiedEntries<Value>(records.path)
        try forEach { record in
            let (id, value) = try read(record)
            try entries.add(id, value, at: record)
        }
        return entries
    }

    func forEach(_ body: (RecordFields) throws -> Void) throws {
        for index in 0..<records.count { try body(try RecordFields(records, index)) }
    }
}

extension RecordFields {
    /// The first of these members that is there, as an id.
    func identifier(anyOf keys: [String]) throws -> String { try identifier(key(anyOf: keys)) }

    /// The first of these members that is there, as a text.
    ///
    /// A line that was answered with an error has neither: it is refused by its message.
    func text(anyOf keys: [String]) throws -> String {
        if !keys.contains(where: has), has("error") {
            throw MetricError.badRecord(place: place, expected: "an answer", found: "the error \"\(try text("error"))\"")
        }
        return try text(key(anyOf: keys))
    }

    private func key(anyOf keys: [String]) throws -> String {
        guard let key = keys.first(where: has) else {
            throw MetricError.badRecord(
                place: place, expected: keys.map { "\"\($0)\"" }.joined(separator: " or "),
                found: value.object.map { object in
                    object.members.isEmpty ? "an empty object" : object.members.prefix(5).map { "\"\($0.key)\"" }.joined(separator: ", ")
                } ?? "no object")
        }
        return key
    }
}
