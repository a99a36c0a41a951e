import Foundation

/// Finds the folder that a user means by `--model`: a folder, or the name of a pulled model.
public struct ModelLocator: Sendable {
    private let cache: HubCache

    public init(_ cache: HubCache) { self.cache = cache }

    /// A path that exists wins over a name. A text that can only be a path is given back as one, for its reader to say what is wrong.
    ///
    /// - Throws: ``HubError/notPulled(name:)``, ``HubError/revisionNotPulled(name:pulled:)`` or ``HubError/incompleteModel(name:folder:)``.
    public func folder(for text: String) throws -> URL {
        let path = URL(fileURLWithPath: text, isDirectory: true)
        if FileManager.default.fileExists(atPath: path.path) { return path }
        guard let first = text.first, !"/.~".contains(first), let name = try? ModelName(text) else { return path }
        return try cache.snapshot(of: name)
    }
}
