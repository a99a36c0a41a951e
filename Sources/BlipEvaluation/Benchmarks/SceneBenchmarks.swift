import BlipData
import BlipDecoding
import BlipMetrics
public import BlipScenes

extension EvaluationBenchmark {
    /// A set of scenes as a benchmark: asked, answered and measured as its task says.
    ///
    /// Sets whose samples bring their own instructions have no prompt; their responses are compared with the expected ones by ROUGE-L. Answers are written
    /// greedily: the paper's penalty on repetition would be one on lists of things and on numbers like 77. Captions have a small one.
    public init(_ task: SceneTask) throws {
        let (answering, scoring, headline) = try Self.measured(task)
        let prompt = task.prompt ?? EvaluationPrompt("{question}", evidence: "each sample brings its own instruction")
        try self.init(
            task.name, task.sizes.last?.split ?? .test, answering, scoring, headline: headline, breakdown: Self.breakdown(task),
            prompt: prompt)
        // VQA's accuracy rewrites what was answered and not what people said: no word in capitals could ever be right.
        if scoring == .vqa {
            preparing { $0.question { question in question.answers = question.answers.map(Self.rewritten) } }
        }
    }

    private static func rewritten(_ answer: WeightedAnswer) -> WeightedAnswer {
        WeightedAnswer(VQAAnswer.normalized(answer.text), weight: answer.weight)
    }

    /// How a task's metric, as its card names it, is computed.
    private static func measured(_ task: SceneTask) throws -> (Answering, Scoring, headline: String) {
        let isRanked = task.prompt?.answering == .rank
        switch task.metric {
        case "CIDEr": return (.generate(.sceneCaption), .caption, "cider")
        case "ROUGE-L": return (.generate(.greedy), .text, "rouge_l")
        case "VQA accuracy": return (.generate(.greedy), .vqa, "vqa_accuracy")
        case "iVQA accuracy": return (.generate(.greedy), .ivqa, "ivqa_accuracy")
        case "exact match": return (.generate(.greedy), .exactMatch, "exact_match")
        case "top-1 accuracy" where !isRanked: return (.generate(.greedy), .gqa, "gqa_accuracy")
        // Statements are true or false, which as in the paper also yes and no stand for.
        case "top-1 accuracy" where task.category == .visualReasoning:
            return (.rank(BenchmarkCatalog.yesNo), .choice, "multiple_choice_accuracy")
        case "top-1 accuracy", "accuracy": return (.rank(.choices), .choice, "multiple_choice_accuracy")
        case "MRR": return (.rank(.choices), .dialog, "mrr")
        case "AUC": return (.rank(BenchmarkCatalog.yesNo), .curve, "roc_auc")
        default: throw EvaluationError.nothingToEvaluate(benchmark: task.name, reason: "its metric \(task.metric) is not known here")
        }
    }

    /// The fact that tells the kinds of a set's samples apart.
    private static func breakdown(_ task: SceneTask) -> String {
        switch task.category {
        case .videoQuestions: "action"
        case .visualReasoning where task.metric == "accuracy": "skills"
        case .visualReasoning where task.prompt?.answering == .rank: "relation"
        case .knowledgeQuestions where task.prompt?.answering == .rank: "form"
        default: "question_type"
        }
    }
}
