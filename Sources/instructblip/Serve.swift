import ArgumentParser
import Foundation

/// `instructblip serve`: the server is a program of its own, so that whoever only asks never builds what it stands on. This verb becomes it.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve models over HTTP, as OpenAI's chat completions are served, with a page to look and ask.",
        discussion: """
            Runs instructblip-serve, which lies beside this program or on PATH; swift build -c release --product instructblip-serve builds it. All options are
            that program's: instructblip serve --help lists them.

              instructblip serve
              instructblip serve --model Salesforce/instructblip-vicuna-7b --port 8000
            """)

    static let program = "instructblip-serve"

    @Argument(parsing: .captureForPassthrough, help: "Options of the server.")
    var options: [String] = []

    func run() throws {
        guard let file = Self.places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { throw ServeMissing() }
        var words: [UnsafeMutablePointer<CChar>?] = ([file] + options).map { strdup($0) }
        words.append(nil)
        execv(file, words)
        throw ServeMissing(reason: String(cString: strerror(errno)))
    }

    /// Beside this program, then along PATH.
    private static var places: [String] {
        let beside = (Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()).map { [$0.path] } ?? []
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (beside + path.split(separator: ":").map(String.init)).map { "\($0)/\(program)" }
    }
}

/// The server is not there, or does not start.
struct ServeMissing: Error, CustomStringConvertible {
    var reason: String?

    var description: String {
        if let reason { return "\(Serve.program) cannot be started: \(reason)" }
        return "the server is not built, or not beside this program; run: swift build -c release --product \(Serve.program)"
    }
}
