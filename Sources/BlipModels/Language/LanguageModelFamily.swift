/// Builds the language model a config names. Adding a family adds a case to ``LanguageConfig`` and one here.
enum LanguageModelFamily {
    static func load(_ scope: Scope, _ config: LanguageConfig) throws -> any LanguageModel {
        switch config {
        case .llama(let config): try Llama(scope, config)
        case .opt(let config): try OPT(scope, config)
        case .t5(let config): try T5(scope, config)
        }
    }
}
