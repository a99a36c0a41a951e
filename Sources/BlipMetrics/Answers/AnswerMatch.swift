/// Whether an answer is the one that was expected: scores of a single answer, each 0 or 1 or a share of it.
public enum AnswerMatch {
    /// 1 if the answer is one of the references, byte for byte but for white space around it.
    public static func exact(_ answer: String, _ references: [String]) throws -> Double {
        try score(answer, references) { PythonText.stripped($0) }
    }

    /// 1 if both are equal after VQA's rewriting, ``VQAAnswer/normalized(_:)``. The paper's code compares answers about GQA so.
    public static func normalized(_ answer: String, _ references: [String]) throws -> Double {
        try score(answer, references, VQAAnswer.normalized)
    }

    /// A-OKVQA's direct answers: a third for each of the ten people who gave exactly this answer, at most 1.
    ///
    /// Source: `evaluation/eval_predictions.py` of allenai/aokvqa.
    public static func aokvqa(_ answer: String, _ references: [String]) throws -> Double {
        min(1, try matches(answer, references) / 3)
    }

    /// iVQA: a half for each of the five annotators who gave exactly this answer, at most 1.
    ///
    /// Source: Yang et al., "Just Ask", ICCV 2021, section 4.1.
    public static func ivqa(_ answer: String, _ references: [String]) throws -> Double {
        min(1, try matches(answer, references) / 2)
    }

    private static func matches(_ answer: String, _ references: [String]) throws -> Double {
        guard !references.isEmpty else { throw MetricError.nothingToScore(what: "the question has no reference answers") }
        let answer = Array(answer.utf8)
        return Double(references.count { $0.utf8.elementsEqual(answer) })
    }

    private static func score(_ answer: String, _ references: [String], _ rewrite: (String) -> String) throws -> Double {
        guard !references.isEmpty else { throw MetricError.nothingToScore(what: "the question has no reference answers") }
        // By bytes: strings would be compared by canonical equivalence.
        let answer = Array(rewrite(answer).utf8)
        return references.contains { rewrite($0).utf8.elementsEqual(answer) } ? 1 : 0
    }
}
