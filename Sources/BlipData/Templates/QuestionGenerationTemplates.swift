/// Instructions that give an answer and want its question. Source: the paper's appendix D, table 5, its "an question" included.
public enum QuestionGenerationTemplates {
    public static let paper: [Template] = [
        "Given the image, generate a question whose answer is: {answer}. Question:",
        "Based on the image, provide a question with the answer: {answer}. Question:",
        "Given the visual representation, create a question for which the answer is \"{answer}\".",
        "From the image provided, craft a question that leads to the reply: {answer}. Question:",
        "Considering the picture, come up with a question where the answer is: {answer}.",
        "Taking the image into account, generate an question that has the answer: {answer}. Question:",
    ]
}
