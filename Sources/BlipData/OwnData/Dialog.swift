/// A conversation about pictures, of which every answer is a sample.
struct Dialog {
    enum Role { case system, user, assistant }

    /// What a message is made of.
    enum Piece {
        case text(String)
        /// `<image>` and `<video>`: the next of the record's list.
        case nextPicture, nextClip
        /// A picture that the message itself holds.
        case picture(SampleImage)
    }

    struct Message {
        var role: Role
        var pieces: [Piece]
        /// Whether an answer is to be learned.
        var isTarget = true
    }

    private struct Turn {
        var question = ""
        var answer: String?
        var isTarget = true
        /// How many of the pictures were shown up to here.
        var shown = 0
    }

    private var turns: [Turn] = []
    private var media: [SampleImage] = []
    /// The turns that are samples: answers to be learned, and a question at the end that nobody answered.
    private(set) var targets: [Int] = []

    /// - Parameters:
    ///   - pictures: what `<image>` stands for, in order; as many as there are tags.
    ///   - clips: the same for `<video>`.
    ///   - needsTags: whether pictures must have tags. Otherwise pictures without any stand before the first question.
    init(_ messages: [Message], pictures: [SampleImage], clips: [SampleImage], needsTags: Bool, _ row: RecordFields) throws(DataError) {
        var rest = (pictures: pictures[...], clips: clips[...])
        var tags = (pictures: 0, clips: 0)
        var messages = messages
        let hasTags = messages.contains { $0.pieces.contains { if case .text = $0 { false } else { true } } }
        if !hasTags, !needsTags, let first = messages.firstIndex(where: { $0.role == .user }) {
            let all = pictures.map { _ in Piece.nextPicture } + clips.map { _ in Piece.nextClip }
            messages[first].pieces = all + messages[first].pieces
        }
        var preamble = ""
        for (place, message) in messages.enumerated() {
            switch message.role {
            case .system:
                guard place == 0 else { throw row.bad("message \(place + 1) is the system's; it can only be the first", .roleOrder) }
                preamble = try Self.plainText(message, row)
            case .user:
                guard turns.last.map({ $0.answer != nil }) ?? true else {
                    throw row.bad(
                        "message \(place + 1) is the user's like the one before it; questions and answers must take turns", .roleOrder)
                }
                for piece in message.pieces {
                    switch piece {
                    case .text: break
                    case .picture(let picture): media.append(picture)
                    case .nextPicture:
                        tags.pictures += 1
                        if let picture = rest.pictures.popFirst() { media.append(picture) }
                    case .nextClip:
                        tags.clips += 1
                        if let clip = rest.clips.popFirst() { media.append(clip) }
                    }
                }
                var question = Self.text(message.pieces)
                // The model knows no system: what it says stands before the first question.
                if turns.isEmpty, !preamble.isEmpty { question = question.isEmpty ? preamble : preamble + " " + question }
                turns.append(Turn(question: question, shown: media.count))
            case .assistant:
                guard let last = turns.indices.last, turns[last].answer == nil else {
                    throw row.bad("message \(place + 1) is an answer without a question; questions and answers must take turns", .roleOrder)
                }
                turns[last].answer = try Self.plainText(message, row)
                turns[last].isTarget = message.isTarget
            }
        }
        guard !turns.isEmpty else { throw row.bad("nobody asks anything in it; expected a question first", .roleOrder) }
        guard tags.pictures == pictures.count else { throw Self.mismatch("<image>", tags.pictures, pictures.count, "pictures", row) }
        guard tags.clips == clips.count else { throw Self.mismatch("<video>", tags.clips, clips.count, "videos", row) }
        targets = turns.indices.filter { turns[$0].isTarget }
    }

    /// The sample for one of the targets: what was said before is its history, what was shown so far are its pictures.
    func sample(_ part: Int, id: String) -> Sample {
        let turn = targets[part]
        let history = turns[..<turn].map { Exchange($0.question, $0.answer ?? "") }
        return Sample(
            id: targets.count == 1 ? id : "\(id)#\(part + 1)", images: Array(media.prefix(turns[turn].shown)),
            task: .instruction(WrittenInstruction(turns[turn].question, response: turns[turn].answer, history: history)))
    }

    static func mismatch(_ tag: String, _ tags: Int, _ count: Int, _ kind: String, _ row: RecordFields) -> DataError {
        row.bad(
            "its questions have \(tags) times \(tag), and it has \(count) \(kind); write \(tag) once for each, in their order", .imageCount)
    }

    private static func plainText(_ message: Message, _ row: RecordFields) throws(DataError) -> String {
        for case .nextPicture in message.pieces {
            throw row.bad("<image> stands in an answer or a system message; move it to a question", .imageCount)
        }
        for case .nextClip in message.pieces {
            throw row.bad("<video> stands in an answer or a system message; move it to a question", .imageCount)
        }
        for case .picture in message.pieces {
            throw row.bad("an answer or a system message shows a picture; only questions can", .imageCount)
        }
        return text(message.pieces)
    }

    /// A text in pieces, divided at the tags.
    static func pieces(_ text: String) -> [Piece] {
        let tags: [(tag: String, piece: Piece)] = [("<image>", .nextPicture), ("<video>", .nextClip)]
        let bytes = text.utf8
        var pieces: [Piece] = []
        var start = bytes.startIndex
        var place = start
        while let open = bytes[place...].firstIndex(of: UInt8(ascii: "<")) {
            guard let found = tags.first(where: { bytes[open...].starts(with: $0.tag.utf8) }) else {
                place = bytes.index(after: open)
                continue
            }
            if start < open { pieces.append(.text(String(text[start..<open]))) }
            pieces.append(found.piece)
            start = bytes.index(open, offsetBy: found.tag.utf8.count)
            place = start
        }
        if start < bytes.endIndex { pieces.append(.text(String(text[start...]))) }
        return pieces
    }

    /// The words of a message. Where a picture stood, the white space around it closes up: the model has its pictures apart from its words.
    static func text(_ pieces: [Piece]) -> String {
        var text = ""
        var isAfterPicture = false
        for piece in pieces {
            guard case .text(let words) = piece else {
                isAfterPicture = true
                continue
            }
            var rest = Substring(words)
            if isAfterPicture {
                if text.isEmpty {
                    rest = rest.drop(while: \.isWhitespace)
                } else if text.last?.isWhitespace == true, rest.first?.isWhitespace == true {
                    rest = rest.dropFirst()
                }
                isAfterPicture = false
            }
            text += rest
        }
        if isAfterPicture {
            while text.last?.isWhitespace == true { text.removeLast() }
        }
        return text
    }
}
