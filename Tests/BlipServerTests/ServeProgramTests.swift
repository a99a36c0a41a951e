import Foundation
import Testing

/// The built program, run as a user runs it.
@Suite("the program instructblip-serve") struct ServeProgramTests {
    private static func program(_ name: String) -> URL {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL ?? Bundle.main.bundleURL
            return bundle.deletingLastPathComponent().appendingPathComponent(name)
        #else
            return Bundle.main.bundleURL.appendingPathComponent(name)
        #endif
    }

    private static func process(
        _ arguments: [String], _ environment: [String: String] = [:], name: String = "instructblip-serve"
    ) -> (Process, Pipe) {
        let process = Process()
        process.executableURL = program(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = errors
        return (process, errors)
    }

    private static func outcome(
        _ arguments: [String], _ environment: [String: String] = [:], name: String = "instructblip-serve"
    ) throws -> (Int32, String) {
        let (process, errors) = process(arguments, environment, name: name)
        try process.run()
        let text = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test(
        "what is wrong is said in a sentence, with a status of its own",
        arguments: [
            (["--host", "0.0.0.0"], Int32(64), "there is no key"),
            (["--host", "0.0.0.0", "--api-key-file", "/nowhere"], 66, "--api-key-file"),
            (["--model", "/nowhere"], 66, "/nowhere"), (["--port", "99999"], 64, "--port"), (["--unknown"], 64, "--unknown"),
            (["--model", "scenes", "--model", "scenes"], 64, "scenes"),
        ])
    func refusals(_ arguments: [String], _ status: Int32, _ word: String) throws {
        let (found, text) = try Self.outcome(arguments)
        #expect(found == status && text.contains(word), "\(text)")
    }

    @Test("the verb serve becomes the program, with all its options")
    func verb() throws {
        let (status, text) = try Self.outcome(["serve", "--help"], name: "instructblip")
        #expect(status == 0 && text.contains("--allowed-media-domains"), "\(text)")
        #expect(try Self.outcome(["serve", "--port", "99999"], name: "instructblip").0 == 64)
    }

    @Test("it listens, answers, and ends in order when it is told to")
    func life() async throws {
        let (process, errors) = Self.process(["--port", "0"], ["INSTRUCTBLIP_API_KEY": "secret"])
        try process.run()
        let heard = try await onThread { () -> String in
            var text = ""
            while !text.contains("listening at http://127.0.0.1:") {
                let more = errors.fileHandleForReading.availableData
                if more.isEmpty { break }
                text += String(decoding: more, as: UTF8.self)
            }
            return text
        }
        let port = try #require(heard.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.1) })
        let answers = try await onThread { () -> [String] in
            func said(_ text: String) throws -> String {
                let socket = try RawSocket(port: port)
                socket.send(text)
                return socket.read()
            }
            let end = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            var health = ""
            for _ in 0..<6000 where !health.contains(" 200 ") {
                health = try said("GET /health \(end)\r\n")
                Thread.sleep(forTimeInterval: 0.1)
            }
            return [health, try said("GET /v1/models \(end)\r\n"), try said("GET /v1/models \(end)Authorization: Bearer secret\r\n\r\n")]
        }
        #expect(answers[0].contains("{\"status\":\"ok\"}") && answers[1].contains(" 401 ") && answers[2].contains("\"id\":\"scenes\""))
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        let rest = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(!(heard + rest).contains("secret"), "keys stand in no log")
    }
}
