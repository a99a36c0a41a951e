import ArgumentParser
import BlipSceneModel
import BlipServer
import Foundation
import Testing

@testable import instructblip_serve

@Suite("flags of the server") struct FlagTests {
    @Test("every option has a variable, and every variable an option")
    func variables() throws {
        let help = ServeCommand.helpMessage(columns: 400)
        let options = Set(help.matches(of: /--([a-z][a-z-]+)/).map { String($0.1) }).subtracting(["help", "version"])
        // Words of the discussion and of helps.
        #expect(Set(EnvironmentFlags.all.map(\.name)) == options)
    }

    @Test("the environment is read like the command line, which wins")
    func environment() throws {
        let arguments = try EnvironmentFlags.arguments(
            ["--port", "9000"],
            [
                "INSTRUCTBLIP_PORT": "1", "INSTRUCTBLIP_HOST": "::1", "INSTRUCTBLIP_ALLOWED_MEDIA_DOMAINS": "a.com,*.b.org",
                "INSTRUCTBLIP_LOG_PROMPTS": "true", "INSTRUCTBLIP_NO_PAGE": "0", "INSTRUCTBLIP_MODEL": "scenes,other=scenes",
                "INSTRUCTBLIP_QUEUE": "",
            ])
        let command = try #require(try ServeCommand.parseAsRoot(arguments) as? ServeCommand)
        #expect(command.listening.port == 9000 && command.listening.host == "::1" && command.bounds.queue == 64)
        #expect(command.media.allowedMediaDomains == ["a.com", "*.b.org"] && command.logPrompts && !command.noPage)
        #expect(try ModelNames.specifications(command.models).map(\.name) == ["scenes", "other"])
        #expect(throws: ValidationError.self) { try EnvironmentFlags.arguments([], ["INSTRUCTBLIP_INSECURE": "maybe"]) }
    }

    @Test(
        "wrong values are refused",
        arguments: [
            ["--port", "65536"], ["--port", "x"], ["--parallel", "0"], ["--queue", "0"], ["--timeout", "0"], ["--timeout", "nan"],
            ["--max-body", "1"],
            ["--media-redirects", "4"], ["--media-path", "/nowhere"], ["--allowed-media-domains", "https://a.com/"],
            ["--allowed-media-domains", "*"],
            ["--api-key", " "], ["--dtype", "int8"], ["--device", "tpu"], ["--threads", "0"], ["--engines", "0"], ["--log-level", "loud"],
            ["--idle-unload", "-1"],
            ["--shutdown-timeout", "-1"], ["--host", ""], ["--unknown"], ["word"],
        ])
    func refusals(_ arguments: [String]) { #expect(throws: (any Error).self) { try ServeCommand.parseAsRoot(arguments) } }

    @Test("small models get an engine for each core, large ones what libtorch takes for one")
    func engines() throws {
        func plan(_ engines: Int? = nil, _ threads: Int? = nil, cores: Int = 4, bytes: Int = 12 << 20, onCPU: Bool = true) -> [Int?] {
            let plan = EnginePlan(engines: engines, threads: threads, cores: cores, weightBytes: bytes, onCPU: onCPU)
            return [plan.engines, plan.threads]
        }
        #expect(plan() == [4, 1] && plan(cores: 1) == [1, 1] && plan(cores: 64) == [8, 1])
        #expect(plan(bytes: 65 << 20) == [1, nil] && plan(onCPU: false) == [1, nil] && plan(nil, 3, bytes: 65 << 20) == [1, 3])
        #expect(
            plan(nil, 2) == [2, 1] && plan(nil, 1) == [1, 1] && plan(nil, 32) == [8, 4] && plan(2) == [2, 2] && plan(3, 2) == [3, 1])
        #expect(plan(2, nil, bytes: 9 << 30) == [2, 2] && plan(1) == [1, nil])
        let bytes = try EnginePlan.weightBytes(SceneModel.folder())
        #expect(bytes > 1 << 20 && bytes <= EnginePlan.smallBytes)
    }

    @Test("models that are not there, or called alike, are told before anything listens")
    func models() throws {
        #expect(throws: ServeError.sameName("scenes")) { try ModelNames.specifications(["scenes", "builtin:scenes"]) }
        #expect(throws: ServeError.badName("")) { try ModelNames.specifications(["=scenes"]) }
        for wrong in ["/nowhere/at/all", "org/not-pulled-anywhere", FileManager.default.temporaryDirectory.path] {
            #expect(throws: (any Error).self, "\(wrong)") { try ModelNames.specifications([wrong]) }
        }
        do { _ = try ModelNames.specifications(["/nowhere/at/all"]) } catch { #expect(ServeStatus(error)?.code == 66) }
        #expect(ServeStatus(ServerError.openToOthers(host: "0.0.0.0"))?.code == 64)
        #expect(ServeStatus(ServerError.cannotListen(host: "x", port: 1, reason: "y"))?.code == 69)
    }

    @Test("keys come from a file, one a line")
    func keyFile() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        func settings() throws -> ServerSettings {
            let command = try #require(try ServeCommand.parseAsRoot(["--api-key-file", file.path, "--host", "0.0.0.0"]) as? ServeCommand)
            var settings = ServerSettings()
            try command.listening.apply(to: &settings)
            return settings
        }
        #expect(throws: ServeError.unreadableKeys(path: file.path)) { try settings() }
        try "\n  \n".write(to: file, atomically: true, encoding: .utf8)
        #expect(throws: ServeError.noKeys(path: file.path)) { try settings() }
        try "one\n two \r\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try !settings().keys.isOpen)
        try settings().validate(isInsecure: false)
    }
}
