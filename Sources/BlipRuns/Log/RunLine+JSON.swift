import BlipJSON

extension RunLine {
    /// The line as JSON, with its line break. JSON has no NaN and no infinity; they are written as texts.
    func bytes() throws(RunError) -> [UInt8] {
        var members: [(String, JSONValue)] = [("step", .integer(step))]
        switch content {
        case .numbers(let numbers):
            for name in numbers.others.keys.sorted() {
                if name.isEmpty || name == "step" || name == "time" || name == "event" || StepNumbers.fixedNames.contains(name) {
                    throw .badName(name: name, reason: "has a meaning of its own in a training log")
                }
            }
            for (name, value) in numbers.all {
                members.append((name, name == "target_tokens" ? numbers.targetTokens.map(JSONValue.integer) ?? .null : Self.json(value)))
            }
        case .start(let details): members += [("event", Self.json("start")), ("details", Self.json(details))]
        case .save(let path): members += [("event", Self.json("save")), ("path", Self.json(path))]
        case .validation(let metrics):
            let values = metrics.inOrder.map { (JSONString(stringLiteral: $0.name), Self.json($0.value)) }
            members += [("event", Self.json("validation")), ("metrics", .object(JSONObject(values)))]
        case .badBatch(let reason, let path):
            members += [("event", Self.json("bad_batch")), ("reason", Self.json(reason))]
            if let path { members.append(("path", Self.json(path))) }
        case .resume: members.append(("event", Self.json("resume")))
        case .end(let reason): members += [("event", Self.json("end")), ("reason", Self.json(reason))]
        case .note(let event, let details):
            if Self.knownEvents.contains(event) || event.isEmpty {
                throw .badName(name: event, reason: "has a meaning of its own in a training log")
            }
            members += [("event", Self.json(event)), ("details", Self.json(details))]
        }
        if let time { members.append(("time", Self.json(time))) }
        return JSONValue.object(JSONObject(members.map { (JSONString(stringLiteral: $0.0), $0.1) })).line
    }

    /// What every line begins with.
    static let beginning = Array(#"{"step": "#.utf8)

    /// - Throws: ``Mismatch``, what is wrong with the line.
    init(parsing bytes: some Sequence<UInt8>) throws(Mismatch) {
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(bytes), maximumDepth: 16) } catch { throw Mismatch(reason: "\(error)") }
        guard let object = value.object else { throw Mismatch(reason: "it is not a JSON object") }
        guard let step = value["step"]?.integer, step >= 0 else { throw Mismatch(reason: "\"step\" is not a number of steps") }
        self.step = step
        time = value["time"]?.double
        guard let event = value["event"] else {
            content = .numbers(try Self.numbers(object))
            return
        }
        guard let event = event.string else { throw Mismatch(reason: "\"event\" is not a text") }
        content =
            switch event {
            case "start": .start(details: Self.texts(value["details"]))
            case "save": .save(path: try Self.text(value, "path"))
            case "validation": .validation(metrics: try Self.metrics(value))
            case "bad_batch": .badBatch(reason: try Self.text(value, "reason"), path: value["path"]?.string)
            case "resume": .resume
            case "end": .end(reason: try Self.text(value, "reason"))
            default: .note(event: event, details: Self.texts(value["details"]))
            }
    }

    /// What is wrong with a line.
    struct Mismatch: Error {
        let reason: String
    }

    private static let knownEvents = ["start", "save", "validation", "bad_batch", "resume", "end"]

    private static func numbers(_ object: JSONObject) throws(Mismatch) -> StepNumbers {
        var numbers = StepNumbers(loss: .nan)
        var hasLoss = false
        for (key, json) in object.members where json != .null {
            let name = key.description
            if name == "step" || name == "time" { continue }
            guard let value = number(json) else { throw Mismatch(reason: "\"\(name)\" is not a number") }
            switch name {
            case "loss": (numbers.loss, hasLoss) = (value, true)
            case "learning_rate": numbers.learningRate = value
            case "gradient_norm": numbers.gradientNorm = value
            case "target_tokens":
                guard let count = json.integer else { throw Mismatch(reason: "\"target_tokens\" is not a count") }
                numbers.targetTokens = count
            case "samples_per_s": numbers.samplesPerSecond = value
            case "tokens_per_s": numbers.tokensPerSecond = value
            case "seconds": numbers.seconds = value
            default: numbers.others[name] = value
            }
        }
        guard hasLoss else { throw Mismatch(reason: "it has neither a loss nor an event") }
        return numbers
    }

    private static func metrics(_ value: JSONValue) throws(Mismatch) -> [String: Double] {
        guard let members = value["metrics"]?.object?.members else { throw Mismatch(reason: "\"metrics\" is not an object") }
        var metrics: [String: Double] = [:]
        for (key, json) in members where json != .null {
            guard let value = number(json) else { throw Mismatch(reason: "the metric \"\(key)\" is not a number") }
            metrics[key.description] = value
        }
        return metrics
    }

    private static func text(_ value: JSONValue, _ key: JSONString) throws(Mismatch) -> String {
        guard let text = value[key]?.string else { throw Mismatch(reason: "\"\(key)\" is not a text") }
        return text
    }

    /// Members that are not texts are passed over: nothing depends on them.
    private static func texts(_ value: JSONValue?) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in value?.object?.members ?? [] { texts[key.description] = value.string }
        return texts
    }

    private static func json(_ text: String) -> JSONValue { .string(JSONString(stringLiteral: text)) }

    private static func json(_ texts: [String: String]) -> JSONValue {
        .object(JSONObject(texts.sorted { $0.key < $1.key }.map { (JSONString(stringLiteral: $0.key), json($0.value)) }))
    }

    private static func json(_ number: Double) -> JSONValue {
        if number.isNaN { return json("NaN") }
        return number.isInfinite ? json(number < 0 ? "-Infinity" : "Infinity") : .number(number)
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value.string {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: value.double
        }
    }
}

extension JSONValue {
    /// The value on one line, with its line break.
    ///
    /// `text` puts every member on a line of its own. A string never holds a raw line break, so joining its lines changes no value.
    var line: [UInt8] {
        var result: [UInt8] = []
        for part in text.utf8.split(separator: 0x0A) {
            let trimmed = part.drop { $0 == 0x20 }
            if result.last == UInt8(ascii: ",") { result.append(0x20) }
            result += trimmed
        }
        result.append(0x0A)
        return result
    }
}
