import Foundation

/// Runs a test with a new folder, which is removed afterwards.
@discardableResult
func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "BlipData-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result = Result { try body(folder) }
    try FileManager.default.removeItem(at: folder)
    return try result.get()
}

/// Runs a test with a file named `file` of these bytes.
@discardableResult
func withFile<R>(_ bytes: some Sequence<UInt8>, _ body: (URL) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
        let url = folder.appending(path: "file")
        try Data(bytes).write(to: url)
        return try body(url)
    }
}

@discardableResult
func withFile<R>(_ text: String, _ body: (URL) throws -> R) throws -> R { try withFile(text.utf8, body) }
