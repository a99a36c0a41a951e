/// The tokens put around a text.
struct PostProcessor: Sendable, Equatable {
    var before: [Int] = []
    var after: [Int] = []

    static let kinds = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence"]

    var count: Int { before.count + after.count }

    /// This one applied to what `inner` makes.
    func around(_ inner: PostProcessor) -> PostProcessor {
        PostProcessor(before: before + inner.before, after: inner.after + after)
    }
}
