import ArgumentParser
import BlipData

/// Words in the place of a verb that are none; the parser calls them and all behind them unexpected, and names nothing that is meant.
enum VerbSpelling {
    /// - Throws: `ValidationError`, with the nearest verbs, where the first words name no verb of `root` or of one of its groups.
    static func check(_ arguments: [String], root: any ParsableCommand.Type) throws {
        var group = root
        var path = root._commandName
        for word in arguments {
            let verbs = group.configuration.subcommands
            // A group with a default verb takes any other word as that verb's argument.
            guard !verbs.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
            if let verb = verbs.first(where: { names(of: $0).contains(word) }) {
                group = verb
                path += " " + word
                continue
            }
            guard group.configuration.defaultSubcommand == nil else { return }
            let nearest = Spelling.nearest(to: word, among: verbs.filter { $0.configuration.shouldDisplay }.map { $0._commandName })
            throw ValidationError(
                "there is no verb \"\(word)\""
                    + (nearest.isEmpty ? "; \(path) --help lists them" : "; did you mean \(path) \(nearest.joined(separator: " or "))?"))
        }
    }

    private static func names(of verb: any ParsableCommand.Type) -> [String] { [verb._commandName] + verb.configuration.aliases }
}
