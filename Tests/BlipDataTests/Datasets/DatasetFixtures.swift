import BlipData
import Foundation

/// A folder with a few records of every dataset, in its official format and layout. The content is invented.
enum DatasetFixtures {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/datasets").path

    static func samples(_ name: String, _ split: Split) throws -> [Sample] {
        let samples = try DatasetCatalog.dataset(name).open(root, split)
        return try (0..<samples.count).map(samples.sample)
    }

    static func path(_ relative: String) -> String { root + "/" + relative }
}
