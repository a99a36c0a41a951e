/// A SentencePiece model file (`spiece.model`, `tokenizer.model`): a protocol-buffer message of pieces, training and normalising options.
/// Field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
struct SentencePieceModel {
    struct Piece {
        var text: [UInt8] = []
        var score: Float = 0
        var kind = 1
        static let control = 3
        static let userDefined = 4
    }

    private let file: String
    private(set) var pieces: [Piece] = []
    private var modelType = 1
    private var unknownID = 0
    private var charsmap: [UInt8] = []

    var isUnigram: Bool { modelType == 1 }

    init(_ bytes: [UInt8], file: String) throws {
        self.file = file
        var reader = ProtobufReader(bytes[...], file: file)
        while let (number, field) = try reader.next() {
            guard case .bytes(let message) = field else { continue }
            switch number {
            case 1: pieces.append(try piece(message))
            case 2: try readTraining(message)
            case 3: try readNormalizing(message)
            default: break
            }
        }
        guard !pieces.isEmpty else { throw malformed("pieces", "pieces", "none") }
        guard modelType == 1 || modelType == 2 else {
            throw TokenizerError.unsupported(file: file, place: "model_type", kind: "\(modelType)", known: ["1 (unigram)", "2 (BPE)"])
        }
        guard pieces.indices.contains(unknownID) else { throw malformed("unk_id", "an id below \(pieces.count)", "\(unknownID)") }
    }

    private func piece(_ message: ArraySlice<UInt8>) throws -> Piece {
        var piece = Piece()
        var reader = ProtobufReader(message, file: file)
        while let (number, field) = try reader.next() {
            switch (number, field) {
            case (1, .bytes(let text)): piece.text = Array(text)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let kind)): piece.kind = Int(truncatingIfNeeded: kind)
            default: break
            }
        }
        guard String(validating: piece.text, as: UTF8.self) != nil, piece.score.isFinite else {
            throw malformed("piece \(pieces.count)", "UTF-8 and a finite score", "other bytes")
        }
        return piece
    }

    private mutating func readTraining(_ message: ArraySlice<UInt8>) throws {
        var reader = ProtobufReader(message, file: file)
        while let (number, field) = try reader.next() {
            switch (number, field) {
            case (3, .varint(let type)): modelType = Int(truncatingIfNeeded: type)
            case (40, .varint(let id)): unknownID = Int(truncatingIfNeeded: id)
            default: break
            }
        }
    }

    private mutating func readNormalizing(_ message: ArraySlice<UInt8>) throws {
        var reader = ProtobufReader(message, file: file)
        while let (number, field) = try reader.next() {
            if number == 2, case .bytes(let bytes) = field { charsmap = Array(bytes) }
        }
    }

    // MARK: The tokenizer

    /// The tokenizer that Hugging Face makes of the file: T5's of a unigram model, LLaMA's of a BPE model.
    func definition(_ configuration: TokenizerConfiguration) throws -> TokenizerDefinition {
        isUnigram ? try t5(configuration) : try llama(configuration)
    }

    private func t5(_ configuration: TokenizerConfiguration) throws -> TokenizerDefinition {
        let extra = (0..<configuration.extraIDs).reversed().map { Array("<extra_id_\($0)>".utf8) }
        let vocabulary = pieces.map { (text: $0.text, score: Double($0.score)) } + extra.map { (text: $0, score: 0.0) }
        let model = Unigram(pieces: vocabulary, unknown: unknownID, fallsBackToBytes: false)
        var definition = TokenizerDefinition(algorithm: .unigram, model: .unigram(model))
        if !charsmap.isEmpty {
            guard let map = Charsmap(charsmap) else {
                throw malformed("precompiled_charsmap", "a precompiled character map", "other bytes")
            }
            definition.normalizer = .precompiled(map)
        }
        let metaspace = Metaspace(replacement: Array("▁".utf8), scheme: .always, splits: true)
        definition.preTokenizer = .sequence([.whitespaceSplit, .metaspace(metaspace)])
        definition.decoder = [.metaspace("▁", dropsFirst: true)]
        if let end = configuration.content(of: .eos).flatMap({ model.vocabulary.id(of: $0) }) ?? model.vocabulary.id(of: Array("</s>".utf8))
        {
            definition.postProcessor.after = [end]
        }
        definition.added.add(addedTokens + extra.map { AddedToken($0, isSpecial: true) }, model: model.vocabulary)
        return definition
    }

    private func llama(_ configuration: TokenizerConfiguration) throws -> TokenizerDefinition {
        var vocabulary = Vocabulary(capacity: pieces.count)
        for (id, piece) in pieces.enumerated() { vocabulary.insert(piece.text, id: id) }
        let pairs = DerivedMerges.pairs(vocabulary)
        let merges = try ModelReader.mergeTable(pairs, vocabulary, file: file, place: "pieces")
        let options = BytePairEncoding.Options(fusesUnknown: true, fallsBackToBytes: true)
        let model = BytePairEncoding(vocabulary: vocabulary, merges: merges, options: options)
        var definition = TokenizerDefinition(algorithm: .byteFallbackBPE, model: .bytePair(model))
        let addsPrefix = configuration.addsPrefixSpace ?? true
        definition.preTokenizer = .metaspace(
            Metaspace(
                replacement: Array("▁".utf8), scheme: !addsPrefix ? .never : configuration.isLegacy ? .always : .first, splits: false))
        definition.decoder = [.replace(.text(Array("▁".utf8)), content: [0x20]), .byteFallback, .fuse]
        if addsPrefix { definition.decoder?.append(.strip(" ", start: 1, stop: 0)) }
        definition.added.add(addedTokens, model: vocabulary)
        return definition
    }

    /// Control pieces are special; symbols the trainer was told to keep are added tokens but not special.
    private var addedTokens: [AddedToken] {
        pieces.filter { $0.kind == Piece.control || $0.kind == Piece.userDefined }.map {
            AddedToken($0.text, isSpecial: $0.kind == Piece.control, isNormalized: false)
        }
    }

    private func malformed(_ place: String, _ expected: String, _ found: String) -> TokenizerError {
        .malformed(file: file, place: place, expected: expected, found: found)
    }
}
