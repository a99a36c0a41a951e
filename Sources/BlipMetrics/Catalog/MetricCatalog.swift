/// All metrics.
public enum MetricCatalog {
    public static let all: [MetricCard] =
        [vqaAccuracy, vqaUnanswerableRate, gqaAccuracy, gqaAccuracyNormalized, aokvqaDirectAnswer, aokvqaMultipleChoice, ivqaAccuracy]
        + [exactMatch, exactMatchNormalized, multipleChoice, rocAUC, averagePrecision]
        + [reciprocalRank, recallAt1, recallAt5, recallAt10, meanRank, discountedGain]
        + bleu + [cider, ciderD, ciderPlain, rougeL, captionLength] + ofScenes

    // Answers

    public static let vqaAccuracy = MetricCard(
        "vqa_accuracy", "agreement with ten people's answers; also by answer type, and on request by question type",
        source: "Goyal et al., CVPR 2017; vqaEval.py of GT-Vision-Lab/VQA, which LAVIS uses for OKVQA, TextVQA and VizWiz too")
    public static let vqaUnanswerableRate = MetricCard(
        "vqa_unanswerable_rate", .neither, .fraction, "how often the answer is \"unanswerable\"", source: "VizWiz's most frequent answer")
    public static let gqaAccuracy = MetricCard(
        "gqa_accuracy", "answers equal to the one right answer; also of binary and of open questions",
        source: "Hudson and Manning, CVPR 2019; eval.py of GQA")
    public static let gqaAccuracyNormalized = MetricCard(
        "gqa_accuracy_normalized", "the same after VQA's rewriting of both, as the paper's code compares them",
        source: "lavis/tasks/vqa.py, GQATask")
    public static let aokvqaDirectAnswer = MetricCard(
        "aokvqa_direct_answer", "a third for each of ten people who gave the answer; without difficult questions",
        source: "Schwenk et al., ECCV 2022; eval_predictions.py of allenai/aokvqa")
    public static let aokvqaMultipleChoice = MetricCard(
        "aokvqa_multiple_choice", "right choices of four", source: "Schwenk et al., ECCV 2022; eval_predictions.py of allenai/aokvqa")
    public static let ivqaAccuracy = MetricCard(
        "ivqa_accuracy", "a half for each of five people who gave the answer", source: "Yang et al., ICCV 2021, section 4.1")
    public static let exactMatch = MetricCard(
        "exact_match", "answers equal to a reference, byte for byte but for white space around them (top-1 accuracy)", source: "-")
    public static let exactMatchNormalized = MetricCard(
        "exact_match_normalized", "answers equal to a reference after VQA's rewriting of both", source: "vqaEval.py of GT-Vision-Lab/VQA")
    public static let multipleChoice = MetricCard("multiple_choice_accuracy", "right choices, by text or by number from 0", source: "-")

    // Captions of scenes, whose truth is known; no file tells it

    /// What only `eval` computes, of the built-in scenes.
    public static let ofScenes = [captionFacts, captionFactsFaultless, captionFactsRecall, captionFactsUnparsed]
    public static let captionFacts = MetricCard(
        "caption_facts", "facts that are right, of those that a caption of a scene states; also by kind of fact", source: scenes)
    public static let captionFactsFaultless = MetricCard(
        "caption_facts_faultless", "captions of scenes that state nothing wrong", source: scenes)
    public static let captionFactsRecall = MetricCard(
        "caption_facts_recall", "objects of a scene that its caption mentions", source: scenes)
    public static let captionFactsUnparsed = MetricCard(
        "caption_facts_unparsed", .lower, .fraction, "captions of scenes with words that mean nothing there, which count as wrong",
        source: scenes)
    private static let scenes = "SceneFactCheck of BlipScenes"

    // Positive or negative

    public static let rocAUC = MetricCard(
        "roc_auc", "how often a positive sample scores above a negative one, ties counting half",
        source: "Hanley and McNeil, 1982; roc_auc_score of scikit-learn")
    public static let averagePrecision = MetricCard(
        "average_precision", "mean precision at each positive sample", source: "average_precision_score of scikit-learn")

    // Dialogs

    public static let reciprocalRank = MetricCard("mrr", "mean of one over the right answer's rank", source: dialogs)
    public static let recallAt1 = MetricCard("recall_at_1", "how often the right answer is first", source: dialogs)
    public static let recallAt5 = MetricCard("recall_at_5", "how often it is among the first five", source: dialogs)
    public static let recallAt10 = MetricCard("recall_at_10", "how often it is among the first ten", source: dialogs)
    public static let meanRank = MetricCard("mean_rank", .lower, .rank, "mean of the right answer's rank", source: dialogs)
    public static let discountedGain = MetricCard(
        "ndcg", "normalised discounted cumulative gain, of rounds whose candidates people rated", source: dialogs)
    private static let dialogs = "Das et al., CVPR 2017; metrics.py of visdial-challenge-starter-pytorch"

    // Captions

    public static let bleu = (1...4).map {
        MetricCard(
            "bleu_\($0)", "shared runs of up to \($0) words; one score for the corpus", source: "Papineni et al., ACL 2002; pycocoevalcap")
    }
    public static let cider = MetricCard(
        "cider", .higher, .cider, "shared runs of words by how rare they are; what the official scorer prints as CIDEr",
        source: "Vedantam et al., CVPR 2015; pycocoevalcap")
    public static let ciderD = MetricCard(
        "cider_d", .higher, .cider, "the same number: the official scorer's CIDEr is the formula that its paper calls CIDEr-D",
        source: "Vedantam et al., CVPR 2015; pycocoevalcap")
    public static let ciderPlain = MetricCard(
        "cider_plain", .higher, .cider, "CIDEr without clipping and without the penalty for length",
        source: "Vedantam et al., CVPR 2015, equation 3; without stemming")
    public static let rougeL = MetricCard(
        "rouge_l", "longest common sequence of words, recall weighing more", source: "Lin, 2004; pycocoevalcap")
    public static let captionLength = MetricCard("caption_length", .neither, .words, "words of a caption, without punctuation", source: "-")
}
