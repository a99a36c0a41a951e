import BlipTestSupport
import Foundation
import HubTestSupport
import Testing

/// pull, ls, rm, and --model with a name, against a hub that the test starts.
@Suite("instructblip and the hub") struct HubTests {
    private static let name = "Org/tiny-vicuna"

    /// A hub with a tiny checkpoint that works.
    private static func repository() throws -> FakeRepository {
        let folder = Fixtures.checkpoint("vicuna")
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let file = folder.appendingPathComponent(path)
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue {
                files[path] = try Data(contentsOf: file)
            }
        }
        var repository = FakeRepository(files)
        repository.name = name
        return repository
    }

    private func with(
        _ answer: @escaping @Sendable (TestServer.Request) -> TestServer.Reply,
        _ body: (_ server: TestServer, _ environment: [String: String]) throws -> Void
    ) async throws {
        let server = try TestServer(answer)
        defer { server.stop() }
        try await withTemporaryFolder { folder in
            // A proxy of the machine must not stand between the program and this server.
            try body(
                server, ["HF_ENDPOINT": server.url.absoluteString, "HF_HOME": folder.path, "HF_HUB_CACHE": "", "NO_PROXY": "127.0.0.1"])
        }
    }

    @Test("a pulled model is listed, shown, asked by its name, and removed")
    func wholeLife() async throws {
        let repository = try Self.repository()
        try await with({ repository.reply(to: $0) }) { server, environment in
            let run = { (arguments: [String]) in try Program.run(arguments, environment: environment) }
            let missing = try run(["show", "--model", Self.name])
            #expect(missing.status == 66 && missing.errors.contains("instructblip pull \(Self.name)"), "\(missing.errors)")

            let pulled = try run(["pull", Self.name])
            #expect(pulled.status == 0, "\(pulled.errors)")
            let folder = pulled.output.trimmingCharacters(in: .newlines)
            #expect(folder.hasSuffix("hub/models--Org--tiny-vicuna/snapshots/\(repository.commit)"))
            let again = try run(["pull", Self.name, "--json"]).json()
            #expect(again["fetched_bytes"] as? Int == 0 && again["folder"] as? String == folder)

            let listed = try run(["ls", "--json"]).json()
            let models = try #require(listed["models"] as? [[String: Any]])
            #expect(models.map { $0["name"] as? String } == [Self.name])
            #expect(models.first?["complete"] as? Bool == true && models.first?["revisions"] as? [String] == ["main"])
            let table = try run(["ls"]).output
            #expect(table.contains(Self.name) && table.contains("main"))

            let requests = server.requests.count
            let shown = try run(["show", "--model", Self.name, "--json"]).json()
            #expect(shown["folder"] as? String == folder)
            let item = try References("vicuna").cases.cases[0]
            let answer = try run(["ask", Fixtures.picture(item.image).path, item.instruction, "--model", Self.name + "@main"])
            #expect(answer.output == item.text + "\n", "\(answer.errors)")
            let offline = try run(["pull", Self.name, "--offline"])
            #expect(offline.output == pulled.output)
            #expect(server.requests.count == requests)

            let removed = try run(["rm", Self.name])
            #expect(removed.status == 0 && removed.output.hasPrefix("removed \(Self.name), freed "), "\(removed.errors)")
            #expect(try run(["ls"]).output.isEmpty)
            #expect(try run(["rm", Self.name]).status == 66)
            #expect(try run(["pull", Self.name, "--offline"]).status == 66)
        }
    }

    @Test("what goes wrong exits with the documented status")
    func statuses() async throws {
        try await with({ _ in TestServer.Reply(404, headers: ["X-Error-Code": "RepoNotFound"]) }) { server, environment in
            func expect(_ arguments: [String], _ status: Int32, _ words: String, _ more: [String: String] = [:]) throws {
                let outcome = try Program.run(arguments, environment: environment.merging(more) { $1 })
                #expect(outcome.status == status && outcome.errors.contains(words), "\(arguments): \(outcome.status) \(outcome.errors)")
                #expect(outcome.output.isEmpty && outcome.errors.split(separator: "\n").count == 1)
            }
            try expect(["pull", "a/b/c"], 64, "is not a model name")
            try expect(["pull", "a/b@../x"], 64, "is not a revision")
            try expect(["pull", "a/b"], 64, "HF_ENDPOINT", ["HF_ENDPOINT": "nonsense"])
            try expect(["pull", "a/b"], 66, "has no model a/b")
            try expect(["pull", "a/b"], 66, "offline mode", ["HF_HUB_OFFLINE": "1"])
            try expect(["rm", "a/b"], 66, "no pulled model")
            server.stop()
            try expect(["pull", "a/b"], 69, "cannot be reached")
        }
    }

    @Test("Ctrl-C exits with 130, keeps what was fetched, and the next pull goes on there")
    func interruption() async throws {
        let repository = try Self.repository()
        let weights = repository.files["model.safetensors"]?.count ?? 0
        try await with({ request in
            var reply = repository.reply(to: request)
            if request.path.hasSuffix(".safetensors"), request.rangeStart == nil {
                reply.cutAfter = weights / 2
                reply.stall = 3600
            }
            return reply
        }) { server, environment in
            let process = Process()
            process.executableURL = Program.url
            process.arguments = ["pull", Self.name]
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            let blobs = (environment["HF_HOME"] ?? "") + "/hub/models--Org--tiny-vicuna/blobs/"
            let partial = URL(fileURLWithPath: blobs + repository.blob("model.safetensors") + ".incomplete")
            let size = { ((try? Data(contentsOf: partial)) ?? Data()).count }
            while size() < weights / 2, process.isRunning { Thread.sleep(forTimeInterval: 0.01) }
            process.interrupt()
            process.waitUntilExit()
            #expect(process.terminationStatus == 130 && process.terminationReason == .exit)
            #expect(size() == weights / 2)
            #expect(try Program.run(["pull", Self.name], environment: environment).status == 0)
            #expect(server.requests.last { $0.path.hasSuffix(".safetensors") }?.rangeStart == weights / 2)
        }
    }

    @Test("the proxy that the environment names is used, and not for hosts that it excepts")
    func proxy() async throws {
        let repository = try Self.repository()
        // A proxy gets the whole address in the first line.
        try await with({ request in
            guard request.target.hasPrefix("http://hub.invalid/") else { return TestServer.Reply(404) }
            let target = String(request.target.dropFirst("http://hub.invalid".count))
            return repository.reply(to: TestServer.Request(method: request.method, target: target, headers: request.headers))
        }) { server, environment in
            var environment = environment.merging(["HF_ENDPOINT": "http://hub.invalid", "http_proxy": server.url.absoluteString]) { $1 }
            #if os(Linux)
                let outcome = try Program.run(["pull", Self.name], environment: environment)
                #expect(outcome.status == 0, "\(outcome.errors)")
                environment["NO_PROXY"] = "hub.invalid"
                #expect(try Program.run(["pull", Self.name], environment: environment).status == 69)
            #endif
        }
    }
}
