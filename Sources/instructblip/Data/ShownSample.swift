import BlipData
import Foundation

/// A sample as people look at it: with its instruction, or with what is wrong with it.
struct ShownSample {
    let index: Int
    var sample: Sample?
    /// Nil for a sample without a public answer.
    var example: Example?
    /// Why it cannot be read.
    var problem: String?

    init(_ opened: DataPlace.Opened, _ index: Int, seed: UInt64) {
        self.index = index
        do {
            let sample = try opened.samples.sample(index)
            self.sample = sample
            var generator = Draw(position: 0, part: 0, epoch: 0, index: index).generator(opened.maker.dataset, seed: seed)
            do { example = try opened.maker.example(sample, &generator) } catch DataError.noAnswer {
                example = nil
            }
        } catch { problem = "\(error)" }
    }

    /// What is known of it, under headings.
    var lines: [(heading: String, text: String)] {
        guard let sample else { return [("problem", problem ?? "")] }
        var lines = sample.images.map { (heading: "picture", text: $0.label + Self.state($0)) }
        if let example {
            lines += [("instruction", example.instruction), ("answer", example.answer)]
        } else {
            lines += [("question", Self.question(sample.task)), ("answer", "none")]
        }
        if let problem { lines.append(("problem", problem)) }
        lines += Self.details(sample.task)
        let facts = sample.facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        if !facts.isEmpty { lines.append(("facts", facts)) }
        return lines
    }

    var text: String {
        let head = "sample \(index + 1)" + (sample.map { ", id \($0.id)" } ?? "") + "\n"
        return head
            + lines.map { line in
                let text = line.text.replacing("\n", with: "\n" + String(repeating: " ", count: 15))
                return "  \(line.heading.padding(toLength: 13, withPad: " ", startingAt: 0))\(text)\n"
            }.joined()
    }

    private static func state(_ image: SampleImage) -> String {
        switch image.source {
        case .file(let path), .clip(let path): FileManager.default.fileExists(atPath: path) ? "" : "  (not there)"
        case .part, .bytes: ""
        }
    }

    private static func question(_ task: SampleTask) -> String {
        switch task {
        case .caption: "(a caption)"
        case .question(let question): question.text
        case .questionGeneration(let question): question.answers.first?.text ?? ""
        case .instruction(let written): written.instruction
        }
    }

    /// What the instruction and its answer do not show.
    private static func details(_ task: SampleTask) -> [(heading: String, text: String)] {
        switch task {
        case .caption(let captions) where captions.references.count > 1:
            return [("captions", captions.references.joined(separator: "\n"))]
        case .question(let question), .questionGeneration(let question):
            var details: [(heading: String, text: String)] = []
            if question.answers.count > 1 {
                let answers = question.answers.map { $0.weight == 1 ? $0.text : "\($0.text) ×\(String(format: "%g", $0.weight))" }
                details.append(("answers", answers.joined(separator: ", ")))
            }
            if !question.candidates.isEmpty {
                let candidates = question.candidates.prefix(10).joined(separator: ", ")
                details.append(("candidates", candidates + (question.candidates.count > 10 ? " … (\(question.candidates.count))" : "")))
            }
            return details
        default: return []
        }
    }
}
