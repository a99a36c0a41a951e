import BlipData
import Foundation

/// A folder of datasets that one test makes for itself.
struct TemporaryDatasets {
    let root: String

    func path(_ relative: String) -> String { root + "/" + relative }

    func open(_ name: String, _ split: Split) throws -> any SampleCollection { try DatasetCatalog.dataset(name).open(root, split) }

    func samples(_ name: String, _ split: Split) throws -> [Sample] {
        let samples = try open(name, split)
        return try (0..<samples.count).map(samples.sample)
    }

    /// Changes the first place where a file says `old`.
    func replace(_ relative: String, _ old: String, _ new: String) throws {
        let url = URL(fileURLWithPath: path(relative))
        var text = try String(contentsOf: url, encoding: .utf8)
        guard let place = text.range(of: old) else { throw CocoaError(.fileReadCorruptFile) }
        text.replaceSubrange(place, with: new)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }
}

/// Runs a test with a folder that holds copies of some fixtures, files or folders.
func withDatasets<R>(_ relatives: String..., body: (TemporaryDatasets) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
        for relative in relatives {
            let copy = folder.appending(path: relative)
            try FileManager.default.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: DatasetFixtures.path(relative), toPath: copy.path)
        }
        return try body(TemporaryDatasets(root: folder.path))
    }
}
