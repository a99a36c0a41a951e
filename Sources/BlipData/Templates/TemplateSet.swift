/// The templates that training draws from, by kind of task. Each is as likely as the others of its kind.
public struct TemplateSet: Sendable, Equatable {
    public var captions: [Template]
    public var questions: [Template]
    public var questionGeneration: [Template]

    public init(captions: [Template], questions: [Template], questionGeneration: [Template]) {
        self.captions = captions
        self.questions = questions
        self.questionGeneration = questionGeneration
    }

    /// The paper's.
    public static let paper = TemplateSet(
        captions: CaptionTemplates.paper, questions: QuestionTemplates.paper, questionGeneration: QuestionGenerationTemplates.paper)
}
