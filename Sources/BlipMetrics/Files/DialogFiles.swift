import BlipData
import BlipJSON
import Foundation

/// Rankings of candidate answers in dialogs, as the Visual Dialog challenge takes them.
enum DialogFiles {
    /// A round: which candidate is right, and how right people found each.
    struct Round {
        var correct: Int?
        var relevance: [Double]?
    }

    /// `[{"image_id", "round_id", "ranks"}]`; rounds count from 1.
    static func predictions(_ url: URL) throws -> IdentifiedEntries<DialogRanking> {
        try ScoringFile(url).entries { record in
            let ranks = try record.numbers("ranks").map { number in
                guard let rank = Int(exactly: number) else {
                    throw MetricError.badRanks(place: record.place, expected: "whole numbers", found: "\(number)")
                }
                return rank
            }
            return (try id(record), try DialogRanking(ranks: ranks, place: record.place))
        }
    }

    /// The dialogs (`data`, `dialogs`), or the ratings alone, or both in two files.
    static func references(_ urls: [URL]) throws -> IdentifiedEntries<Round> {
        var rounds = IdentifiedEntries<Round>(urls.map(\.path).joined(separator: " and "))
        for url in urls {
            if url.pathExtension.lowercased() != "jsonl", try RecordFile.jsonMemberNames(url).contains("data") {
                try addDialogs(url, to: &rounds)
            } else {
                try addRatings(url, to: &rounds)
            }
        }
        return rounds
    }

    private static func addDialogs(_ url: URL, to rounds: inout IdentifiedEntries<Round>) throws {
        let dialogs = try RecordFile.jsonArray(url, at: ["data", "dialogs"])
        for index in 0..<dialogs.count {
            let dialog = try RecordFields(dialogs, index)
            let image = try dialog.identifier("image_id")
            for (number, round) in try dialog.objects("dialog").enumerated() {
                let correct = try round.integer("gt_index")
                rounds.update("\(image), round \(number + 1)", default: Round()) { $0.correct = correct }
            }
        }
    }

    private static func addRatings(_ url: URL, to rounds: inout IdentifiedEntries<Round>) throws {
        try ScoringFile(url).forEach { record in
            let relevance = try record.numbers(record.has("gt_relevance") ? "gt_relevance" : "relevance")
            rounds.update(try id(record), default: Round()) { $0.relevance = relevance }
        }
    }

    private static func id(_ record: RecordFields) throws -> String {
        "\(try record.identifier("image_id")), round \(try record.integer("round_id"))"
    }
}
