/// Instructions for questions with short answers. Source: the paper's appendix D, table 5.
public enum QuestionTemplates {
    public static let paper: [Template] = [
        "{question}",
        "Question: {question}",
        "{question} A short answer to the question is",
        "Q: {question} A:",
        "Question: {question} Short answer:",
        "Given the image, answer the following question with no more than three words. {question}",
        "Based on the image, respond to this question with a short answer: {question}. Answer:",
        "Use the provided image to answer the question: {question} Provide your answer as short as possible:",
        "What is the answer to the following question? \"{question}\"",
        "The question \"{question}\" can be answered using the image. A short answer is",
    ]
}
