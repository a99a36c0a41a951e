import BlipModels
import BlipTensors
import Foundation

/// The stored fixtures: `Tests/Fixtures`, found from this source file, or where `INSTRUCTBLIP_FIXTURES` says, for tests that were built elsewhere.
public enum Fixtures {
    public static let root: URL = {
        if let folder = ProcessInfo.processInfo.environment["INSTRUCTBLIP_FIXTURES"] { return URL(fileURLWithPath: folder) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")
    }()

    /// A tiny InstructBLIP, or of another folder of fixtures, as `blip2/opt`.
    public static func checkpoint(_ name: String) -> URL { root.appendingPathComponent(name.contains("/") ? name : "instructblip/" + name) }

    public static func picture(_ name: String) -> URL { root.appendingPathComponent("pictures").appendingPathComponent(name) }
}

/// What the reference implementation computed for one tiny checkpoint: `cases.json` and `references.*.safetensors`.
public struct References {
    public let cases: CaseFile
    private let files: [SafetensorsFile]

    public init(_ checkpoint: String) throws {
        let folder = Fixtures.checkpoint(checkpoint)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        cases = try decoder.decode(CaseFile.self, from: Data(contentsOf: folder.appendingPathComponent("cases.json")))
        files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix("references.") }
            .map { try SafetensorsFile($0) }
    }

    /// A stored tensor with a batch dimension of 1 in front.
    public func tensor(_ name: String) throws -> Tensor { try stored(name).unsqueeze(0) }

    /// A stored tensor as it is, on the device that networks are tested on.
    public func stored(_ name: String) throws -> Tensor {
        guard let file = files.first(where: { $0.info(of: name) != nil }) else {
            throw FixtureError(description: "no reference named \(name)")
        }
        return try file.tensor(name).to(TestDevice.current)
    }

    /// Every stored name with this beginning.
    public func names(_ prefix: String) -> [String] { files.flatMap(\.names).filter { $0.hasPrefix(prefix) } }
}

public struct FixtureError: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// `cases.json` of a tiny checkpoint.
public struct CaseFile: Decodable, Sendable {
    public let newTokens: Int
    public let tokenizerEnd: Int
    public let configEnd: Int
    /// All of them, where the configuration names several.
    public let configEnds: [Int]?
    public let pad: Int
    public let halfGaps: [String: Double]?
    public let cases: [Case]
    public let batch: BatchCase?
    public let losses: [LossCase]?
    public let withoutText: [Caption]?
    public let beams: [BeamCase]?
    public let interpolated: [Resized]?
    public let captionBeams: [CaptionBeams]?
    public let several: [Several]?
    public let ranked: [Ranked]?
    /// Where the queries look: per layer that does, per query, over the patches.
    public let queryAttention: [[[Double]]]?

    /// A caption without a prompt.
    public struct Caption: Decodable, Sendable {
        public let image: String
        public let stoppingAtConfigEnd: [Int]
        public let neverStopping: [Int]
    }

    public struct BeamCase: Decodable, Sendable {
        public struct Options: Decodable, Sendable {
            public let numBeams: Int
            public let repetitionPenalty: Double?
            public let lengthPenalty: Double?
            public let noRepeatNgramSize: Int?
            public let minNewTokens: Int?
        }

        public let options: Options
        public let cases: [String]
        public let end: Int
        public let ids: [[Int]]
    }

    /// A caption by beams.
    public struct CaptionBeams: Decodable, Sendable {
        public let image: String
        public let options: BeamCase.Options
        public let end: Int
        public let ids: [Int]
    }

    /// Several pictures in a row before the words.
    public struct Several: Decodable, Sendable {
        public let images: [String]
        public let instruction: String
        public let ids: [Int]
    }

    /// Log-probabilities of candidates, each by a full pass of its own.
    public struct Ranked: Decodable, Sendable {
        public let instruction: String
        public let countsEnd: Bool
        public let candidates: [String]
        public let scores: [Double]
    }

    /// A picture of another size than the positions were trained for.
    public struct Resized: Decodable, Sendable {
        public let height: Int
        public let width: Int
        public let ids: [Int]
    }

    public struct Case: Decodable, Sendable {
        public let name: String
        public let image: String
        public let instruction: String
        /// Nil where the Q-Former is told nothing.
        public let qformerInputIds: [Int]?
        public let inputIds: [Int]
        public let greedy: Greedy<[Int]>
        public let text: String
    }

    public struct Greedy<IDs: Decodable & Sendable>: Decodable, Sendable {
        public let stoppingAtTokenizerEnd: IDs
        public let stoppingAtConfigEnd: IDs
        public let neverStopping: IDs
    }

    public struct BatchCase: Decodable, Sendable {
        public let cases: [String]
        public let greedy: Greedy<[[Int]]>
    }

    public struct LossCase: Decodable, Sendable {
        public let name: String
        public let cases: [String]
        public let answers: [String]
        public let loss: Double
        public let labels: [[Int]]
    }
}
