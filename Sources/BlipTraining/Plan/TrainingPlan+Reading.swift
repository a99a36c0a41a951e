import BlipModels
import BlipTensors
public import Foundation

extension TrainingPlan {
    /// Reads a whole plan.
    ///
    /// - Parameters:
    ///   - output: in place of the plan's.
    ///   - root: the datasets' folder, in place of the plan's.
    /// - Throws: ``PlanError`` for what is missing, mistyped or cannot be.
    public init(_ file: PlanFile, output: URL? = nil, root: URL? = nil) throws {
        var keys = try file.root.mapping()
        model = try Self.model(keys.need("model"), file)
        data = try DataPlan(keys.need("data"), in: file, root: root)
        if let value = keys.take("training") { training = try Self.training(value, file) }
        if let value = keys.take("lora") { adapters = try Self.adapters(value, seed: training.seed) }
        pretraining = try keys.take("pretraining").map { value throws(PlanError) in try Self.pretraining(value) }
        languagePretraining = try keys.take("language_pretraining").map { value throws(PlanError) in try Self.languagePretraining(value) }
        if let value = keys.take("vision_pretraining") { teachesVision = try value.flag() }
        queryPretraining = try keys.take("query_pretraining").map { value throws(PlanError) in try Self.queryPretraining(value) }
        if languagePretraining != nil { trained = [.languageModel] }
        if teachesVision { trained = [.visionEncoder, .visionNorm] }
        if let value = keys.take("train") {
            trained = Set(try value.oneOrMore().map { value throws(PlanError) in try value.choice(NetworkPart.self) })
            if trained.isEmpty, adapters == nil {
                throw PlanError.badValue(place: value.place, found: "empty", expected: "at least one part, or lora beside it")
            }
            if trained.contains(.languageModel), adapters != nil {
                throw PlanError.badValue(
                    place: value.place, found: "language_model beside lora", expected: "either: lora is in place of training it whole")
            }
        }
        if let value = keys.take("checkpoints") { checkpoints = try Self.checkpoints(value) }
        if let value = keys.take("validation") { validation = try Self.validation(value, file, root) }
        let named = keys.take("output")
        guard let folder = try output ?? named.map({ value in file.url(try value.text()) }) else {
            throw PlanError.missingKey(place: keys.place, key: "output")
        }
        self.output = folder
        text = try file.yaml()
        try keys.finish()
        try check(file)
    }

    /// What no key alone can have wrong.
    private func check(_ file: PlanFile) throws(PlanError) {
        let stages = [pretraining != nil, languagePretraining != nil, teachesVision, queryPretraining != nil]
        if stages.count(where: { $0 }) > 1 {
            throw .badValue(
                place: file.name, found: "several of pretraining, language_pretraining, vision_pretraining and query_pretraining",
                expected: "one of them")
        }
        let tells = NetworkPart.trainedByDefault.union([.visionEncoder, .visionNorm])
        if queryPretraining != nil, !trained.isSubset(of: tells) || adapters != nil {
            throw .badValue(
                place: "\(file.name), train",
                found: (trained.map(\.rawValue) + (adapters == nil ? [] : ["lora"])).sorted().joined(separator: ", "),
                expected: "the Q-Former, what is about it and the image encoder, as nothing else learns in query_pretraining")
        }
        if languagePretraining != nil, trained != [.languageModel] {
            throw .badValue(
                place: "\(file.name), train", found: trained.map(\.rawValue).sorted().joined(separator: ", "),
                expected: "language_model alone, as nothing else learns in language_pretraining")
        }
        if teachesVision, !trained.isSubset(of: [.visionEncoder, .visionNorm]) {
            throw .badValue(
                place: "\(file.name), train", found: trained.map(\.rawValue).sorted().joined(separator: ", "),
                expected: "vision_encoder and vision_norm, as nothing else learns in vision_pretraining")
        }
        if teachesVision || queryPretraining != nil, training.augmentation != .none {
            throw .badValue(
                place: "\(file.name), training.augmentation", found: training.augmentation.rawValue,
                expected: "none: in a picture that is cropped or turned, things are elsewhere than their descriptions say")
        }
        if !training.partRates.isEmpty, training.rate <= 0 {
            throw .badValue(
                place: "\(file.name), training.learning_rate", found: "0",
                expected: "more, where training.learning_rates are given beside it")
        }
        for part in training.partRates.keys.sorted(by: { $0.rawValue < $1.rawValue })
        where !trained.contains(part) && !(part == .languageModel && adapters != nil) {
            throw .badValue(
                place: "\(file.name), training.learning_rates", found: part.rawValue, expected: "parts that are trained, which this is not")
        }
        guard training.imageCache != nil else { return }
        if training.augmentation != .none {
            throw .badValue(
                place: "\(file.name), training.image_cache", found: "given",
                expected: "training.augmentation to be none: features can be kept only where a picture looks the same every time")
        }
        if trained.contains(.visionEncoder) {
            throw .badValue(
                place: "\(file.name), training.image_cache", found: "given", expected: "the vision encoder to be frozen")
        }
    }

    /// Keys that were given, and that nothing of this plan looks at.
    var unusedKeys: [String] {
        var keys: [String] = []
        if pretraining != nil || teachesVision || queryPretraining != nil {
            let plain = Training()
            if training.counted != nil { keys.append("training.count") }
            if training.recomputes { keys.append("training.recompute") }
            if training.instructionLimit != plain.instructionLimit { keys.append("training.max_instruction_tokens") }
            if training.answerLimit != plain.answerLimit { keys.append("training.max_answer_tokens") }
        }
        if let validation {
            if validation.benchmarks.isEmpty, validation.limit != .all { keys.append("validation.limit") }
            if validation.data == nil, validation.samples != Validation().samples { keys.append("validation.samples") }
        }
        return keys
    }

    private static func model(_ value: PlanValue, _ file: PlanFile) throws(PlanError) -> Model {
        guard value.isMapping else {
            let text = try value.text()
            return Model(checkpoint: text, folder: file.url(text))
        }
        var keys = try value.mapping()
        let text = try keys.need("checkpoint").text()
        var model = Model(checkpoint: text, folder: file.url(text))
        if let value = keys.take("frozen") {
            switch try value.text() {
            case "q8": model.frozen = .q8
            case "q4": model.frozen = .q4
            case "as-stored": break
            case let other: throw .badValue(place: value.place, found: "\"\(other)\"", expected: "q8, q4 or as-stored")
            }
        }
        if let value = keys.take("qformer_text_input") { model.tellsQFormer = try value.flag() }
        try keys.finish()
        return model
    }

    private static func training(_ value: PlanValue, _ file: PlanFile) throws(PlanError) -> Training {
        var (keys, training) = (try value.mapping(), Training())
        if let value = keys.take("steps") { training.steps = try value.integer(in: 1...1_000_000_000) }
        if let value = keys.take("batch") { training.batch = try value.integer(in: 1...1_000_000) }
        if let value = keys.take("micro_batch") { training.microBatch = try value.integer(in: 1...1_000_000) }
        if let value = keys.take("learning_rate") { training.rate = try value.number() }
        if let value = keys.take("learning_rates") {
            var parts = try value.mapping()
            for part in NetworkPart.allCases {
                if let rate = parts.take(part.rawValue) { training.partRates[part] = try rate.number() }
            }
            try parts.finish()
        }
        if let value = keys.take("min_learning_rate") { training.minimumRate = try value.number() }
        if let value = keys.take("warmup_learning_rate") { training.warmupRate = try value.number() }
        if let value = keys.take("warmup_steps") { training.warmupSteps = try value.integer() }
        if let value = keys.take("weight_decay") { training.weightDecay = try value.number() }
        if let value = keys.take("betas") {
            training.betas = try value.list().map { value throws(PlanError) in try value.number(in: 0...0.999_999_999) }
            if training.betas.count != 2 {
                throw .badValue(place: value.place, found: "\(training.betas.count) numbers", expected: "two, for example [0.9, 0.999]")
            }
        }
        if let value = keys.take("epsilon") { training.epsilon = try value.number(in: 1e-30...1) }
        if let value = keys.take("clip") { training.clip = try value.number(in: 1e-12...1e12) }
        if let value = keys.take("ema") { training.averageDecay = try value.number(in: 0...0.999_999_999) }
        if let value = keys.take("precision") { training.precision = try value.choice() }
        if let value = keys.take("recompute") { training.recomputes = try value.flag() }
        if let value = keys.take("dropout") { training.hasDropout = try value.flag() }
        if let value = keys.take("seed") { training.seed = UInt64(try value.integer()) }
        if let value = keys.take("augmentation") { training.augmentation = try value.choice() }
        if let value = keys.take("image_cache") { training.imageCache = try imageCache(value, file) }
        if let value = keys.take("workers") { training.workers = try value.integer(in: 0...OrderedPrefetchLimit.workers) }
        if let value = keys.take("frames") { training.frames = try value.integer(in: 1...256) }
        if let value = keys.take("max_instruction_tokens") { training.instructionLimit = try value.integer(in: 4...65536) }
        if let value = keys.take("max_answer_tokens") { training.answerLimit = try value.integer(in: 4...65536) }
        if let value = keys.take("count") { training.counted = try value.choice() }
        if let value = keys.take("bad_loss") { training.badLoss = try value.choice() }
        if let value = keys.take("max_bad_losses") { training.maximumBadLosses = try value.integer() }
        try keys.finish()
        return training
    }

    private static func adapters(_ value: PlanValue, seed: UInt64) throws(PlanError) -> AdapterSettings {
        var (keys, adapters) = (try value.mapping(), AdapterSettings(seed: seed))
        if let value = keys.take("rank") { adapters.rank = try value.integer(in: 1...4096) }
        // As large as twice the rank, unless it is given.
        adapters.alpha = try keys.take("alpha")?.number(in: 1e-6...1e6) ?? Double(2 * adapters.rank)
        if let value = keys.take("dropout") { adapters.dropout = try value.number(in: 0...0.99) }
        if let value = keys.take("targets") {
            adapters.targets = try value.oneOrMore().map { value throws(PlanError) in try value.text() }
            if adapters.targets.isEmpty { throw .badValue(place: value.place, found: "empty", expected: "names of layers, or all") }
        }
        try keys.finish()
        return adapters
    }

    private static func imageCache(_ value: PlanValue, _ file: PlanFile) throws(PlanError) -> ImageCache? {
        guard value.isMapping else { return try value.flag() ? ImageCache() : nil }
        var (keys, cache) = (try value.mapping(), ImageCache())
        if let value = keys.take("memory_gb") { cache.memoryBytes = Int(try value.number(in: 0...1e6) * 1e9) }
        if let value = keys.take("folder") { cache.folder = file.url(try value.text()) }
        if let value = keys.take("folder_gb") { cache.folderBytes = Int(try value.number(in: 0...1e6) * 1e9) }
        try keys.finish()
        return cache
    }

    private static func languagePretraining(_ value: PlanValue) throws(PlanError) -> LanguagePretraining {
        var (keys, pretraining) = (try value.mapping(), LanguagePretraining())
        if let value = keys.take("places") { pretraining.places = try value.integer(in: 1...4096) }
        pretraining.nothing = try keys.take("nothing")?.text()
        if let value = keys.take("noise") { pretraining.noise = try value.number(in: 0...10) }
        try keys.finish()
        return pretraining
    }

    private static func queryPretraining(_ value: PlanValue) throws(PlanError) -> QueryPretraining {
        var (keys, pretraining) = (try value.mapping(), QueryPretraining())
        pretraining.nothing = try keys.take("nothing")?.text()
        if let value = keys.take("free_places") { pretraining.hasFreePlaces = try value.flag() }
        try keys.finish()
        return pretraining
    }

    private static func pretraining(_ value: PlanValue) throws(PlanError) -> Pretraining {
        var (keys, pretraining) = (try value.mapping(), Pretraining())
        if let value = keys.take("contrastive") { pretraining.contrastive = try value.number() }
        if let value = keys.take("matching") { pretraining.matching = try value.number() }
        if let value = keys.take("captioning") { pretraining.captioning = try value.number() }
        if let value = keys.take("label_smoothing") { pretraining.labelSmoothing = try value.number(in: 0...1) }
        if let value = keys.take("text_tokens") { pretraining.textTokens = try value.integer(in: 3...65536) }
        try keys.finish()
        guard pretraining.contrastive + pretraining.matching + pretraining.captioning > 0 else {
            throw .badValue(place: value.place, found: "0 for every loss", expected: "at least one that counts")
        }
        return pretraining
    }

    private static func checkpoints(_ value: PlanValue) throws(PlanError) -> Checkpoints {
        var (keys, checkpoints) = (try value.mapping(), Checkpoints())
        if let value = keys.take("every") { checkpoints.every = try value.integer(in: 1...Int.max) }
        if let value = keys.take("keep") { checkpoints.keep = try value.integer(in: 1...Int.max) }
        try keys.finish()
        return checkpoints
    }

    private static func validation(_ value: PlanValue, _ file: PlanFile, _ root: URL?) throws -> Validation {
        var keys = try value.mapping()
        var validation = Validation()
        if let value = keys.take("benchmarks") {
            validation.benchmarks = try value.oneOrMore().map { value throws(PlanError) in try value.text() }
            if let twice = Dictionary(grouping: validation.benchmarks, by: { $0 }).first(where: { $0.value.count > 1 })?.key {
                throw PlanError.badValue(place: value.place, found: "\(twice) twice", expected: "each benchmark once")
            }
        }
        if let value = keys.take("data") {
            var data = try DataPlan(value, in: file, root: root)
            // What training must not see is what this looks at.
            var named = try value.mapping()
            if let exclude = named.take("exclude"), data.exclusion != .nothing {
                let expected = "no exclude (or nothing): validation looks at all that its datasets hold"
                throw PlanError.badValue(place: exclude.place, found: "given", expected: expected)
            }
            data.exclusion = .nothing
            validation.data = data
        } else if validation.benchmarks.isEmpty {
            throw PlanError.missingKey(place: keys.place, key: "data")
        }
        if let value = keys.take("every") { validation.every = try value.integer(in: 1...Int.max) }
        if let value = keys.take("samples") { validation.samples = try value.integer(in: 1...Int.max) }
        if let value = keys.take("limit") { validation.limit = try limit(value) }
        validation.best = validation.data == nil ? .metric(validation.benchmarks[0]) : .loss
        if let value = keys.take("best") { validation.best = try best(value, validation) }
        try keys.finish()
        return validation
    }
}

extension TrainingPlan {
    private static func limit(_ value: PlanValue) throws(PlanError) -> Validation.Limit {
        let number = try value.number()
        if number > 0, number <= 1, try value.text().contains(".") { return .share(number) }
        guard let count = Int(exactly: number), count >= 1 else {
            throw .badValue(place: value.place, found: try value.text(), expected: "a number of samples, or a share as 0.1")
        }
        return .count(count)
    }

    private static func best(_ value: PlanValue, _ validation: Validation) throws(PlanError) -> Validation.Best {
        let name = try value.text()
        if name == "loss" {
            guard validation.data != nil else {
                throw .badValue(place: value.place, found: "loss", expected: "data beside it, of which there is a loss")
            }
            return .loss
        }
        let benchmark = name.split(separator: "/", maxSplits: 1).first.map(String.init) ?? name
        guard validation.benchmarks.contains(benchmark) else {
            let known = ["loss"] + validation.benchmarks
            throw .badValue(
                place: value.place, found: "\"\(name)\"", expected: known.joined(separator: ", ") + ", or a metric as name/metric")
        }
        return .metric(name)
    }
}

/// Bounds of a plan.
private enum OrderedPrefetchLimit {
    static var workers: Int { OrderedPrefetch<Int>.limit }
}
