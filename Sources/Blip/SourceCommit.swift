import Foundation

/// The commit that a working folder stands at, read from its repository without running git.
package enum SourceCommit {
    /// Of the folder that the program runs in; nil where there is no repository around it.
    package static var current: String? { around(URL(fileURLWithPath: FileManager.default.currentDirectoryPath)) }

    /// The commit of the repository that a folder lies in.
    package static func around(_ folder: URL) -> String? {
        var folder = folder.standardizedFileURL
        while true {
            if let commit = commit(folder.appendingPathComponent(".git")) { return commit }
            let parent = folder.deletingLastPathComponent().standardizedFileURL
            if parent.path == folder.path || folder.path == "/" { return nil }
            folder = parent
        }
    }

    private static func commit(_ place: URL) -> String? {
        var repository = place
        // A second working folder of one repository has a file here that says where the repository is.
        if let line = text(place), line.hasPrefix("gitdir: ") {
            repository = URL(fileURLWithPath: String(line.dropFirst(8)), relativeTo: place.deletingLastPathComponent()).absoluteURL
        }
        guard let head = text(repository.appendingPathComponent("HEAD")) else { return nil }
        guard head.hasPrefix("ref: ") else { return head }
        let name = String(head.dropFirst(5))
        let common = text(repository.appendingPathComponent("commondir")).map {
            URL(fileURLWithPath: $0, relativeTo: repository).absoluteURL
        }
        for folder in [repository, common].compactMap(\.self) {
            if let commit = text(folder.appendingPathComponent(name)) { return commit }
            let packed = text(folder.appendingPathComponent("packed-refs"))?.split(separator: "\n")
            if let line = packed?.first(where: { $0.hasSuffix(" \(name)") }) { return String(line.prefix { $0 != " " }) }
        }
        return nil
    }

    private static func text(_ file: URL) -> String? {
        // Whatever cannot be read here is not needed.
        guard let data = FileManager.default.contents(atPath: file.path) else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
