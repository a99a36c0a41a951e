import BlipData
import BlipJSON
import Foundation

/// Scores and labels of samples that are positive or negative.
enum LabelFiles {
    /// Lines or a list of `id` with `score` or `proba`, or a table of such columns, as Hateful Memes has it.
    static func predictions(_ url: URL) throws -> IdentifiedEntries<Double> {
        guard ["csv", "tsv"].contains(url.pathExtension.lowercased()) else {
            return try ScoringFile(url).entries { record in
                (try record.identifier("id"), try record.number(record.has("score") ? "score" : "proba"))
            }
        }
        let table = try TableFile(url)
        let column = table.columns.contains("score") ? "score" : "proba"
        try table.require("id", column)
        var entries = IdentifiedEntries<Double>(table.path)
        for index in 0..<table.count {
            let row = try table.row(index)
            guard let id = row["id"], let text = row[column], let score = Double(PythonText.stripped(text)) else {
                throw MetricError.badRecord(place: row.place, expected: "an id and a number", found: row[column] ?? "nothing")
            }
            try entries.add(id, score, at: RecordFields(.object(JSONObject()), place: row.place))
        }
        return entries
    }

    /// Lines or a list of `id` and `label`: 0 or 1, or true or false.
    static func references(_ url: URL) throws -> IdentifiedEntries<Bool> {
        try ScoringFile(url, members: ["annotations", "data"]).entries { record in
            let label = record.value["label"]
            guard let isPositive = label?.bool ?? label?.integer.flatMap({ [0: false, 1: true][$0] }) else {
                throw MetricError.badRecord(
                    place: record.place, expected: "a \"label\" of 0 or 1", found: label == nil ? "none" : "another")
            }
            return (try record.identifier("id"), isPositive)
        }
    }
}
