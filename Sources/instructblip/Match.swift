import ArgumentParser
import Blip
import Foundation

struct Match: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how well a text fits a picture, by BLIP-2 without a language model (blip2-itm-*).",
        discussion: """
            Two scores: the probability that picture and text belong together, and the similarity of both, which only means something
            beside another. With --json, one object: itm_probability, itc_similarity, timings.
            """)

    @OptionGroup var imageOptions: ImageOptions

    @Argument(help: "The text, for example \"two cats on a pink blanket\".")
    var text: String

    @OptionGroup var modelOptions: ModelOptions

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if modelOptions.checkpoint.given == nil {
            throw ValidationError("Missing expected argument '--model <dir|org/name>': the built-in model compares no pictures with texts.")
        }
    }

    func run() async throws {
        if text.allSatisfy(\.isWhitespace) { throw BlipError.emptyText }
        let source = try imageOptions.source
        _ = try source.load(limits: imageOptions.limits)
        let matcher = try await modelOptions.openMatcher()
        let match = try await matcher.match(text, about: source, limits: imageOptions.limits)
        for note in match.notes { writeRemark("note: \(note)\n") }
        if json { return try writeJSON(MatchReport(match)) }
        try writeOutput(String(format: "match %.4f\nsimilarity %.4f\n", match.matchingProbability, match.similarity))
    }
}

/// What `match --json` writes.
struct MatchReport: Encodable {
    struct TimingsReport: Encodable {
        let load: Double
        let image: Double
        let vision: Double
        let qformer: Double

        enum CodingKeys: String, CodingKey {
            case load = "load_s"
            case image = "image_s"
            case vision = "vision_s"
            case qformer = "qformer_s"
        }
    }

    let matchingProbability: Double
    let similarity: Double
    let timings: TimingsReport

    enum CodingKeys: String, CodingKey {
        case timings
        case matchingProbability = "itm_probability"
        case similarity = "itc_similarity"
    }

    init(_ match: ImageTextMatch) {
        matchingProbability = match.matchingProbability
        similarity = match.similarity
        let seconds = match.timings
        timings = TimingsReport(load: seconds.load, image: seconds.image, vision: seconds.vision, qformer: seconds.qformer)
    }
}
