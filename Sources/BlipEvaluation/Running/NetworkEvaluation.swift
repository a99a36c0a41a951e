public import Blip
import BlipData
import BlipDecoding
import BlipImages
import BlipJSON
import BlipPictures
import Foundation

/// Asks a network in memory everything that a benchmark asks, without a file: between the steps of its training.
///
/// What is asked and how it is scored is that of ``EvaluationRun``, so that the same weights get the same numbers.
public struct NetworkEvaluation: Sendable {
    public let benchmark: EvaluationBenchmark
    public let samples: EvaluationSamples
    /// Samples computed together.
    public var batchSize = 8
    /// Frames read of a clip.
    public var frames = 4

    public init(_ benchmark: EvaluationBenchmark, _ samples: EvaluationSamples) { (self.benchmark, self.samples) = (benchmark, samples) }

    /// Reads one of the first samples with its pictures, so that what is missing is told of before hours of training.
    ///
    /// - Throws: what is wrong with the first one, where nothing can be read of several.
    public func check() throws {
        var first: (any Error)?
        for number in 0..<min(8, samples.count) {
            do {
                for image in try samples.item(number).sample.images { _ = try image.imageSource().frames(frames) }
                return
            } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    /// Asks every n-th sample, and gives the predictions as bytes, which may go to other processes.
    ///
    /// - Parameter rank: of this process, among `count`.
    public func predictions(of network: NetworkAnswerer, rank: Int = 0, of count: Int = 1) throws -> [UInt8] {
        let options = AnswerOptions(decoding: Self.decoding(benchmark, network))
        let numbers = Array(stride(from: rank, to: samples.count, by: count))
        var lines: [UInt8] = []
        for start in stride(from: 0, to: numbers.count, by: batchSize) {
            let batch = numbers[start..<min(start + batchSize, numbers.count)]
            let items = batch.map { number in Result { try prepared(number, network.processor) } }
            for (number, result) in zip(batch, try ask(items, network, options)) { lines += try Self.line(number, result) }
        }
        return lines
    }

    private static func decoding(_ benchmark: EvaluationBenchmark, _ network: NetworkAnswerer) -> DecodingOptions {
        guard case .generate(let preset) = benchmark.answering else { return AnswerOptions().decoding }
        return preset.options(isEncoderDecoder: network.isEncoderDecoder)
    }

    private func prepared(_ number: Int, _ processor: Processor) throws -> (item: EvaluationItem, input: ModelInput) {
        let item = try samples.item(number)
        let pictures = try item.sample.images.flatMap { try $0.imageSource().frames(frames) }
        return (item, try processor.input(pictures, item.instruction))
    }

    private func ask(
        _ items: [Result<(item: EvaluationItem, input: ModelInput), any Error>], _ network: NetworkAnswerer, _ options: AnswerOptions
    ) throws -> [Result<Prediction, any Error>] {
        guard case .rank = benchmark.answering else {
            return try network.answers(to: items.map { item in item.map { $0.input } }, options).map { $0.map { Prediction($0.text) } }
        }
        return items.map { one in
            Result {
                let (item, input) = try one.get()
                let ranking = try network.rank(item.candidates ?? [], behind: item.instruction, of: input)
                let scores = ranking.candidates.sorted { $0.index < $1.index }.map(\.logProbability)
                return Prediction(ranking.candidates.first?.text ?? "", scores: scores)
            }
        }
    }

    // MARK: Lines

    private struct Line: Encodable {
        let id: Int
        var prediction: Prediction?
        var error: String?
    }

    private static func line(_ number: Int, _ result: Result<Prediction, any Error>) throws -> [UInt8] {
        var line = Line(id: number)
        switch result {
        case .success(let prediction): line.prediction = prediction
        case .failure(let error): line.error = "\(error)"
        }
        return try [UInt8](JSONEncoder().encode(line)) + [0x0A]
    }

    /// Scores the predictions of all processes.
    ///
    /// - Throws: ``EvaluationError/allFailed(benchmark:count:first:)``; what else keeps samples from being scored.
    public func scores(_ predictions: [[UInt8]]) throws -> BenchmarkScores {
        var outcomes: EvaluationRun.Outcomes = Array(
            repeating: .failure(EvaluationFailure(reason: "nobody asked it")), count: samples.count)
        for line in predictions.joined().split(separator: 0x0A) {
            let object = try JSONValue(parsing: Array(line)).object
            guard let id = object?["id"]?.integer, outcomes.indices.contains(id) else {
                throw EvaluationError.badResults(path: benchmark.name, reason: "a process sent a line without a sample's number")
            }
            if let prediction = object?["prediction"], let answer = prediction["answer"]?.string {
                outcomes[id] = .success(Prediction(answer, scores: prediction["scores"]?.array?.compactMap(\.double) ?? []))
            } else {
                outcomes[id] = .failure(EvaluationFailure(reason: object?["error"]?.string ?? "there is no prediction"))
            }
        }
        return try BenchmarkScores(benchmark, samples, outcomes)
    }
}
