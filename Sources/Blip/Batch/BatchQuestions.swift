import BlipImages
import BlipJSON
import Foundation

/// A list of questions as JSON lines: one object a line with `image` (a path, or several) and `instruction`, and an `id` of its own.
///
/// A question without an id is known by the number of its line. A line that is no question is kept, and answered with what is wrong with
/// it. Other members of a line are carried into the output as they are, byte for byte.
public struct BatchQuestions: Sendable {
    /// What a question is known by in the output.
    enum Key: Hashable {
        case text(JSONString)
        case number(Int)
        /// A line that is no JSON object has no id.
        case brokenLine(Int)

        init?(_ value: JSONValue) {
            switch value {
            case .string(let text): self = .text(text)
            case .integer(let number): self = .number(number)
            default: return nil
            }
        }
    }

    private struct Item: Sendable {
        /// The members of the line in ``bytes``, without the braces; empty for a broken line.
        let members: Range<Int>
        /// Counted from 1.
        let line: Int
        let hasID: Bool
        /// What is wrong with the line; nil for a question.
        let problem: String?
        let isBroken: Bool
    }

    /// Longer lines are not read.
    public static let maximumLineBytes = 1 << 20
    public static let maximumBytes = 1 << 30

    /// How messages call the file.
    public let name: String
    /// What relative paths of pictures are relative to.
    public let root: URL
    /// What the answer is called in the output.
    let answerName: JSONString
    /// Frames read where a path names a clip; of a picture to caption the first one.
    public var framesOfClip: Int
    /// What is asked is known to somebody else, who answers with JSON objects.
    private let isForeign: Bool
    private let bytes: [UInt8]
    private var items: [Item] = []
    private var places: [Key: Int] = [:]

    public var count: Int { items.count }

    /// - Parameter root: what relative paths of pictures are relative to; the file's folder where nil.
    public init(file: URL, root: URL? = nil) throws {
        try self.init(
            Self.contents(of: file), name: file.lastPathComponent, root: root ?? file.deletingLastPathComponent(), answerName: "answer")
        guard count > 0 else { throw BatchError.noQuestions(path: file.path) }
    }

    /// Pictures to write captions for; the paths are their ids.
    ///
    /// - Parameters:
    ///   - paths: relative to `root`, or absolute.
    public init(captionsOf paths: [String], root: URL) throws {
        let lines = paths.map { path in
            let quoted = Self.quoted(path)
            return "{\"id\": \(quoted), \"image\": \(quoted)}\n"
        }
        try self.init(Array(lines.joined().utf8), name: "the list of pictures", root: root, answerName: "caption")
    }

    /// - Parameter name: how messages call the text.
    public init(_ bytes: [UInt8], name: String, root: URL) throws { try self.init(bytes, name: name, root: root, answerName: "answer") }

    /// Lines with an id of things that somebody else knows how to ask, see ``BatchSession/workByNumber(prepare:answer:progress:)``; answers
    /// are JSON objects.
    ///
    /// - Parameter answerName: what an answer is called in the output.
    package init(foreign bytes: [UInt8], name: String, answerName: String) throws {
        try self.init(
            bytes, name: name, root: URL(fileURLWithPath: "/"), answerName: JSONString(bytes: Array(answerName.utf8)), isForeign: true)
    }

    private init(_ bytes: [UInt8], name: String, root: URL, answerName: JSONString, isForeign: Bool = false) throws {
        (self.bytes, self.name, self.root, self.answerName, self.isForeign) = (bytes, name, root, answerName, isForeign)
        framesOfClip = answerName == "caption" ? 1 : FrameSampling.defaultCount
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var line = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            line += 1
            if let content = JSONLine.trimmed(bytes, start..<end) { try add(content, line) }
            start = end + 1
        }
    }

    private mutating func add(_ content: Range<Int>, _ line: Int) throws {
        let (object, problem) = object(content)
        // A question without an id is known by its line.
        guard let object, let key = object["id"].map(Key.init) ?? .number(line) else {
            let problem = problem ?? "its id is neither a text nor a whole number of 64 bits"
            return try add(Item(members: 0..<0, line: line, hasID: false, problem: problem, isBroken: true), .brokenLine(line))
        }
        for taken in [answerName, "error"] where object[taken] != nil {
            throw BatchError.takenMember(name: taken.description, file: name, line: line)
        }
        let members = JSONLine.trimmed(bytes, content.lowerBound + 1..<content.upperBound - 1) ?? 0..<0
        try add(Item(members: members, line: line, hasID: object["id"] != nil, problem: self.problem(object), isBroken: false), key)
    }

    private mutating func add(_ item: Item, _ key: Key) throws {
        if let first = places[key] {
            let id =
                switch key {
                case .text(let text): "\"\(text)\""
                case .number(let number), .brokenLine(let number): "\(number)"
                }
            throw BatchError.duplicateID(id: id, file: name, firstLine: items[first].line, secondLine: item.line)
        }
        places[key] = items.count
        items.append(item)
    }

    private func object(_ content: Range<Int>) -> (JSONObject?, problem: String?) {
        guard content.count <= Self.maximumLineBytes else { return (nil, "it is longer than \(Self.maximumLineBytes) bytes") }
        do {
            guard let object = try JSONLine.parse(bytes[content]).object else { return (nil, "it is no JSON object") }
            return (object, nil)
        } catch { return (nil, "\(error)") }
    }

    private func problem(_ object: JSONObject) -> String? {
        if isForeign { return nil }
        guard let image = object["image"] else { return "it has no \"image\"" }
        guard let paths = Self.paths(image) else { return "its \"image\" is neither a path nor a list of paths" }
        guard !paths.contains(where: { $0.isEmpty || $0.utf8.contains(0) }) else { return "its \"image\" is an empty path, or none" }
        if answerName == "caption" { return nil }
        guard let instruction = object["instruction"] else { return "it has no \"instruction\"" }
        return instruction.string == nil ? "its \"instruction\" is no text" : nil
    }

    private static func paths(_ value: JSONValue) -> [String]? {
        if let path = value.string { return [path] }
        guard let list = value.array, !list.isEmpty else { return nil }
        let paths = list.compactMap(\.string)
        return paths.count == list.count ? paths : nil
    }

    // MARK: One question

    /// - Parameter instruction: for pictures that are to be captioned.
    /// - Returns: nil for a line that is no question.
    func question(_ index: Int, instruction: String?) throws -> Question? {
        guard items[index].problem == nil, let object = try members(index) else { return nil }
        let paths = object["image"].flatMap(Self.paths) ?? []
        let images = paths.map { ImageSource.file(URL(fileURLWithPath: $0, relativeTo: root).absoluteURL) }
        return Question(instruction ?? object["instruction"]?.string ?? "", about: images, framesOfClip: framesOfClip)
    }

    /// What is wrong with a line; nil for a question.
    func problem(_ index: Int) -> String? { items[index].problem.map { "\(name) line \(items[index].line): \($0)" } }

    /// A question's error, for a list of them.
    func label(_ index: Int, _ error: String) -> String {
        // What is wrong with a line names it; what is wrong with a picture names the file.
        if items[index].problem != nil || answerName == "caption" { return error }
        do {
            guard let id = try members(index)?["id"] else { return error }
            return "\(id.text.dropLast()): \(error)"
        } catch let failure { return "\(error) (\(failure))" }
    }

    private func members(_ index: Int) throws -> JSONObject? { try JSONLine.parse(head(index) + [UInt8(ascii: "}")]).object }

    /// The output's line up to the answer: the question's own members behind an id.
    private func head(_ index: Int) -> [UInt8] {
        let item = items[index]
        if item.isBroken { return Array("{\"line\": \(item.line)".utf8) }
        var head = [UInt8(ascii: "{")]
        if !item.hasID { head += Array("\"id\": \(item.line)".utf8) }
        if !item.hasID, !item.members.isEmpty { head += Array(", ".utf8) }
        return head + bytes[item.members]
    }

    /// A question's line of the output, with the line break.
    func line(_ index: Int, _ result: Result<String, any Error>) -> [UInt8] {
        let (name, value) =
            switch result {
            case .success(let answer): (answerName, isForeign ? answer : Self.quoted(answer))
            case .failure(let error): (JSONString("error"), Self.quoted("\(error)"))
            }
        return head(index) + Array(", \"\(name)\": \(value)}\n".utf8)
    }

    /// Which question a line of the output belongs to, and whether it is an error.
    ///
    /// - Throws: ``JSONLine/Mismatch``.
    func match(_ line: ArraySlice<UInt8>) throws -> (index: Int, error: String?) {
        guard let object = try JSONLine.parse(line).object, let last = object.members.last else {
            throw JSONLine.Mismatch("it is no JSON object")
        }
        let key = object["id"].map(Key.init) ?? object["line"]?.integer.map { .brokenLine($0) }
        guard let key, let index = places[key] else { throw JSONLine.Mismatch("there is no question with its id") }
        let isError = last.key == "error"
        let isAnswer = last.key == answerName && (isForeign ? last.value.object != nil : last.value.string != nil)
        guard isAnswer || (isError && last.value.string != nil) else {
            throw JSONLine.Mismatch("it has no \"\(answerName)\" and no \"error\"")
        }
        let head = head(index)
        let isSame = line.starts(with: head) && line.dropFirst(head.count).starts(with: ", \"\(last.key)\": ".utf8)
        if !isSame {
            let found = JSONObject(object.members.dropLast().map { $0 })
            guard try members(index) == found else { throw JSONLine.Mismatch("the question with its id is another one") }
        }
        return (index, isError ? last.value.string : nil)
    }

    /// Whether a line of an output is an error, be it of these questions or of what they were before.
    static func isError(_ line: ArraySlice<UInt8>) -> Bool {
        do {
            guard let object = try JSONLine.parse(line).object, let last = object.members.last else { return false }
            return last.key == "error" && last.value.string != nil && (object["id"] != nil || object["line"] != nil)
        } catch { return false }
    }

    /// Whether bytes may be what was written of a line of the output before something stopped it.
    func isBeginning(_ bytes: [UInt8]) -> Bool {
        // A power cut leaves zeros where bytes were meant to be.
        let written = bytes.filter { $0 != 0 && $0 != 0x0A }
        return items.indices.contains { index in
            [answerName, "error"].contains { name in
                let line = head(index) + Array(", \"\(name)\": \(isForeign && name == answerName ? "{" : "\"")".utf8)
                return zip(written, line).allSatisfy { $0 == $1 }
            }
        }
    }

    /// A text as JSON has it.
    private static func quoted(_ text: String) -> String { String(JSONValue.string(JSONString(bytes: Array(text.utf8))).text.dropLast()) }

    private static func contents(of file: URL) throws -> [UInt8] {
        let path = file.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw BatchError.unreadable(path: path, reason: "there is no such file")
        }
        guard !isFolder.boolValue else { throw BatchError.unreadable(path: path, reason: "it is a folder") }
        do {
            let handle = try FileHandle(forReadingFrom: file)
            var data = Data()
            // A device may never end.
            while data.count <= maximumBytes, let more = try handle.read(upToCount: maximumBytes + 1 - data.count), !more.isEmpty {
                data += more
            }
            guard data.count <= maximumBytes else { throw BatchError.tooLarge(path: path, limit: maximumBytes) }
            return [UInt8](data)
        } catch let error as BatchError {
            throw error
        } catch { throw BatchError.unreadable(path: path, reason: error.localizedDescription) }
    }
}

/// Lines of JSON.
enum JSONLine {
    /// Why a line of the output belongs to no question; completes "it does not belong (...)".
    struct Mismatch: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// Without white space at both ends; nil where nothing is left.
    static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        guard let first = bytes[range].firstIndex(where: { !isSpace($0) }), let last = bytes[range].lastIndex(where: { !isSpace($0) })
        else {
            return nil
        }
        return first..<last + 1
    }

    static func parse(_ bytes: some Collection<UInt8>) throws -> JSONValue { try JSONValue(parsing: Array(bytes)) }
}
