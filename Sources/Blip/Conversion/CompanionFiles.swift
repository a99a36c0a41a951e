import Foundation

/// What lies beside the weights of a checkpoint folder and goes with them: tokenizers, processor files, licences.
struct CompanionFiles {
    let folder: URL
    /// Relative, one folder deep: everything but weights, hidden files and `config.json`, which is written last.
    let paths: [String]

    init(of folder: URL) throws {
        self.folder = folder
        var paths: [String] = []
        for name in try Self.names(in: folder) where name != "config.json" {
            switch Self.kind(folder.appendingPathComponent(name)) {
            case .file: paths.append(name)
            case .folder:
                paths += try Self.names(in: folder.appendingPathComponent(name)).map { name + "/" + $0 }.filter {
                    Self.kind(folder.appendingPathComponent($0)) == .file
                }
            case .missing: continue
            }
        }
        self.paths = paths
    }

    func copy(to target: URL) throws { for path in paths { try copy(path, to: target) } }

    /// Copies a file, not a link: the Hub's cache consists of links, which would point nowhere from the new place.
    func copy(_ path: String, to target: URL) throws {
        let destination = target.appendingPathComponent(path)
        do {
            try FileManager.default.createDirectory(at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: folder.appendingPathComponent(path).resolvingSymlinksInPath(), to: destination)
        } catch {
            let source = folder.appendingPathComponent(path).path
            guard FileManager.default.isReadableFile(atPath: source) else {
                throw ConversionError.unreadable(file: source, reason: error.localizedDescription)
            }
            throw BlipError.unwritableFolder(path: target.path, reason: error.localizedDescription)
        }
    }

    private enum Kind { case file, folder, missing }

    private static func kind(_ url: URL) -> Kind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return .missing }
        return isFolder.boolValue ? .folder : .file
    }

    private static func names(in folder: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") && !isWeights($0) }.sorted()
        } catch {
            throw ConversionError.unreadable(file: folder.path, reason: error.localizedDescription)
        }
    }

    /// Weights of any framework, and their indexes.
    private static func isWeights(_ name: String) -> Bool {
        let endings = [".safetensors", ".bin", ".pth", ".pt", ".h5", ".msgpack", ".onnx", ".gguf", ".index.json"]
        return endings.contains { name.hasSuffix($0) }
    }
}
