public import Blip
import BlipData
import BlipImages
import BlipJSON
import BlipPictures
public import Foundation

/// Asks a model everything that a benchmark asks, and keeps every prediction as it comes: `predictions/<benchmark>.jsonl`.
///
/// What was stopped goes on where it stopped; several processes of one launcher share the work, and the last of them puts it together. What cannot
/// be asked or answered is kept as an error, never as an empty answer.
public struct EvaluationRun: Sendable {
    public let benchmark: EvaluationBenchmark
    public let samples: EvaluationSamples
    /// Where predictions, results and reports go.
    public let folder: URL
    public var share = BatchShare.whole
    /// Samples computed together.
    public var batchSize = 8
    /// Frames read of a clip. Source: section 3.2 of the paper.
    public var frames = 4
    /// Whether errors of an earlier run are tried again.
    public var retriesErrors = false
    /// What decides the answers besides the questions, by name: the model, how it is computed, how answers are chosen. It is kept beside the predictions, and
    /// predictions that were made otherwise are refused. Empty where nobody asks.
    public var maker: [String: String] = [:]
    /// Beams, lengths and penalties, in place of the benchmark's; is told whether the language model has an encoder.
    public var decoding: (@Sendable (_ isEncoderDecoder: Bool) -> AnswerOptions)?

    public init(_ benchmark: EvaluationBenchmark, _ samples: EvaluationSamples, folder: URL) {
        (self.benchmark, self.samples, self.folder) = (benchmark, samples, folder)
    }

    /// The samples' predictions in order, or why there is none.
    public typealias Outcomes = [Result<Prediction, EvaluationFailure>]

    var predictionsFile: URL { folder.appendingPathComponent("predictions/\(benchmark.name).jsonl") }

    /// Asks what was not asked before.
    ///
    /// - Parameters:
    ///   - assistant: called for where anything is left to do.
    ///   - progress: called after every batch.
    /// - Returns: nil where other processes are not done yet.
    /// - Throws: also `CancellationError`; what is finished by then is kept.
    public func predict(
        with assistant: () async throws -> Assistant, progress: (BatchProgress) -> Void = { _ in }
    ) async throws -> Outcomes? {
        let file = predictionsFile
        do {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch { throw EvaluationError.unwritable(path: folder.path, reason: error.localizedDescription) }
        let questions = try questions()
        var batch = BatchRun(questions, to: .file(file, retriesErrors ? .retryErrors : .resume), share: share, batchSize: batchSize)
        batch.maker = maker
        let session = try batch.begin()
        if session.remaining > 0 { try await work(session, assistant(), progress) }
        guard try session.finish().isComplete else { return nil }
        return try Self.read(file)
    }

    private func work(_ session: BatchSession, _ assistant: Assistant, _ progress: (BatchProgress) -> Void) async throws {
        let (processor, samples, frames) = (try await assistant.processor, samples, frames)
        let options = try await options(for: assistant)
        try await session.workByNumber(
            prepare: { numbers in
                let items = numbers.map { number in Result { try samples.item(number) } }
                let questions = items.map { item in
                    Result {
                        let item = try item.get()
                        if samples.picture == .none { return Question(textOnly: item.instruction) }
                        return Question(item.instruction, about: try item.images.map { try $0.imageSource() }, framesOfClip: frames)
                    }
                }
                // What has no question has no input either.
                var inputs = try await processor.inputs(for: questions.compactMap { try? $0.get() })[...]
                return zip(items, questions).map { item, question in
                    Result {
                        _ = try question.get()
                        guard let input = inputs.popFirst() else { throw CancellationError() }
                        return PreparedItem(item: try item.get(), input: try input.get())
                    }
                }
            },
            answer: { prepared in try await answer(prepared, assistant, options) }, progress: progress)
    }

    private struct PreparedItem: Sendable {
        let item: EvaluationItem
        let input: ModelInput
    }

    private func options(for assistant: Assistant) async throws -> AnswerOptions {
        guard case .generate(let preset) = benchmark.answering else { return AnswerOptions() }
        if let decoding { return decoding(try await assistant.isEncoderDecoder) }
        return AnswerOptions(decoding: preset.options(isEncoderDecoder: try await assistant.isEncoderDecoder))
    }

    private func answer(
        _ prepared: [Result<PreparedItem, any Error>], _ assistant: Assistant, _ options: AnswerOptions
    ) async throws -> [Result<String, any Error>] {
        guard case .rank = benchmark.answering else {
            let answers = try await assistant.answers(to: prepared.map { $0.map(\.input) }, options)
            return answers.map { answer in Result { try Self.text(Prediction(answer.get().text)) } }
        }
        var results: [Result<String, any Error>] = []
        for one in prepared {
            do {
                let one = try one.get()
                let ranking = try await assistant.rank(one.item.candidates ?? [], behind: one.item.instruction, of: one.input)
                let scores = ranking.candidates.sorted { $0.index < $1.index }.map(\.logProbability)
                results.append(.success(try Self.text(Prediction(ranking.candidates.first?.text ?? "", scores: scores))))
            } catch is CancellationError {
                throw CancellationError()
            } catch { results.append(.failure(error)) }
        }
        return results
    }

    // MARK: The file

    /// How a line of the file begins: the sample's number among those asked, its id and the instruction. A changed prompt is another question.
    private struct Asked: Encodable {
        let id: Int
        /// Nil for a sample that cannot be read.
        let sample: String?
        let instruction: String?
        /// The picture shown in place of the sample's own, or that there is none; nil for its own.
        let picture: String?
    }

    private func questions() throws -> BatchQuestions {
        let encoder = Self.encoder
        var bytes: [UInt8] = []
        for number in 0..<samples.count {
            // Why one cannot be read is told where it is asked.
            let item = try? samples.item(number)
            let picture: String? =
                switch samples.picture {
                case .given: nil
                case .none: "none"
                case .shuffled: item?.images.first.map { $0.identity ?? $0.label }
                }
            bytes +=
                try encoder.encode(Asked(id: number, sample: item?.sample.id, instruction: item?.instruction, picture: picture)) + [0x0A]
        }
        return try BatchQuestions(foreign: bytes, name: benchmark.name, answerName: "prediction")
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func text(_ prediction: Prediction) throws -> String { String(decoding: try encoder.encode(prediction), as: UTF8.self) }

    private static func read(_ file: URL) throws -> Outcomes {
        let bytes: Data
        do { bytes = try Data(contentsOf: file) } catch {
            throw EvaluationError.badResults(path: file.path, reason: error.localizedDescription)
        }
        return try bytes.split(separator: 0x0A).map { line in
            let object = try JSONValue(parsing: Array(line)).object
            if let error = object?["error"]?.string { return .failure(EvaluationFailure(reason: error)) }
            guard let prediction = object?["prediction"], let answer = prediction["answer"]?.string else {
                throw EvaluationError.badResults(path: file.path, reason: "a line has neither a prediction nor an error")
            }
            return .success(Prediction(answer, scores: prediction["scores"]?.array?.compactMap(\.double) ?? []))
        }
    }
}

/// Why a sample has no prediction.
public struct EvaluationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
}
