/// Question sets read backwards: the answer is given, the question is wanted.
extension DatasetDefinition {
    static let vqav2QuestionGeneration = reversed(.vqav2, "vqav2_vqg")
    static let okvqaQuestionGeneration = reversed(.okvqa, "okvqa_vqg")
    static let aokvqaQuestionGeneration = reversed(.aokvqa, "aokvqa_vqg")

    private static func reversed(_ base: DatasetDefinition, _ name: String) -> DatasetDefinition {
        var card = base.card
        card.name = name
        card.title += " (question generation)"
        card.category = .questionGeneration
        card.role = .heldIn
        card.splits = card.splits.filter { $0.split == .train }
        card.evaluation = nil
        card.metric = nil
        card.files = card.files.filter { $0.splits.isEmpty || $0.splits.contains(.train) }
        card.notes = [
            "The training questions of \(base.name), by which their fact \"question_identity\" calls them. An answer is drawn as often as "
                + "annotators gave it.",
            "That the paper counts this as a dataset of its own is inferred from its figure 2 and the number 26.",
        ]
        return DatasetDefinition(card) { folder, split in
            MappedSamples(try base.reader(folder, split)) { sample in
                guard case .question(let question) = sample.task else { return sample }
                var sample = sample
                sample.task = .questionGeneration(question)
                sample.facts["question_identity"] = "\(base.name)/\(sample.id)"
                return sample
            }
        }
    }
}
