import BlipData

/// A dataset's card, for a terminal.
struct CardText {
    let text: String

    init(_ definition: DatasetDefinition, root: String) {
        let card = definition.card
        var lines = [
            "\(card.title) (\(card.name))", "  category     \(card.category.rawValue), \(card.role.rawValue)",
            "  source       \(card.source)",
            "  licence      \(card.licence)",
        ]
        for facts in card.splits {
            let size = facts.size.map { grouped($0) } ?? "size not published"
            let isEvaluated = card.evaluation == facts.split ? "; evaluated by \(card.metric ?? "")" : ""
            lines.append("  split        \(facts.split.rawValue): \(size)\(facts.note.map { " \($0)" } ?? "")\(isEvaluated)")
        }
        if let prompt = definition.prompt {
            let answering = prompt.answering == .rank ? "ranking" : "generating"
            lines.append("  prompt       \(prompt.template.text.debugDescription), \(answering) (\(prompt.evidence))")
        }
        for note in card.notes { lines.append("  note         \(note)") }
        let folder = DatasetFolder(root: root, card: card)
        for file in card.files {
            lines.append("  \(folder.has(file.path) ? "found  " : "missing")      \(folder.path(file.path))")
            let splits = file.splits.isEmpty ? "" : "for \(file.splits.map(\.rawValue).joined(separator: ", ")), "
            lines.append("                 \(splits)from \(file.url)\(file.note.map { "; \($0)" } ?? "")")
        }
        text = lines.joined(separator: "\n") + "\n"
    }
}
