import Foundation

/// Which end of a row: where tokens are cut off, or where padding goes.
public enum Side: String, Sendable, CaseIterable { case left, right }

/// How a tokenizer finds its tokens.
public enum Algorithm: String, Sendable, CaseIterable { case wordPiece, unigram, byteFallbackBPE, byteLevelBPE, bpe }

/// What becomes of special tokens (`</s>`, `<image>`) that stand in a text.
public enum SpecialTokenHandling: Sendable {
    /// They stay text, as if no such token existed: what a user types cannot end a prompt or pretend to be an image.
    case asText
    /// They become their ids, as in Hugging Face tokenizers.
    case parsed
}

/// The ids with a role; nil where the tokenizer has none.
public struct SpecialTokens: Sendable, Equatable {
    public var bos: Int?
    public var eos: Int?
    public var pad: Int?
    public var unknown: Int?
    public var cls: Int?
    public var sep: Int?

    public init(bos: Int? = nil, eos: Int? = nil, pad: Int? = nil, unknown: Int? = nil, cls: Int? = nil, sep: Int? = nil) {
        self.bos = bos
        self.eos = eos
        self.pad = pad
        self.unknown = unknown
        self.cls = cls
        self.sep = sep
    }
}

/// Text to ids and back, equal to Hugging Face's `tokenizers`.
///
/// Reads `tokenizer.json` where there is one; otherwise `tokenizer.model`, `spiece.model`, `vocab.txt`, or `vocab.json` with `merges.txt`.
public struct Tokenizer: Sendable {
    public let algorithm: Algorithm
    public var special: SpecialTokens
    /// Which end loses tokens where a text is longer than the maximum.
    public var truncationSide: Side
    public var paddingSide: Side
    /// The longest row the model was made for, including special tokens; nil where the files set no limit.
    public let modelMaximumLength: Int?

    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer?
    private let model: TokenModel
    private let postProcessor: PostProcessor
    let decoder: [DecoderStep]?
    private let added: AddedVocabulary
    private let parsing: (raw: AddedTokenMatcher, normalized: AddedTokenMatcher)
    private let plain: (raw: AddedTokenMatcher, normalized: AddedTokenMatcher)
    private let withheld: Set<Int>
    /// The text of added tokens that are looked for in normalised text, as it stands there.
    private let normalizedContents: [Int: [UInt8]]

    /// Opens the tokenizer of a checkpoint folder.
    ///
    /// - Throws: `TokenizerError` where no tokenizer is there, or a file is broken or asks for something that is not supported.
    public init(folder: URL) throws {
        self.init(try TokenizerFolder(folder).definition())
    }

    init(_ definition: TokenizerDefinition) {
        algorithm = definition.algorithm
        special = definition.special
        truncationSide = definition.truncationSide
        paddingSide = definition.paddingSide
        modelMaximumLength = definition.modelMaximumLength
        normalizer = definition.normalizer
        preTokenizer = definition.preTokenizer
        model = definition.model
        postProcessor = definition.postProcessor
        decoder = definition.decoder
        added = definition.added
        parsing = added.matchers(includingSpecial: true, normalizer: normalizer)
        plain = added.matchers(includingSpecial: false, normalizer: normalizer)
        var contents: [Int: [UInt8]] = [:]
        if let normalizer { for (id, token) in added.tokens where token.isNormalized { contents[id] = normalizer(token.content) } }
        normalizedContents = contents
        // A special token of a single character may be an ordinary character in a text; longer ones never are.
        let withheld = added.specialContents.filter { UTF8Text.scalars(of: $0[...]).count > 1 }
        let addedIDs = added.ids
        self.withheld = Set(withheld.compactMap { addedIDs[$0] })
    }

    // MARK: Text to ids

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - addSpecialTokens: whether the tokenizer's template (`[CLS] … [SEP]`, `… </s>`, `</s> …`) goes around it.
    ///   - specialTokens: what becomes of special tokens in the text. Added tokens that are not special are found in either case.
    ///   - maximumLength: the greatest count, special tokens included; the template is kept.
    ///   - side: where the text is cut; nil cuts it at `truncationSide`.
    public func encode(
        _ text: String, addSpecialTokens: Bool = true, specialTokens: SpecialTokenHandling = .asText, maximumLength: Int? = nil,
        cutting side: Side? = nil
    ) -> [Int] {
        var ids = contentIDs(Array(text.utf8), specialTokens)
        let template = addSpecialTokens ? postProcessor : PostProcessor()
        if let maximumLength {
            let room = max(0, maximumLength - template.count)
            if ids.count > room { ids = Array((side ?? truncationSide) == .left ? ids.suffix(room) : ids.prefix(room)) }
        }
        let row = template.before + ids + template.after
        guard let maximumLength, row.count > maximumLength else { return row }
        return Array(row.prefix(max(0, maximumLength)))
    }

    private func contentIDs(_ text: [UInt8], _ handling: SpecialTokenHandling) -> [Int] {
        let matchers = handling == .parsed ? parsing : plain
        let withheld = handling == .parsed ? [] : withheld
        var ids: [Int] = []
        ids.reserveCapacity(text.count / 3)
        for part in matchers.raw.split(text[...]) {
            if let id = part.id {
                ids.append(id)
                continue
            }
            let raw = Array(text[part.range])
            let normalized = normalizer.map { $0(raw) } ?? raw
            for inner in matchers.normalized.split(normalized[...]) {
                if let id = inner.id {
                    ids.append(id)
                    continue
                }
                let piece = Piece(
                    text: normalized[inner.range], isFirst: part.range.lowerBound == 0 && inner.range.lowerBound == 0)
                for word in preTokenizer.map({ $0([piece]) }) ?? [piece] {
                    model.encode(word.text, withholding: withheld, into: &ids)
                }
            }
        }
        return ids
    }

    // MARK: Ids to text

    /// The text of ids. Ids that no token has are passed over.
    public func decode(_ ids: [Int], skippingSpecialTokens: Bool = true) -> String {
        var chain = DecoderChain(decoder)
        var text: [UInt8] = []
        for id in ids {
            guard let token = decodableToken(of: id, skippingSpecialTokens: skippingSpecialTokens) else { continue }
            text += chain.append(token)
        }
        text += chain.finish()
        return String(decoding: text, as: UTF8.self)
    }

    public func makeStreamDecoder(skippingSpecialTokens: Bool = true) -> StreamDecoder {
        StreamDecoder(self, skippingSpecialTokens: skippingSpecialTokens)
    }

    func decodableToken(of id: Int, skippingSpecialTokens: Bool) -> [UInt8]? {
        guard let token = bytes(of: id), !(skippingSpecialTokens && added.isSpecial(token)) else { return nil }
        return normalizedContents[id] ?? token
    }

    // MARK: Batches

    /// Brings rows to one length with padding tokens.
    ///
    /// - Parameters:
    ///   - side: where the padding goes; the tokenizer's side where nil.
    ///   - length: the length of all rows; that of the longest row where nil.
    /// - Returns: the rows, and 1 for tokens and 0 for padding.
    /// - Throws: `TokenizerError` where padding is needed and the tokenizer has no padding token, or a row is longer than `length`.
    public func pad(_ rows: [[Int]], side: Side? = nil, to length: Int? = nil) throws -> (ids: [[Int]], mask: [[Int]]) {
        let length = length ?? rows.map(\.count).max() ?? 0
        let side = side ?? paddingSide
        var ids: [[Int]] = []
        var mask: [[Int]] = []
        for (index, row) in rows.enumerated() {
            guard row.count <= length else { throw TokenizerError.rowTooLong(row: index, count: row.count, length: length) }
            let ones = [Int](repeating: 1, count: row.count)
            guard row.count < length else {
                ids.append(row)
                mask.append(ones)
                continue
            }
            guard let pad = special.pad else { throw TokenizerError.noPaddingToken }
            let padding = [Int](repeating: pad, count: length - row.count)
            let zeros = [Int](repeating: 0, count: padding.count)
            ids.append(side == .left ? padding + row : row + padding)
            mask.append(side == .left ? zeros + ones : ones + zeros)
        }
        return (ids, mask)
    }

    // MARK: The vocabulary

    /// The id of a token by its exact text (bytes decide, not canonical equivalence); nil where there is no such token.
    public func id(of token: String) -> Int? {
        let bytes = Array(token.utf8)
        return added.ids[bytes] ?? model.vocabulary.id(of: bytes)
    }

    /// The text of a token as the vocabulary spells it; nil where no token has the id.
    public func token(of id: Int) -> String? {
        bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    private func bytes(of id: Int) -> [UInt8]? { added.tokens[id]?.content ?? model.vocabulary.text(of: id) }

    /// How many tokens there are, added tokens included. Where a vocabulary has gaps, ids can be greater.
    public var vocabularySize: Int {
        model.vocabulary.count + added.ids.keys.count { model.vocabulary.id(of: $0) == nil }
    }

    /// Whether an id belongs to a special token.
    public func isSpecial(_ id: Int) -> Bool { bytes(of: id).map(added.isSpecial) ?? false }
}
