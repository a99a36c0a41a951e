import BlipImages
import Foundation

/// The pictures of folders, by their names: what is in them is not asked, so that a broken picture is an error and not passed over.
public struct PictureList: Sendable {
    /// Below ``root`` relative to it, else as given; a picture that was named twice, as also through its folder, once.
    public private(set) var paths: [String] = []
    /// What the paths are relative to.
    public let root: URL
    /// Files of another kind.
    public private(set) var otherFiles = 0
    /// Folders that were not entered.
    public private(set) var otherFolders = 0

    static let extensions: Set<String> = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif"]
    private static let maximumDepth = 64
    /// Where the pictures are; in bytes, for two spellings of a letter are two names.
    private var known: Set<[UInt8]> = []

    /// - Parameters:
    ///   - places: a folder, whose pictures are known by their paths in it; or files and folders, known by the paths given.
    ///   - recursive: whether folders in folders are entered; links to folders are not.
    /// - Throws: ``BatchError`` for places that are not there, and where there is no picture.
    public init(_ places: [String], recursive: Bool = false) throws {
        let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
        let isFolder = places.count == 1 && Self.isFolder(places[0])
        root = isFolder ? URL(fileURLWithPath: places[0], isDirectory: true) : here
        for place in places {
            if isFolder {
                try add(folder: "", recursive: recursive, depth: 0)
            } else if Self.isFolder(place) {
                try add(folder: place.hasSuffix("/") ? place : place + "/", recursive: recursive, depth: 0)
            } else {
                guard FileManager.default.fileExists(atPath: place) else {
                    throw BatchError.unreadable(path: place, reason: "there is no such file or folder")
                }
                // Named by hand, so meant, whatever its name.
                add(picture: place)
            }
        }
        guard !paths.isEmpty else { throw BatchError.noPictures(path: places.joined(separator: ", ")) }
    }

    private mutating func add(picture path: String) {
        let place = URL(fileURLWithPath: path, relativeTo: root).absoluteURL.standardizedFileURL.path
        if known.insert(Array(place.utf8)).inserted { paths.append(path) }
    }

    private mutating func add(folder: String, recursive: Bool, depth: Int) throws {
        let path = URL(fileURLWithPath: folder.isEmpty ? "." : folder, relativeTo: root).path
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw BatchError.unreadable(path: path, reason: error.localizedDescription)
        }
        for name in names.sorted() where !name.hasPrefix(".") {
            let inside = path + "/" + name
            if Self.isFolder(inside) {
                var status = stat()
                let isLink = lstat(inside, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
                if recursive, !isLink, depth < Self.maximumDepth {
                    try add(folder: folder + name + "/", recursive: recursive, depth: depth + 1)
                } else {
                    otherFolders += 1
                }
            } else if Self.extensions.contains(URL(fileURLWithPath: name).pathExtension.lowercased()) {
                add(picture: folder + name)
            } else {
                otherFiles += 1
            }
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
