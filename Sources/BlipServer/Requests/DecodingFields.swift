import Blip
import BlipDecoding
import BlipJSON

/// How an answer is to be chosen, as a request says it. What is not said is greedy: the likeliest token each time.
struct DecodingFields: Sendable {
    var preset: DecodingPreset?
    var maximumTokens: Int?
    var beams: Int?
    var answers: Int?
    var lengthPenalty: Double?
    var repetitionPenalty: Double?
    /// 0 is none.
    var temperature: Double?
    var topP: Double?
    var topK: Int?
    var minP: Double?
    var seed: Int?
    var stops: [String] = []

    /// Scores are divided by it; by less they would overflow.
    static let repetitionPenalties = 0.01...10

    init(_ fields: Fields, _ limits: ServerLimits) throws {
        if let name = try fields.text("preset", limit: limits.modelNameLength) {
            guard let preset = DecodingPreset(rawValue: name) else {
                let known = DecodingPreset.allCases.map(\.rawValue).joined(separator: ", ")
                throw fields.refusal("preset", expected: "one of \(known)")
            }
            self.preset = preset
        }
        let tokens = 1...1_000_000
        let older = try fields.integer("max_tokens", in: tokens)
        maximumTokens = try fields.integer("max_completion_tokens", in: tokens) ?? older
        beams = try fields.integer("num_beams", in: 1...limits.beams)
        answers = try fields.integer("n", in: 1...limits.answers)
        lengthPenalty = try fields.number("length_penalty", in: -10...10)
        repetitionPenalty = try fields.number("repetition_penalty", in: Self.repetitionPenalties)
        temperature = try fields.number("temperature", in: 0...2)
        topP = try fields.number("top_p", in: 0...1, above: 0)
        // 0 and -1 mean no rule, as elsewhere.
        topK = try fields.integer("top_k", in: -1...1_000_000).flatMap { $0 > 0 ? $0 : nil }
        minP = try fields.number("min_p", in: 0...1)
        seed = try fields.integer("seed", in: Int.min...Int.max)
        stops = try Self.stops(fields, limits)
        try Self.refuseUnknown(fields)
    }

    private static func stops(_ fields: Fields, _ limits: ServerLimits) throws -> [String] {
        guard let value = fields["stop"] else { return [] }
        let expected = "a string, or a list of up to \(limits.stops) of them, each of 1 to \(limits.stopLength) characters"
        let all: [JSONValue]
        switch value {
        case .string: all = [value]
        case .array(let elements) where elements.count <= limits.stops: all = elements
        default: throw fields.refusal("stop", expected: expected)
        }
        return try all.map {
            guard case .string(let stop) = $0, (1...limits.stopLength).contains(stop.length) else {
                throw fields.refusal("stop", expected: expected)
            }
            return stop.description
        }
    }

    /// What others serve and this family of models cannot: silence would let somebody believe it worked.
    private static func refuseUnknown(_ fields: Fields) throws {
        for name in ["presence_penalty", "frequency_penalty"] where try fields.number(name, in: -2...2) ?? 0 != 0 {
            throw fields.refusal(name, expected: "0 or left out; repetition_penalty is the penalty of these models")
        }
        for name in ["tools", "functions"] where try !(fields.list(name, limit: 1024) ?? []).isEmpty {
            throw fields.refusal(name, expected: "left out: these models call no tools")
        }
        if let bias = fields["logit_bias"] {
            guard case .object(let object) = bias, object.members.isEmpty else {
                throw fields.refusal("logit_bias", expected: "left out: these models take none")
            }
        }
        for modality in try fields.list("modalities", limit: 16) ?? [] {
            guard case .string(let name) = modality, name.description == "text" else {
                throw fields.refusal("modalities", expected: "left out or [\"text\"], the only one")
            }
        }
        if fields["audio"] != nil { throw fields.refusal("audio", expected: "left out: these models do not speak") }
        if let format = try fields.fields("response_format") {
            guard try format.text("type", limit: 64) == "text" else { throw format.refusal("type", expected: "text, the only format") }
        }
    }

    /// - Parameters:
    ///   - usual: the preset where the request names none.
    ///   - answers: overrides the request's own number of answers.
    func options(isEncoderDecoder: Bool, _ limits: ServerLimits, usual: DecodingPreset? = nil) throws -> AnswerOptions {
        var decoding = (preset ?? usual)?.options(isEncoderDecoder: isEncoderDecoder) ?? DecodingOptions(maximumTokens: 256)
        decoding.maximumTokens = min(maximumTokens ?? decoding.maximumTokens, limits.newTokens)
        decoding.minimumTokens = min(decoding.minimumTokens, decoding.maximumTokens)
        decoding.beams = beams ?? decoding.beams
        decoding.returned = answers ?? 1
        decoding.lengthPenalty = lengthPenalty ?? decoding.lengthPenalty
        decoding.repetitionPenalty = repetitionPenalty ?? decoding.repetitionPenalty
        if let temperature, temperature > 0 {
            // Somebody who names no seed wants another answer each time.
            let seed = seed.map { UInt64(bitPattern: Int64($0)) } ?? .random(in: .min ... .max)
            // Below that, the likeliest token is as good as certain, and scores divided by less would overflow.
            let drawn = max(temperature, 0.001)
            decoding.sampling = .init(temperature: drawn, topK: topK, topP: topP == 1 ? nil : topP, minP: minP, seed: seed)
        }
        if decoding.returned > 1, decoding.sampling == nil, decoding.beams < decoding.returned {
            throw Refusal.badField(
                "n", "n of \(decoding.returned) needs a temperature above 0, or num_beams of at least \(decoding.returned)")
        }
        do { try decoding.validate() } catch { throw Refusal.badField(nil, "\(error)") }
        return AnswerOptions(decoding: decoding, stopStrings: stops)
    }
}
