import BlipData
import Foundation

/// One line for each sample, with the members that users of lm-eval know: `samples_<benchmark>_<date>.jsonl`.
struct SamplesFile {
    private struct Line: Encodable {
        struct Document: Encodable {
            let id: String
            let images: [String]
            let facts: [String: String]
        }

        struct Arguments: Encodable {
            let instruction: String
            let candidates: [String]?
        }

        let docID: Int
        let doc: Document?
        let target: [String]
        let arguments: Arguments?
        let resps: [String]
        let scores: [Double]?
        /// What is wrong about a caption of a scene.
        let wrong: [String]?
        let error: String?
        let docHash: String?
        let promptHash: String?
        let targetHash: String?
        /// The benchmark's metric.
        let metric: String
        let value: Double?

        enum CodingKeys: String, CodingKey {
            case doc, target, arguments, resps, scores, wrong, error
            case docID = "doc_id"
            case filtered = "filtered_resps"
            case docHash = "doc_hash"
            case promptHash = "prompt_hash"
            case targetHash = "target_hash"
        }

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var keys = encoder.container(keyedBy: CodingKeys.self)
            try keys.encode(docID, forKey: .docID)
            try keys.encodeIfPresent(doc, forKey: .doc)
            try keys.encode(target, forKey: .target)
            try keys.encodeIfPresent(arguments, forKey: .arguments)
            try keys.encode(resps, forKey: .resps)
            try keys.encode(resps, forKey: .filtered)
            try keys.encodeIfPresent(scores, forKey: .scores)
            try keys.encodeIfPresent(wrong, forKey: .wrong)
            try keys.encodeIfPresent(error, forKey: .error)
            try keys.encodeIfPresent(docHash, forKey: .docHash)
            try keys.encodeIfPresent(promptHash, forKey: .promptHash)
            try keys.encodeIfPresent(targetHash, forKey: .targetHash)
            var named = encoder.container(keyedBy: Name.self)
            try named.encodeIfPresent(value, forKey: Name(stringValue: metric))
        }
    }

    private let part: EvaluationReport.Part

    init(_ part: EvaluationReport.Part) { self.part = part }

    var data: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var data = Data()
            for number in part.outcomes.indices {
                data += try encoder.encode(line(number))
                data.append(0x0A)
            }
            return data
        }
    }

    private func line(_ number: Int) -> Line {
        // What cannot be read has its error as a line.
        let item = try? part.samples.item(number)
        var (resps, scores, error): ([String], [Double]?, String?) = ([], nil, nil)
        switch part.outcomes[number] {
        case .success(let prediction): (resps, scores) = ([prediction.answer], prediction.scores.isEmpty ? nil : prediction.scores)
        case .failure(let failure): error = failure.reason
        }
        let sample = item?.sample
        let target = item?.references ?? []
        return Line(
            docID: part.samples.places[number],
            doc: item.map { Line.Document(id: $0.sample.id, images: $0.images.map { $0.identity ?? $0.label }, facts: $0.sample.facts) },
            target: target, arguments: item.map { Line.Arguments(instruction: $0.instruction, candidates: $0.candidates) }, resps: resps,
            scores: scores, wrong: part.scores.remarks[number], error: error,
            docHash: sample.map { ContentHash.of([$0.id] + $0.images.map { $0.identity ?? $0.label }) },
            promptHash: item.map { ContentHash.of([$0.instruction] + ($0.candidates ?? [])) },
            targetHash: item.map { _ in ContentHash.of(target) },
            metric: part.benchmark.headline, value: part.scores.samples[number])
    }
}
