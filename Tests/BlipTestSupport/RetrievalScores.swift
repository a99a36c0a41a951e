import BlipTensors
import Foundation

/// What the reference says of pictures and texts: `Tests/Fixtures/blip2/itm`.
public struct RetrievalScores: Decodable {
    public struct Score: Decodable, Sendable {
        public let image: String
        public let text: String
        public let inputIds: [Int]
        public let logits: [Double]
        public let itmProbability: Double
        public let itcSimilarity: Double
    }

    /// The reference's own half precision: which parts it keeps in float32, and how far its scores lie from float32's.
    public struct Half: Decodable, Sendable {
        public struct Gaps: Decodable, Sendable {
            public let logits: Double
            public let itcSimilarity: Double
        }

        public let keptInFloat32: [String]
        public let gaps: Gaps
    }

    public let scores: [Score]
    public let halves: [String: Half]

    public init() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(
            Self.self, from: Data(contentsOf: Fixtures.checkpoint("blip2/itm").appendingPathComponent("cases.json")))
    }

    /// The picture as the network sees it [1, 3, H, W].
    public func pixels(_ image: String) throws -> Tensor {
        try SafetensorsFile(Fixtures.checkpoint("blip2/itm").appendingPathComponent("references.pixels.safetensors"))
            .tensor("\(image)/pixel_values").unsqueeze(0)
    }
}
