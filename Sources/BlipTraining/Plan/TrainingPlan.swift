import BlipImages
public import BlipModels
public import BlipTensors
public import Foundation

/// What to train, on what, and how: a plan file as a whole. Defaults are the paper's.
public struct TrainingPlan: Sendable, Equatable {
    /// The checkpoint to start from.
    public struct Model: Sendable, Equatable {
        /// As it was written: a path, or the name of a pulled model.
        public var checkpoint: String
        /// The same as a path on this machine.
        public var folder: URL
        /// Packs the frozen parts; nil leaves them as they are.
        public var frozen: PackedFormat?
        /// Whether the Q-Former is told the instruction; false is the paper's comparison without.
        public var tellsQFormer = true
    }

    public enum Precision: String, Sendable, CaseIterable { case float32, bf16, fp16 }

    public enum PictureChange: String, Sendable, CaseIterable { case none, paper, blip2, blip }

    /// What an answer counts in the loss of a step: by its tokens, by their square root, or no more than a short one.
    public enum Counted: String, Sendable, CaseIterable {
        case tokens, roots, answers

        /// What answers of so many tokens count together.
        func weight(of lengths: some Sequence<Int>) -> Double {
            lengths.reduce(0) { $0 + Double($1) * weight(ofEachOf: $1) }
        }

        /// What each token of an answer of so many counts.
        func weight(ofEachOf length: Int) -> Double {
            switch self {
            case .tokens: 1
            case .roots: 1 / Double(max(1, length)).squareRoot()
            case .answers: 1 / Double(max(1, length))
            }
        }

        /// What each token of these answers counts; nil where all count alike.
        func weights(_ answers: [[Int]]) -> [Double]? { self == .tokens ? nil : answers.map { weight(ofEachOf: $0.count) } }
    }

    /// What happens to a loss that is no number.
    public enum BadLoss: String, Sendable, CaseIterable {
        /// Training ends, with the batch written out.
        case stop
        /// The step changes nothing, and is counted.
        case skip
    }

    /// Where the image encoder's output is kept.
    public struct ImageCache: Sendable, Equatable {
        public var memoryBytes = 2_000_000_000
        public var folder: URL?
        public var folderBytes = 50_000_000_000
    }

    /// The `training` of a plan.
    public struct Training: Sendable, Equatable {
        public var steps = 60_000
        /// Samples of a step, over all processes.
        public var batch = 128
        /// Samples that are in memory at once; nil is a process's whole share of the batch.
        public var microBatch: Int?
        public var rate = 1e-5
        /// The peaks of single parts, in place of ``rate``: the whole schedule of a part is higher or lower by their ratio.
        public var partRates: [NetworkPart: Double] = [:]
        public var minimumRate = 0.0
        public var warmupRate = 1e-8
        public var warmupSteps = 1000
        public var weightDecay = 0.05
        public var betas = [0.9, 0.999]
        public var epsilon = 1e-8
        /// The greatest norm of all gradients; nil clips nothing, as the reference.
        public var clip: Double?
        /// The share that a moving average of the weights keeps of itself in every step; nil has no average.
        public var averageDecay: Double?
        public var precision = Precision.float32
        /// Computes the language model's layers once more on the way back instead of keeping what is in them.
        public var recomputes = false
        /// Nil is what is usual: tokens in instruction tuning, as in the reference, and answers in lessons.
        public var counted: Counted?
        /// In the Q-Former, with the probabilities that its config names.
        public var hasDropout = true
        /// Of dropout; `data.seed` is that of the samples.
        public var seed: UInt64 = 42
        public var augmentation = PictureChange.paper
        public var imageCache: ImageCache?
        /// Threads that read pictures.
        public var workers = 2
        /// Frames read of a clip.
        public var frames = 4
        /// Tokens of an instruction and of an answer. Source: the reference's `max_txt_len` and `max_output_txt_len`.
        public var instructionLimit = 128
        public var answerLimit = 256
        public var badLoss = BadLoss.stop
        public var maximumBadLosses = 10

        public init() {}
    }

    /// The `pretraining` of a plan: the first stage of BLIP-2, for checkpoints for retrieval.
    public struct Pretraining: Sendable, Equatable {
        /// What each of the three losses counts; the sum is what is trained. Source: the reference.
        public var contrastive = 1.0
        public var matching = 1.0
        public var captioning = 1.0
        /// Of the labels of contrast and captions.
        public var labelSmoothing = 0.1
        /// Tokens of a caption, with `[CLS]` and `[SEP]`.
        public var textTokens = 32

        public init() {}
    }

    /// The `language_pretraining` of a plan: the language model learns to answer about pictures that it is told in words.
    public struct LanguagePretraining: Sendable, Equatable {
        /// Soft tokens of a picture; as many as there will be query tokens.
        public var places = 32
        /// The word for a place that holds nothing; nil for zeros.
        public var nothing: String?
        /// Added to soft tokens, as a share of their root mean square.
        public var noise = 0.0

        public init() {}
    }

    /// The `query_pretraining` of a plan: the Q-Former learns to tell of pictures what the language model was told in words.
    public struct QueryPretraining: Sendable, Equatable {
        /// As in ``LanguagePretraining``.
        public var nothing: String?
        /// Whether each thing goes to the query that tells it best already, and not always to its own place.
        public var hasFreePlaces = false

        public init() {}
    }

    public struct Checkpoints: Sendable, Equatable {
        /// Steps between two; the last step has one in any case.
        public var every = 3000
        /// How many of the newest stay; the best one stays besides.
        public var keep = 2
    }

    public struct Validation: Sendable, Equatable {
        /// Nil where benchmarks alone are scored.
        public var data: DataPlan?
        public var every = 3000
        /// The most samples looked at.
        public var samples = 1000
        /// What the network is scored on as it is, by name; whoever makes the trainer knows how.
        public var benchmarks: [String] = []
        /// Samples of each benchmark.
        public var limit = Limit.all
        /// What the best checkpoint is best in.
        public var best = Best.loss

        public enum Limit: Sendable, Equatable {
            case all
            case count(Int)
            /// In (0, 1].
            case share(Double)
        }

        public enum Best: Sendable, Equatable {
            case loss
            /// A metric of a benchmark, as `okvqa/vqa_accuracy`, of which more is better; without a metric the benchmark's own.
            case metric(String)
        }
    }

    public var model: Model
    public var data: DataPlan
    public var training = Training()
    /// Nil where the plan does not speak of it; a checkpoint for retrieval is then trained with the defaults.
    public var pretraining: Pretraining?
    public var languagePretraining: LanguagePretraining?
    /// The plan's `vision_pretraining`: the image encoder learns to tell what is where.
    public var teachesVision = false
    public var queryPretraining: QueryPretraining?
    public var trained = NetworkPart.trainedByDefault
    /// Low-rank changes of the language model, to be trained in its place.
    public var adapters: AdapterSettings?
    /// Where checkpoints and logs go.
    public var output: URL
    public var checkpoints = Checkpoints()
    public var validation: Validation?
    /// The plan with its overrides, as YAML.
    public var text: String

    public var learningRate: LearningRate {
        LearningRate(
            peak: training.rate, minimum: training.minimumRate, warmupStart: training.warmupRate, warmupSteps: training.warmupSteps,
            steps: training.steps)
    }
}

extension TrainingPlan.PictureChange {
    var augmentation: Augmentation {
        switch self {
        case .none: .none
        case .paper: .paper
        case .blip2: .blip2
        case .blip: .blip
        }
    }
}
