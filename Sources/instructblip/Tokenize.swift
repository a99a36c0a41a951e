import ArgumentParser
import BlipTokenizers
import Foundation

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the tokens of a text.",
        discussion: "With --json, one object: token_ids, tokens, and decoded, the text that comes back from the ids.")

    @Argument(help: "The text.")
    var text: String

    @OptionGroup var checkpoint: CheckpointOption

    @Flag(help: "Use the Q-Former's tokenizer instead of the language model's.")
    var qformer = false

    @Flag(help: "Take special tokens in the text for what they stand for, as transformers does, not for text.")
    var parseSpecial = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() throws {
        let folder = try checkpoint.folder()
        checkpoint.announce()
        let tokenizer = try Tokenizer(folder: qformer ? folder.appendingPathComponent("qformer_tokenizer") : folder)
        let ids = tokenizer.encode(text, specialTokens: parseSpecial ? .parsed : .asText)
        let tokens = ids.map { tokenizer.token(of: $0) ?? "?" }
        if json {
            try writeJSON(TokenReport(tokenIDs: ids, tokens: tokens, decoded: tokenizer.decode(ids)))
        } else {
            for (id, token) in zip(ids, tokens) { try writeOutput("\(id)\t\(token)\n") }
        }
    }
}

/// What `tokenize --json` writes.
struct TokenReport: Encodable {
    let tokenIDs: [Int]
    let tokens: [String]
    let decoded: String

    enum CodingKeys: String, CodingKey {
        case tokenIDs = "token_ids"
        case tokens, decoded
    }
}
