import ArgumentParser
import Blip
import Foundation

/// Where pictures seen are kept between runs.
struct ImageCacheArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Keep what was seen in pictures in this folder, for other runs.", valueName: "dir"))
    var imageCache: String?

    @Option(help: ArgumentHelp("What that folder may grow to, for example 500MB or 2GB. Default: 4GB.", valueName: "size"))
    var imageCacheSize: ByteSize?

    func validate() throws {
        if imageCacheSize != nil, imageCache == nil { throw ValidationError("--image-cache-size goes with --image-cache.") }
    }

    var folder: URL? { imageCache.map { URL(fileURLWithPath: $0, isDirectory: true) } }

    var bytes: Int { imageCacheSize?.bytes ?? OpenOptions().imageCacheFolderBytes }
}

/// A number of bytes: `2GB`, `500 MB`, `1GiB`, `1000000`.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    private static let units = [
        "": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000, "KIB": 1 << 10, "MIB": 1 << 20,
        "GIB": 1 << 30, "TIB": 1 << 40,
    ]

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = argument.dropFirst(digits.count).drop(while: \.isWhitespace).uppercased()
        guard let number = Int(digits), let factor = Self.units[unit] else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        guard bytes > 0, !overflows else { return nil }
        self.bytes = bytes
    }
}
