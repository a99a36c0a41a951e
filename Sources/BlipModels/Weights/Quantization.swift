import BlipTensors

/// Which matrices are packed into 8 or 4 bits, part by part; nil leaves a part as it is.
public struct Quantization: Sendable, Equatable {
    public var vision: PackedFormat?
    /// The Q-Former, the projection behind it, and the heads of retrieval.
    public var qformer: PackedFormat?
    public var language: PackedFormat?

    public init(vision: PackedFormat?, qformer: PackedFormat?, language: PackedFormat?) {
        self.vision = vision
        self.qformer = qformer
        self.language = language
    }

    /// What `q4` or `q8` alone means: 4 bits pay in the language model, whose weights are read for every word. The other two are read once
    /// for a picture or a question, and are limited by arithmetic, which takes as long with 4 bits.
    public init(_ format: PackedFormat) { self.init(vision: .q8, qformer: .q8, language: format) }

    /// The format of a matrix; nil keeps it dense, as those narrower than one group of columns.
    public func format(of name: String, _ shape: [Int]) -> PackedFormat? {
        guard shape.count == 2, shape[1] >= 32 else { return nil }
        if name.hasPrefix("vision_model.") { return vision }
        guard name.hasPrefix("language_model.") else { return qformer }
        // The output head decides between words that are close to each other: 8 bits cost one part in fifty of a step's time.
        let isHead = name.hasSuffix("lm_head.weight") || name.hasSuffix("embed_tokens.weight") || name.hasSuffix("shared.weight")
        return isHead && language != nil ? .q8 : language
    }

    /// The name under which a packed matrix is stored.
    public static func storedName(_ name: String, _ format: PackedFormat) -> String { "\(name).\(format.rawValue)" }
}

extension WeightFiles {
    /// The packed form of a matrix, if the files hold one.
    public func packed(_ name: String) -> (format: PackedFormat, name: String, info: TensorInfo)? {
        for format in PackedFormat.allCases {
            let stored = Quantization.storedName(name, format)
            if let (_, info) = find(stored) { return (format, stored, info) }
        }
        return nil
    }

    /// Whether any matrix is packed.
    public var arePacked: Bool { packedNames.contains { _ in true } }

    /// Whether any matrix of the language model is.
    public var languageIsPacked: Bool { packedNames.contains { $0.hasPrefix("language_model.") } }

    /// Whether any matrix of the image encoder is.
    public var visionIsPacked: Bool { packedNames.contains { $0.hasPrefix("vision_model.") } }

    private var packedNames: some Sequence<String> {
        names.lazy.filter { name in PackedFormat.allCases.contains { name.hasSuffix(".weight.\($0.rawValue)") } }
    }
}
