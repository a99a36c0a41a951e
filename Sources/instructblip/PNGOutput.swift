import ArgumentParser
import BlipImages
import Foundation

/// Pictures are written as PNG, whatever their file is called.
enum PNGOutput {
    private static let otherKinds: Set = ["jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "pdf"]

    /// The file to write a picture to, checked before anything is computed.
    /// - Throws: `ValidationError` for a name that says another kind of file, or `-`, which names none; else what `WholeFile.check` throws.
    static func file(_ path: String, option: String) throws -> URL {
        let file = URL(fileURLWithPath: path)
        guard path != "-" else { throw ValidationError("\(option) is the name of a file; a picture is not written to standard output.") }
        let kind = file.pathExtension
        guard !otherKinds.contains(kind.lowercased()) else {
            throw ValidationError("\(option) \(path) would hold a PNG picture; name it \(path.dropLast(kind.count))png.")
        }
        try WholeFile.check(file)
        return file
    }
}
