import BlipImages
import BlipModels
import BlipTensors
import Foundation

/// Whether a folder can be opened and asked: the same question gets the same answer again, alone and beside another one, of finite numbers.
struct EngineCheck {
    let folder: URL
    let options: OpenOptions
    /// The picture of the documented example, where the user has it.
    let image: ImageSource?
    let limits: ImageLimits
    let example: GoldenExample?
    let config: InstructBLIPConfig
    let progress: @Sendable (Int, Int) -> Void

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        func note(_ name: String, _ title: String, _ diagnosis: Diagnosis) {
            findings.append(Finding(.answers, name, title, diagnosis))
        }
        var open = options
        // Nothing is to be remembered: what is compared is to be computed.
        (open.imageCacheBytes, open.imageCacheFolder) = (0, nil)
        do {
            if config.architecture == .blip2Retrieval {
                note("self-check", Self.repeatTitle, try await comparison(open))
                return findings
            }
            let assistant = try await Assistant.open(folder, open, progress: progress)
            let answers = try await Answers(assistant)
            note("self-check", Self.repeatTitle, answers.repetition)
            note("batch-check", "an answer does not depend on the others of its batch", answers.batch(isExact: answers.isExact))
            do { note("golden-answer", Self.goldenTitle, try await golden(assistant)) } catch {
                note("golden-answer", Self.goldenTitle, .wrong("\(error)", remedy: "is it a picture that can be opened?"))
            }
        } catch {
            note(
                "self-check", Self.repeatTitle, .wrong("\(error)", remedy: "the findings above may say why; else convert or fetch it again")
            )
        }
        return findings
    }

    private static let repeatTitle = "it answers, and the same again"
    private static let goldenTitle = "the documented answer comes out"

    // MARK: A picture and two questions

    /// A picture of blocks of colour, the same on every machine.
    static var picture: RGBImage {
        let side = 64
        return RGBImage(
            width: side, height: side,
            pixels: (0..<side * side).flatMap { place -> [UInt8] in
                let (x, y) = (place % side, place / side)
                let block = (x / 16 + 3 * (y / 16)) % 7
                return [UInt8(block * 36), UInt8(x * 255 / side), UInt8(255 - y * 255 / side)]
            })
    }

    private struct Answers {
        let first, again: Answer
        let pair: [Answer]
        let other: Answer
        let isExact: Bool

        init(_ assistant: Assistant) async throws {
            let options = AnswerOptions(maximumTokens: 8)
            let source = ImageSource.data(Data(try EngineCheck.picture.pngData()))
            let questions = ["What is in the picture?", "Describe the colours of the picture in a few words."].map {
                Question($0, about: [source])
            }
            first = try await assistant.answers(to: [questions[0]], options)[0].get()
            again = try await assistant.answers(to: [questions[0]], options)[0].get()
            other = try await assistant.answers(to: [questions[1]], options)[0].get()
            pair = try await assistant.answers(to: questions, options).map { try $0.get() }
            isExact = try await assistant.computesInFloat32
        }

        var repetition: Diagnosis {
            guard first.tokenIDs == again.tokenIDs else {
                return .wrong(
                    "the same question was answered with \(first.tokenIDs) and then with \(again.tokenIDs)",
                    remedy: "report it, with the machine: numbers differ from run to run")
            }
            let numbers = first.sequences[0].logProbabilities + other.sequences[0].logProbabilities
            guard numbers.allSatisfy(\.isFinite) else {
                return .wrong("the answer's probabilities are no numbers", remedy: "compute in float32, and look at the tensors")
            }
            return .fine("\(first.tokenIDs.count) tokens were the same twice, and every number finite")
        }

        func batch(isExact: Bool) -> Diagnosis {
            let alone = [first.tokenIDs, other.tokenIDs]
            let together = pair.map(\.tokenIDs)
            guard alone != together else { return .fine("two questions got the same answers alone and together") }
            let reason = "two questions were answered with \(alone) alone and with \(together) together"
            return isExact
                ? .wrong(reason, remedy: "report it, with the machine: sums depend on the batch")
                : .notice(reason + ", which in half precision may be rounding", remedy: "compare in float32")
        }
    }

    private func comparison(_ options: OpenOptions) async throws -> Diagnosis {
        let matcher = try await ImageTextMatcher.open(folder, options, progress: progress)
        let source = ImageSource.data(Data(try Self.picture.pngData()))
        let first = try await matcher.match("blocks of colour", about: source)
        let again = try await matcher.match("blocks of colour", about: source)
        guard first.matchingProbability == again.matchingProbability, first.similarity == again.similarity else {
            return .wrong("the same picture and text were compared with two results", remedy: "report it, with the machine")
        }
        return .fine("a picture and a text got the same finite scores twice")
    }

    // MARK: What is documented

    private func golden(_ assistant: Assistant) async throws -> Diagnosis {
        guard let example else { return .doesNotApply("no documented example of this checkpoint is known") }
        guard let image else {
            return .notRun(
                "it was not asked \"\(example.instruction)\", as the picture is not in this program and nothing is fetched",
                remedy: "give \(example.picture)")
        }
        var options = AnswerOptions(maximumTokens: max(8, example.answerIDs.count))
        options.decoding.minimumTokens = 1
        let answer = try await assistant.answer(example.instruction, about: image, options, limits: limits)
        guard answer.tokenIDs.starts(with: example.answerIDs) else {
            return .wrong(
                "\"\(example.instruction)\" was answered with \(answer.tokenIDs) (\"\(answer.text)\"); documented is an answer that begins with \(example.answerIDs) (\(example.source))",
                remedy: "is it that picture? else compare the weights' hashes with the hub's")
        }
        return .fine("\"\(example.instruction)\" was answered with \"\(answer.text)\", which begins as \(example.source) has it")
    }
}

extension Assistant {
    /// Whether everything is computed in float32, packed weights included.
    var computesInFloat32: Bool {
        get throws { try checkpoint().dtype == .float32 }
    }
}
