public import Foundation

/// Where the programs that read videos are looked for, and how long they may take.
public struct VideoTools: Sendable, Equatable {
    /// Folders, in the order in which they are searched.
    public var searchPath: [String]
    /// Seconds that one run of a program may take.
    public var timeLimit: Double

    /// - Parameter searchPath: `PATH` of the environment by default.
    public init(searchPath: [String] = VideoTools.environmentPath, timeLimit: Double = 60) {
        self.searchPath = searchPath
        self.timeLimit = timeLimit
    }

    public static var environmentPath: [String] {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    }

    /// A program's file; nil if there is none. Folders that depend on where one stands are passed over.
    public func find(_ name: String) -> URL? {
        searchPath.lazy.filter { $0.hasPrefix("/") }.map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) && !Self.isFolder($0) }
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
