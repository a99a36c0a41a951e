public import BlipData
public import BlipDecoding
import BlipScenes

/// How a dataset is evaluated: split, prompt, decoding and metric, as the paper has them so far as that is known.
public struct EvaluationBenchmark: Sendable {
    /// How an answer is found.
    public enum Answering: Sendable, Equatable {
        case generate(DecodingPreset)
        /// The likeliest of some texts.
        case rank(Candidates)
    }

    /// What is ranked.
    public enum Candidates: Sendable, Equatable {
        /// The sample's own choices.
        case choices
        /// Their letters, `(a)`, `(b)` and so on.
        case letters
        /// Words that mean the first of the sample's two choices, and words that mean the second; their likelihoods belong together.
        case words(first: [String], second: [String])
    }

    /// How answers become scores.
    public enum Scoring: String, Sendable {
        case vqa, gqa, ivqa, caption, dialog
        /// Sentences that are compared with the expected ones.
        case text
        case exactMatch = "exact_match"
        case aokvqa = "aokvqa_direct_answer"
        /// Whether the right one was chosen.
        case choice = "multiple_choice"
        /// How far positive samples stand above negative ones; the first choice is the positive one.
        case curve = "roc_auc"
    }

    /// A question on which sources disagree, and what is done here unless somebody says otherwise.
    public struct Option: Sendable {
        public struct Value: Sendable {
            public let name: String
            public let meaning: String
            let apply: @Sendable (inout EvaluationBenchmark) -> Void

            init(_ name: String, _ meaning: String, _ apply: @escaping @Sendable (inout EvaluationBenchmark) -> Void = { _ in }) {
                (self.name, self.meaning, self.apply) = (name, meaning, apply)
            }
        }

        public let name: String
        /// The first is the default.
        public let values: [Value]
        /// Why there is a choice.
        public let reason: String

        init(_ name: String, _ values: [Value], reason: String) { (self.name, self.values, self.reason) = (name, values, reason) }
    }

    public let name: String
    /// Of the dataset among `NamedDatasets`.
    public let dataset: String
    public var split: Split
    public var template: Template
    public var evidence: String
    public var answering: Answering
    public let scoring: Scoring
    /// The metric whose value stands for the benchmark, and is compared with published ones.
    public let headline: String
    /// The fact of a sample by which scores are broken down; nil for none.
    public let breakdown: String?
    public let options: [Option]
    /// Options that were chosen, by name.
    public private(set) var chosen: [String: String] = [:]
    /// Changes a sample before it is asked; nil leaves it out.
    private(set) var prepare: @Sendable (Sample) -> Sample? = { $0 }
    /// Whether ``prepare`` may leave samples out.
    private(set) var leavesOut = false

    init(
        _ name: String, dataset: String? = nil, _ split: Split, _ answering: Answering, _ scoring: Scoring, headline: String,
        breakdown: String? = nil, options: [Option] = [], prompt: EvaluationPrompt? = nil
    ) throws {
        let definition = try NamedDatasets.dataset(dataset ?? name)
        guard let prompt = prompt ?? definition.prompt else {
            throw EvaluationError.nothingToEvaluate(benchmark: name, reason: "its dataset has no prompt for it")
        }
        (self.name, self.dataset, self.split, self.answering) = (name, definition.name, split, answering)
        (self.scoring, self.headline, self.breakdown, self.options) = (scoring, headline, breakdown, options)
        (template, evidence) = (prompt.template, prompt.evidence)
        for option in options { chosen[option.name] = option.values.first?.name }
        for option in options { option.values.first?.apply(&self) }
    }

    public var title: String {
        get throws { try NamedDatasets.dataset(dataset).card.title }
    }

    public var role: DatasetRole {
        get throws { try NamedDatasets.dataset(dataset).card.role }
    }

    /// Whether its samples are read from files; scenes are drawn when they are asked for.
    public var needsFiles: Bool { !SceneCatalog.all.contains { $0.name == dataset } }

    /// Whether its samples bring their own instructions, around which no prompt is put.
    public var bringsInstructions: Bool {
        get throws { try NamedDatasets.dataset(dataset).card.category == .instructions }
    }

    /// Whether its answers are captions or descriptions of scenes, whose facts can be checked.
    var describesScenes: Bool {
        get throws {
            guard !needsFiles else { return false }
            switch try NamedDatasets.dataset(dataset).card.category {
            case .captioning, .readingCaptioning: return true
            case .instructions: return dataset == SceneTask.details.name
            default: return false
            }
        }
    }

    /// The prompt or an option, chosen by name.
    public func setting(_ name: String, to value: String) throws -> EvaluationBenchmark {
        var changed = self
        if name == "prompt" {
            guard try !bringsInstructions else {
                throw EvaluationError.badOption(
                    benchmark: self.name, name: name, found: value,
                    expected: "nothing, since each of its samples brings its own instruction")
            }
            do { changed.template = try Template(value) } catch {
                throw EvaluationError.badTemplate(benchmark: self.name, text: value, reason: "\(error)")
            }
            changed.chosen[name] = value
            changed.evidence = "given by the user"
            return changed
        }
        if name == "split" {
            guard let split = Split(rawValue: value) else {
                throw EvaluationError.badOption(
                    benchmark: self.name, name: name, found: value, expected: Split.allCases.map(\.rawValue).joined(separator: ", "))
            }
            changed.split = split
            changed.chosen[name] = value
            return changed
        }
        guard let option = options.first(where: { $0.name == name }) else {
            throw EvaluationError.unknownOption(benchmark: self.name, name: name, available: ["split"] + options.map(\.name))
        }
        guard let found = option.values.first(where: { $0.name == value }) else {
            throw EvaluationError.badOption(
                benchmark: self.name, name: name, found: value, expected: option.values.map(\.name).joined(separator: ", "))
        }
        changed.chosen[name] = value
        found.apply(&changed)
        return changed
    }

    /// Adds a change behind those that are there.
    mutating func preparing(_ next: @escaping @Sendable (Sample) -> Sample) {
        let before = prepare
        prepare = { before($0).map(next) }
    }

    /// Leaves samples out.
    mutating func keeping(_ isWanted: @escaping @Sendable (Sample) -> Bool) {
        let before = prepare
        prepare = { before($0).flatMap { isWanted($0) ? $0 : nil } }
        leavesOut = true
    }
}

extension Sample {
    /// The same with its question changed; others stay what they are.
    func question(_ change: (inout VisualQuestion) -> Void) -> Sample {
        guard case .question(var question) = task else { return self }
        change(&question)
        var changed = self
        changed.task = .question(question)
        return changed
    }
}
