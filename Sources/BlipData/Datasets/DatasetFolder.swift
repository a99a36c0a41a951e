import Foundation

/// A dataset's place on this machine.
public struct DatasetFolder: Sendable {
    /// The folder of all datasets.
    public let root: String
    let card: DatasetCard

    public init(root: String, card: DatasetCard) {
        self.root = root
        self.card = card
    }

    public func path(_ relative: String) -> String { (root as NSString).appendingPathComponent(relative) }

    public func has(_ relative: String) -> Bool { FileManager.default.fileExists(atPath: path(relative)) }

    /// The file at a path.
    ///
    /// - Throws: ``DataError/missingFile(dataset:path:remedy:)`` that says where to fetch it.
    public func file(_ relative: String) throws(DataError) -> URL {
        guard has(relative) else { throw missing(relative) }
        return URL(fileURLWithPath: path(relative))
    }

    /// The first of several files that is there, for annotations that are published in more than one form.
    public func first(of relatives: [String]) throws(DataError) -> (index: Int, url: URL) {
        for (index, relative) in relatives.enumerated() where has(relative) { return (index, URL(fileURLWithPath: path(relative))) }
        throw missing(relatives.first ?? "", orOneOf: Array(relatives.dropFirst()))
    }

    /// A picture below the folder.
    public func image(_ relative: String, identity: String? = nil) -> SampleImage { .file(path(relative), identity: identity) }

    /// A picture whose extension differs between uploads: the first that is there, else the first.
    public func image(_ relative: String, extensions: [String], identity: String? = nil) -> SampleImage {
        let names = extensions.map { relative + "." + $0 }
        return image(names.first(where: has) ?? names.first ?? relative, identity: identity)
    }

    private func missing(_ relative: String, orOneOf others: [String] = []) -> DataError {
        let official = card.files.first { $0.path == relative || relative.hasPrefix($0.path + "/") }
        var remedy = official.map { "fetch it from \($0.url)" } ?? "see the dataset's card for its files"
        if let note = official?.note { remedy += " (\(note))" }
        if !others.isEmpty { remedy += "; or put there " + others.joined(separator: " or ") }
        return .missingFile(dataset: card.name, path: path(relative), remedy: remedy)
    }
}
