import Foundation

/// Writes small tokenizers in the layout of a checkpoint, so that a randomly initialised model of any size can be tried with text.
///
/// They hold printable ASCII, some hundred common English words and, for the two BPE kinds, all bytes. Ids that a config asks for and
/// the words do not fill are `<unused_…>` tokens, since `tokenizers` numbers added tokens without gaps.
public enum SmallTokenizers {
    public enum Kind: String, Sendable, CaseIterable {
        /// BERT, for the Q-Former: `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[SEP]` 3, `[MASK]` 4; `[DEC]` after all others.
        case wordPiece
        /// T5: `<pad>` 0, `</s>` 1, `<unk>` 2; `<extra_id_i>` from the end downwards; `<image>` after all others.
        case unigram
        /// Vicuna: `<unk>` 0, `<s>` 1, `</s>` 2, bytes from 3; `[PAD]` and `<image>` after all others.
        case byteFallbackBPE
        /// OPT: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3; `<image>` after all others.
        case byteLevelBPE

        /// How many ids the published model has before its added tokens.
        public var publishedSize: Int {
            switch self {
            case .wordPiece: 30522
            case .unigram: 32100
            case .byteFallbackBPE: 32000
            case .byteLevelBPE: 50265
            }
        }
    }

    /// Writes `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`.
    ///
    /// - Parameters:
    ///   - folder: made where it does not exist; files of these names in it are replaced.
    ///   - size: how many ids there are before the added tokens; the published model's where nil.
    ///   - imageTokenID: the id of `<image>`, where it is not to be the usual one. Not for `.wordPiece`, which has none.
    ///   - words: in place of the usual ones, as ``WordCount`` gives them: with `▁` where a space stands in front. All of them must fit.
    /// - Throws: `TokenizerError` where the alphabet or the words do not fit the size, the id is taken, or a file cannot be written.
    public static func write(
        _ kind: Kind, to folder: URL, size: Int? = nil, imageTokenID: Int? = nil, words: [String]? = nil
    ) throws {
        let layout = try SmallTokenizerLayout(kind, size: size ?? kind.publishedSize, imageTokenID: imageTokenID, words: words)
        let files = [
            ("tokenizer.json", layout.tokenizer), ("tokenizer_config.json", layout.configuration),
            ("special_tokens_map.json", .object(layout.roles)),
        ]
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw TokenizerError.cannotWrite(file: folder.path, reason: error.localizedDescription)
        }
        for (name, content) in files {
            do {
                try Data(content.text.utf8).write(to: folder.appending(path: name), options: .atomic)
            } catch {
                throw TokenizerError.cannotWrite(file: name, reason: error.localizedDescription)
            }
        }
    }

    /// What the tokenizers know beyond characters; the words of captions and questions come first.
    static let words: [String] = """
        the of and a to in is it on that for with as are was at be this by from or an not but have they you his her one all there their
        what where who how many which why does do can has no yes image photo picture man woman person people child boy girl dog cat bird
        horse car bus train truck boat bike street road city building house room table chair bed couch window door wall floor tree grass
        flower water sea beach river sky cloud sun snow mountain field food plate bowl cup glass bottle pizza cake bread fruit apple
        banana orange ball game player team playing sitting standing walking riding holding wearing eating drinking looking running lying
        shirt hat shoes red blue green yellow black white brown gray pink purple small large big little tall old young two three four five
        next front behind under over near left right side top bottom middle background question answer short describe detail shows showing
        seen some other another more most several group made using used his its he she we i me my your our them up down out into about
        time day night light dark day long new old good great happy beautiful busy empty open color colors kind type number word words sign
        reads text says because also very just like being been will would could should may might must then than when while if so
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    /// Common pieces of words.
    static let endings: [String] = "ing ed er ly es s tion al en est ity ness ment ful able ist ous ive ern y t d n r le th ch sh st".split(
        separator: " "
    ).map(String.init)
}

/// JSON in the making, with members in order.
indirect enum JSONText {
    case raw(String)
    case string(String)
    case list([JSONText])
    case object([(String, JSONText)])

    static let null = JSONText.raw("null")
    static func bool(_ value: Bool) -> JSONText { .raw(value ? "true" : "false") }
    static func number(_ value: Int) -> JSONText { .raw(String(value)) }

    var text: String {
        switch self {
        case .raw(let text): text
        case .string(let string): Self.quoted(string)
        case .list(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map { Self.quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
