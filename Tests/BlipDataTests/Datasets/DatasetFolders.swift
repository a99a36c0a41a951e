import BlipData
import Foundation
import Testing

/// Reads a dataset from a folder with only these files, by their paths below it.
func withDatasets<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
        for (path, text) in files {
            let url = folder.appending(path: path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return try body(folder.path)
    }
}

/// What is said of a sample that cannot be read; nil if it can.
func failure(_ name: String, _ split: Split, _ index: Int, below root: String) -> String? {
    do {
        _ = try DatasetCatalog.dataset(name).open(root, split).sample(index)
        return nil
    } catch { return "\(error)" }
}

/// Checks that a dataset without any of its files says where this one is to be had.
func expectMissing(_ name: String, _ split: Split, path: String, url: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try withTemporaryFolder { folder in
        let dataset = try DatasetCatalog.dataset(name)
        do {
            _ = try dataset.open(folder.path, split)
            Issue.record("\(name) was opened without its files", sourceLocation: sourceLocation)
        } catch DataError.missingFile(let found, let place, let remedy) {
            #expect(found == name, sourceLocation: sourceLocation)
            #expect(place == folder.path + "/" + path, sourceLocation: sourceLocation)
            #expect(remedy.contains(url), sourceLocation: sourceLocation)
        }
    }
}

extension Sample {
    /// Its question, if it asks one.
    var question: VisualQuestion? { if case .question(let question) = task { question } else { nil } }
}
