import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors
import Foundation

/// Measures the stages of an answer: medians of several rounds, beside what this machine's memory and arithmetic allow.
///
/// It has everything to itself: run nothing else meanwhile.
public struct Benchmark {
    /// What is measured.
    public enum Model: Sendable {
        case folder(URL)
        /// An architecture with random weights, made in memory.
        case random(InstructBLIPConfig)
    }

    public struct Options: Sendable {
        public var dtype: DType?
        public var device = Device.cpu
        public var quantization: Quantization?
        /// Tokens of the instruction; the picture's soft tokens stand before them.
        public var promptTokens = 32
        public var newTokens = 32
        public var beams = 1
        public var batch = 1
        public var rounds = 5

        public init() {}
    }

    let model: Model
    let options: Options

    public init(_ model: Model, _ options: Options) throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw BlipError.invalidOption(name: name, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("the number of prompt tokens", options.promptTokens, 1...100_000)
        try check("the number of new tokens", options.newTokens, 2...10_000)
        try check("the number of beams", options.beams, 1...1000)
        try check("the batch", options.batch, 1...1000)
        try check("the number of rounds", options.rounds, 1...1000)
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        self.model = model
        self.options = options
    }

    /// - Parameter note: told what is being done.
    public func run(_ note: (String) -> Void = { _ in }) throws -> BenchmarkReport {
        note("opening the model")
        let clock = Stopwatch()
        let opened = try open()
        try Engine.synchronize(options.device)
        let load = clock.seconds
        let language = opened.config.language
        let prefill = opened.config.queryCount + options.promptTokens
        let room = language.answerLimit(after: prefill)
        guard room >= options.newTokens else {
            throw BlipError.invalidOption(
                name: "the number of new tokens", found: "\(options.newTokens)", expected: "at most \(room) behind a prompt of \(prefill)")
        }

        var rounds: [BenchmarkReport.Round] = []
        let picture = try Self.picture(side: 640)
        // The first round warms everything up and is not counted.
        for round in 0...options.rounds {
            note(round == 0 ? "warming up" : "round \(round) of \(options.rounds)")
            let measured = try withoutGradients {
                try self.round(opened, picture)
            }
            if round > 0 { rounds.append(measured) }
        }
        let peak = Engine.peakMemory
        note("measuring this machine")
        // Of a device, or beside a small model, behind all answers.
        if rounds.contains(where: { $0.reading == 0 }) {
            let reading = try readingRate()
            for place in rounds.indices { rounds[place].reading = reading }
        }
        return BenchmarkReport(
            options: options, dtype: opened.dtype, load: load, rounds: rounds, weightBytes: opened.weightBytes,
            // Elsewhere than on the CPU everything is multiplied as floats.
            isPacked: options.device == .cpu ? opened.isPacked : (false, false), limits: try limits(opened.dtype),
            prefillTokens: prefill, peakMemory: peak)
    }

    // MARK: One answer

    private func round(_ opened: Opened, _ picture: Data) throws -> BenchmarkReport.Round {
        let (network, language) = (opened.network, opened.config.language)
        var round = BenchmarkReport.Round()
        var clock = Stopwatch()
        let planes = try opened.images(ImageSource.data(picture).load())
        round.image = clock.lap()
        let pixels = try Tensor.concatenate(Array(repeating: planes.tensor(on: options.device), count: options.batch), 0)
        // Seconds since the last lap, everything done that was begun.
        func lap() throws -> Double {
            try Engine.synchronize(options.device)
            return clock.lap()
        }
        try Engine.synchronize(options.device)

        _ = Kernels.takeWork()
        clock = Stopwatch()
        let look = try network.look(at: pixels)
        round.vision = try lap()
        round.visionOperations = Kernels.takeWork().operations

        let ids = words(below: language.vocabularySize, count: options.promptTokens)
        let told = words(
            below: network.config.qformer.vocabularySize, count: min(options.promptTokens, network.config.qformer.positionCount))
        let instruction = network.config.tellsQFormer ? try TokenBatch(told, padding: 0, at: .right, on: options.device) : nil
        let words = try TokenBatch(ids, padding: 0, at: network.promptPadding, on: options.device)
        clock = Stopwatch()
        let prompt = try network.prompt(seeing: look, told: instruction, then: words)
        round.qformer = try lap()

        let reading = opened.source.readingRate() ?? 0
        _ = Kernels.takeWork()
        // No ids end an answer, so that each has the length asked for.
        var decoding = DecodingOptions(maximumTokens: options.newTokens)
        decoding.beams = options.beams
        clock = Stopwatch()
        var work = Kernels.takeWork()
        let hooks = DecodingHooks(onStep: { step, _ in
            guard step == 0 else { return }
            round.prefill = clock.lap()
            work = Kernels.takeWork()
        })
        _ = try TokenLoop(network.language, decoding).run(prompt, hooks)
        round.decode = try lap()
        round.prefillOperations = work.operations
        let rest = Kernels.takeWork()
        round.decodeBytes = rest.bytes
        round.decodeProducts = rest.seconds
        round.reading = max(reading, opened.source.readingRate() ?? 0)
        return round
    }

    /// Different words in each row.
    private func words(below vocabulary: Int, count: Int) -> [[Int]] {
        (0..<options.batch).map { row in (0..<count).map { ($0 * 7919 + row * 104_729 + 5) % max(1, vocabulary) } }
    }

    // MARK: Opening

    private struct Opened {
        let network: InstructBLIP
        let config: InstructBLIPConfig
        let images: ImageProcessor
        let dtype: DType
        let weightBytes: Int
        let isPacked: (vision: Bool, language: Bool)
        /// Kept, as tensors may be views of its files.
        let source: ReadableWeights
    }

    private func open() throws -> Opened {
        switch model {
        case .folder(let folder):
            let config = try Checkpoint.config(in: folder)
            guard config.architecture != .blip2Retrieval else { throw BlipError.retrievalOnly(path: folder.path) }
            let files = try WeightFiles(folder: folder)
            if options.quantization != nil, files.arePacked {
                throw BlipError.invalidOption(
                    name: "the packing", found: "a checkpoint that is packed", expected: "one that is not, or none")
            }
            let dtype = try OpenOptions(dtype: options.dtype, quantization: options.quantization, device: options.device)
                .dtype(for: config, files)
            let weights = CheckpointWeights(
                files, precision: Precision(dtype, for: config.architecture), quantization: options.quantization, device: options.device)
            let source = ReadableWeights(weights)
            let network = try InstructBLIP(Scope(source), config)
            try weights.finish()
            return Opened(
                network: network, config: config, images: try ImageProcessor(checkpoint: folder, side: config.vision.imageSize),
                dtype: dtype, weightBytes: weights.memoryBytes,
                isPacked: files.arePacked ? (files.visionIsPacked, files.languageIsPacked) : isPacked, source: source)
        case .random(let config):
            guard config.architecture != .blip2Retrieval else {
                throw BlipError.invalidOption(name: "the config", found: config.architecture.name, expected: "one with a language model")
            }
            let dtype = options.dtype ?? (options.quantization == nil || options.device != .cpu ? .bfloat16 : .float32)
            let weights = RandomWeights(
                Precision(dtype, for: config.architecture), options.quantization, absent: config.language.tiedNames, on: options.device)
            let source = ReadableWeights(weights)
            let network = try InstructBLIP(Scope(source), config)
            var images = ImageProcessor()
            (images.height, images.width) = (config.vision.imageSize, config.vision.imageSize)
            return Opened(
                network: network, config: config, images: images, dtype: dtype, weightBytes: weights.byteCount,
                isPacked: isPacked, source: source)
        }
    }

    /// Of weights that are packed on the way in.
    private var isPacked: (vision: Bool, language: Bool) { (options.quantization?.vision != nil, options.quantization?.language != nil) }

    /// A picture with structure, as a PNG file.
    private static func picture(side: Int) throws -> Data {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(side * side * 3)
        for y in 0..<side {
            for x in 0..<side { pixels += [UInt8(truncatingIfNeeded: x), UInt8(truncatingIfNeeded: y), UInt8(truncatingIfNeeded: x ^ y)] }
        }
        let image = RGBImage(width: side, height: side, pixels: pixels)
        return try image.pngData()
    }

    /// Bytes per second that this device's memory gives, the best of several readings, as a disturbance only ever slows one.
    private func readingRate() throws -> Double {
        guard options.device == .cpu else { return try deviceReadingRate() }
        let memory = try Tensor.randomWeights([1 << 28], .bfloat16, deviation: 1, seed: 7)  // 512 MB
        return (0..<3).map { _ in Kernels.measureReading(memory) }.max() ?? 0
    }

    /// The best of several measurements, too.
    private func limits(_ type: DType) throws -> BenchmarkReport.Limits {
        if options.device != .cpu { return try deviceLimits(type) }
        let integers = (0..<3).map { _ in Kernels.measureIntegers(seconds: 0.1) }.max() ?? 0
        let floats = (0..<3).map { _ in Kernels.measureFloats(type, seconds: 0.1) }.max() ?? 0
        return .init(integers: integers, floats: floats)
    }

    /// The same of another device, whose rate of 8-bit integers nothing here is computed at.
    private func deviceLimits(_ type: DType) throws -> BenchmarkReport.Limits {
        try withoutGradients {
            let side = 8192
            let square = try Tensor.ones([side, side], type, on: options.device) * 0.01
            let product = try deviceSeconds { try square.matmul(square) }
            return .init(integers: 0, floats: 2 * Double(side) * Double(side) * Double(side) / product)
        }
    }

    private func deviceReadingRate() throws -> Double {
        try withoutGradients {
            // Reads and writes take as long as each other.
            let long = try Tensor.ones([1 << 29], .bfloat16, on: options.device)  // 1 GB
            return try 2 * Double(long.count) * 2 / deviceSeconds { try long.clone() }
        }
    }

    private func deviceSeconds(_ body: () throws -> Tensor) throws -> Double {
        try (0..<7).map { _ in
            try Engine.synchronize(options.device)
            let clock = Stopwatch()
            for _ in 0..<Self.repetitions { _ = try body() }
            try Engine.synchronize(options.device)
            return clock.seconds / Double(Self.repetitions)
        }.dropFirst().min() ?? .infinity
    }

    private static let repetitions = 10
}
