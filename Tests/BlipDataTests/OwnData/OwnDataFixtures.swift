import BlipData
import Foundation

/// A few invented records in each form of own data; Scripts/fixtures/own_data.py writes them.
enum OwnDataFixtures {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/own-data").standardizedFileURL.path

    static func path(_ relative: String) -> String { root + "/" + relative }

    /// What a sample is, or why it cannot be read.
    enum Outcome: Equatable {
        case sample(Sample)
        case bad(String)

        var sample: Sample? { if case .sample(let sample) = self { sample } else { nil } }
        var bad: String? { if case .bad(let reason) = self { reason } else { nil } }
    }

    static func outcomes(_ samples: any SampleCollection) -> [Outcome] {
        (0..<samples.count).map { index in
            do { return .sample(try samples.sample(index)) } catch { return .bad("\(error)") }
        }
    }

    static func outcomes(_ relative: String, format: OwnDataFormat? = nil) throws -> [Outcome] {
        outcomes(try OwnData.open(path(relative), format: format).samples)
    }

    static func written(
        _ id: String, _ images: [String], _ instruction: String, _ response: String?, history: [Exchange] = []
    ) -> Outcome {
        .sample(
            Sample(
                id: id, images: images.map { .file(path($0)) },
                task: .instruction(WrittenInstruction(instruction, response: response, history: history))))
    }
}
