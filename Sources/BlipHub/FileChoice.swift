import Foundation

/// Which files of a repository a checkpoint consists of. Published repositories hold the same weights two or three times.
struct FileChoice: Equatable {
    let files: [RemoteFile]
    /// Set when there are only pickled weights: they are never loaded as they are.
    let needsConversion: Bool

    private static let configurations: Set<String> = [
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
    ]
    private static let tokenizers: Set<String> = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "spiece.model",
        "vocab.json", "vocab.txt", "merges.txt", "chat_template.json", "chat_template.jinja",
    ]

    /// The rules, by what published repositories hold:
    /// 1. configuration and tokenizer files, those of the Q-Former's own folder included;
    /// 2. `model.safetensors` alone if it is there, as the loader prefers it; else the index and the shards named `model-K-of-N`;
    ///    else all safetensors files;
    /// 3. `.bin` and `.pth` only when there are no safetensors; `.msgpack`, `.h5` and the like never.
    ///
    /// - Throws: ``HubError/noModelFiles(name:)`` without `config.json` or without weights.
    init(_ listing: RepositoryListing, name: ModelName) throws {
        let small = listing.files.filter { file in
            if Self.configurations.contains(file.path) || Self.tokenizers.contains(file.path) { return true }
            let parts = file.path.split(separator: "/")
            return parts.count == 2 && parts[0] == "qformer_tokenizer" && Self.tokenizers.contains(String(parts[1]))
        }
        let top = listing.files.filter { !$0.path.contains("/") }
        var weights = Self.weights(top, stem: "model", suffix: ".safetensors")
        needsConversion = weights.isEmpty
        if weights.isEmpty { weights = Self.weights(top, stem: "pytorch_model", suffix: ".bin") }
        if weights.isEmpty { weights = top.filter { $0.path.hasSuffix(".pth") } }
        guard small.contains(where: { $0.path == "config.json" }), !weights.isEmpty else {
            throw HubError.noModelFiles(name: name.description)
        }
        files = small + weights
    }

    private static func weights(_ files: [RemoteFile], stem: String, suffix: String) -> [RemoteFile] {
        if let single = files.first(where: { $0.path == stem + suffix }) { return [single] }
        if let index = files.first(where: { $0.path == stem + suffix + ".index.json" }) {
            let shards = files.filter { $0.path.hasPrefix(stem + "-") && $0.path.contains("-of-") && $0.path.hasSuffix(suffix) }
            if !shards.isEmpty { return [index] + shards }
        }
        // Trainers leave other .bin files behind; a safetensors file is weights whatever its name.
        return files.filter { $0.path.hasSuffix(suffix) && (suffix == ".safetensors" || $0.path.hasPrefix(stem)) }
    }
}
