import Foundation

/// The built `instructblip`, run as a user runs it.
enum Program {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// The JSON object written, with its members as Foundation reads them.
        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
        }
    }

    /// Beside the test bundle, where the build puts both.
    static var url: URL {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL ?? Bundle.main.bundleURL
            return bundle.deletingLastPathComponent().appendingPathComponent("instructblip")
        #else
            return Bundle.main.bundleURL.appendingPathComponent("instructblip")
        #endif
    }

    /// - Parameters:
    ///   - executable: another program than `instructblip`.
    ///   - folder: the working directory; the tests' own where nil.
    ///   - environment: set besides the tests' own.
    static func run(
        _ arguments: [String], input: Data? = nil, executable: URL = url, in folder: URL? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = folder }
        let (output, errors, feed) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = feed
        try process.run()
        if let input { try feed.fileHandleForWriting.write(contentsOf: input) }
        try feed.fileHandleForWriting.close()
        // Messages are short; the output is read first because it may be long.
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let messages = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: messages, as: UTF8.self))
    }

    /// Runs a line of shell script in which `"$@"` is the program with its arguments.
    static func shell(_ script: String, _ arguments: [String]) throws -> Outcome {
        try run(["-c", script, "sh", url.path] + arguments, executable: URL(fileURLWithPath: "/bin/sh"))
    }
}
