import ArgumentParser
import Blip
import BlipModels
import BlipServer
import BlipTensors
import Foundation
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models over HTTP, as OpenAI's chat completions are served, with a page to look and ask.",
        usage: "instructblip serve [--model <name=dir|dir|org/name> ...] [--host <address>] [--port <n>] [--api-key <key>] [<options>]",
        discussion: """
            The page is at http://127.0.0.1:8080/, the API below /v1, what it takes at /openapi.json. Without --model the small model built in answers.

              instructblip serve
              instructblip serve --model vicuna=Salesforce/instructblip-vicuna-7b --model scenes --idle-unload 600
              instructblip serve --host 0.0.0.0 --api-key-file /etc/instructblip/keys

            Every option is also a variable, as INSTRUCTBLIP_API_KEY_FILE for --api-key-file; those that may be given several times take commas. SIGTERM and
            Ctrl-C end the server when its requests are answered, a second one at once.
            """,
        version: BlipServer.version)

    @Option(
        name: [.customShort("m"), .customLong("model")],
        help: ArgumentHelp(
            "A checkpoint folder, the name of a pulled model, or scenes, the model built in; with another name in front, name=folder. May be given several times: the first is the usual one and is opened at once, the others when they are asked for.",
            valueName: "name=dir|dir|org/name"))
    var models: [String] = []

    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Limits") var bounds: BoundOptions
    @OptionGroup(title: "Pictures from elsewhere") var media: MediaOptions
    @OptionGroup(title: "Computing") var computing: ComputingOptions

    @Flag(help: "Do not serve the page, nor scenes.")
    var noPage = false

    @Option(help: ArgumentHelp("What is logged to standard error: debug, info, warning or error.", valueName: "level"))
    var logLevel: Logger.Level = .info

    @Flag(help: "Write instructions and answers into the log. Without it nothing that somebody asked stands there.")
    var logPrompts = false

    func run() async throws {
        var specifications = try ModelNames.specifications(models)
        var settings = ServerSettings()
        try listening.apply(to: &settings)
        bounds.apply(to: &settings)
        media.apply(to: &settings)
        settings.servesPage = !noPage
        settings.logsPrompts = logPrompts
        try settings.validate(isInsecure: listening.insecure)
        if models.isEmpty {
            note("note: the built-in model answers, which knows drawn scenes and no photographs; --model takes another\n")
        }
        let largest = try specifications.map { try EnginePlan.weightBytes($0.folder) }.max() ?? 0
        let plan = computing.plan(weightBytes: largest)
        for place in specifications.indices { specifications[place].engines = plan.engines }
        if let threads = plan.threads { Engine.setThreads(threads) }
        let options = computing.openOptions()
        var logger = Logger(label: "instructblip")
        logger.handler = StreamLogHandler.standardError(label: "instructblip")
        logger.logLevel = logLevel
        logger.info("computing", metadata: ["engines": "\(plan.engines)", "threads": "\(Engine.threads)"])
        let server = try BlipServer(settings, specifications, logger) { try await Assistant.open($0.folder, options) }
        let (host, name) = (settings.host, specifications[0].name)
        let signals = StopSignals()
        try await server.run(
            onListening: { port in
                let shown = host.contains(":") ? "[\(host)]" : host
                note("listening at http://\(shown):\(port)/, with \(name)\n")
            },
            until: { await signals.wait() })
    }
}

struct ListeningOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where to listen. Other machines reach 0.0.0.0 and ::, which need a key.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port; 0 lets the system choose.", valueName: "n"))
    var port = 8080

    @Option(
        name: .customLong("api-key"),
        help: ArgumentHelp(
            "A key that requests must show; may be given several times. Others on this machine see it in the list of processes: prefer --api-key-file.",
            valueName: "key"))
    var keys: [String] = []

    @Option(name: .customLong("api-key-file"), help: ArgumentHelp("A file of keys, one a line.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Listen for other machines without a key.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "A further name that the server may be asked by, as behind a proxy; may be given several times.", valueName: "name"))
    var allowedHosts: [String] = []

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port must be between 0 and 65535, found \(port).") }
        if keys.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw ValidationError("--api-key is empty; give a long random word.") }
        if host.isEmpty { throw ValidationError("--host is empty; give an address of this machine.") }
    }

    func apply(to settings: inout ServerSettings) throws {
        (settings.host, settings.port, settings.allowedHosts) = (host, port, allowedHosts)
        var all = keys
        if let keyFile {
            guard let text = FileManager.default.contents(atPath: keyFile).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw ServeError.unreadableKeys(path: keyFile)
            }
            let found = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            guard !found.isEmpty else { throw ServeError.noKeys(path: keyFile) }
            all += found
        }
        settings.keys = APIKeys(all)
    }
}

struct BoundOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Answers written at once; each beam and each sample counts (default: 16).", valueName: "n"))
    var parallel = 16

    @Option(help: ArgumentHelp("Questions that wait; further ones are told to come back later.", valueName: "n"))
    var queue = 64

    @Option(help: ArgumentHelp("Seconds that a request may take, waiting included.", valueName: "seconds"))
    var timeout: Double = 300

    @Option(help: ArgumentHelp("New tokens of an answer at most, whatever a request asks for.", valueName: "n"))
    var maxTokens = 2048

    @Option(help: ArgumentHelp("Pictures of a request.", valueName: "n"))
    var maxImages = 8

    @Option(help: ArgumentHelp("Bytes of a request's body.", valueName: "n"))
    var maxBody = 32 << 20

    @Option(help: ArgumentHelp("Pixels of a picture.", valueName: "n"))
    var maxPixels = 50_000_000

    @Option(help: ArgumentHelp("Connections at once; further ones wait.", valueName: "n"))
    var maxConnections = 1024

    @Option(
        help: ArgumentHelp(
            "Seconds after which a model that nobody asks is closed, to be opened again by the next question (default: never).",
            valueName: "seconds"))
    var idleUnload: Double?

    @Option(help: ArgumentHelp("Seconds that requests get to end when the server is told to stop.", valueName: "seconds"))
    var shutdownTimeout: Double = 30

    func validate() throws {
        let numbers = [
            ("--parallel", parallel, 1...1024), ("--queue", queue, 1...100_000), ("--max-tokens", maxTokens, 1...1_000_000),
            ("--max-images", maxImages, 1...256), ("--max-body", maxBody, 1024...(1 << 30)), ("--max-pixels", maxPixels, 1...1_000_000_000),
            ("--max-connections", maxConnections, 1...1_000_000),
        ]
        for (name, number, range) in numbers where !range.contains(number) {
            throw ValidationError("\(name) must be between \(range.lowerBound) and \(range.upperBound), found \(number).")
        }
        let times = [("--timeout", timeout, 0.1...86_400), ("--shutdown-timeout", shutdownTimeout, 0...3600)]
        for (name, seconds, range) in times + (idleUnload.map { [("--idle-unload", $0, 0.1...1e7)] } ?? []) where !range.contains(seconds) {
            throw ValidationError("\(name) must be between \(range.lowerBound) and \(range.upperBound) seconds, found \(seconds).")
        }
    }

    func apply(to settings: inout ServerSettings) {
        settings.scheduling = AnswerScheduler.Limits(running: parallel, waiting: queue)
        settings.limits.requestTime = timeout
        settings.limits.newTokens = maxTokens
        settings.limits.pictures = maxImages
        settings.limits.bodyBytes = maxBody
        settings.limits.pictureBytes = min(settings.limits.pictureBytes, maxBody)
        settings.limits.pixels = maxPixels
        settings.limits.connections = maxConnections
        settings.idleUnload = idleUnload
        settings.shutdownTime = shutdownTimeout
    }
}

struct MediaOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A host that pictures are fetched from, by https: example.com, *.example.com or example.com:8443; may be given several times (default: none).",
            valueName: "host"))
    var allowedMediaDomains: [String] = []

    @Option(help: ArgumentHelp("The same, for a host in a private network or on this machine.", valueName: "host"))
    var privateMediaDomains: [String] = []

    @Flag(help: "Fetch pictures by http, too: whoever stands between can change them.")
    var mediaHttp = false

    @Option(
        help: ArgumentHelp("How often a host may send on to another one, which must be allowed like the first: 0 to 3.", valueName: "n"))
    var mediaRedirects = 0

    @Option(help: ArgumentHelp("A folder whose pictures may be asked about as file:///...", valueName: "dir"))
    var mediaPath: String?

    func validate() throws {
        if !(0...3).contains(mediaRedirects) {
            throw ValidationError("--media-redirects must be between 0 and 3, found \(mediaRedirects).")
        }
        let hosts = Self.parted(allowedMediaDomains + privateMediaDomains)
        for host in hosts where host.isEmpty || host.contains("/") || host == "*" || host == "*." {
            throw ValidationError("--allowed-media-domains takes hosts like example.com or *.example.com, found \"\(host)\".")
        }
        var isFolder: ObjCBool = false
        if let mediaPath, !FileManager.default.fileExists(atPath: mediaPath, isDirectory: &isFolder) || !isFolder.boolValue {
            throw ValidationError("--media-path must be a folder, found \(mediaPath).")
        }
    }

    /// Hosts may also stand together, parted by commas, as in variables and with other servers.
    private static func parted(_ given: [String]) -> [String] {
        given.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) } }
    }

    func apply(to settings: inout ServerSettings) {
        settings.media.domains = Self.parted(allowedMediaDomains)
        settings.media.privateDomains = Self.parted(privateMediaDomains)
        settings.media.allowsHTTP = mediaHttp
        settings.media.redirects = mediaRedirects
        settings.media.folder = mediaPath.map { URL(fileURLWithPath: $0, isDirectory: true) }
    }
}

struct ComputingOptions: ParsableArguments {
    @Option(help: "The type to compute in: float32, bfloat16 or float16. Default: what the checkpoint names.")
    var dtype: String?

    @Option(help: "Pack the weights while loading, for a try: q8 or q4 (see the verb quantize, which does it once).")
    var quantize: PackedFormat?

    @Option(help: ArgumentHelp("Where to compute: cpu, cuda, cuda:N or mps.", valueName: "device"))
    var device = "cpu"

    @Option(name: [.short, .long], help: ArgumentHelp("CPU threads. Default: one per core.", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "How often each model is opened, to answer so many groups of questions at once with a share of the threads each. Default: one per core for models below 64 MB on a CPU, else 1.",
            valueName: "n"))
    var engines: Int?

    @Option(help: ArgumentHelp("Low-rank changes of the language model to add: a folder in PEFT's layout.", valueName: "dir"))
    var adapter: String?

    private static let types: [String: DType] = ["float32": .float32, "bfloat16": .bfloat16, "float16": .float16]

    func validate() throws {
        if let dtype, Self.types[dtype] == nil { throw ValidationError("--dtype must be float32, bfloat16 or float16, found \(dtype).") }
        guard Device(device) != nil else { throw ValidationError("--device must be cpu, cuda, cuda:N or mps, found \(device).") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024, found \(threads).") }
        if let engines, !(1...64).contains(engines) { throw ValidationError("--engines must be between 1 and 64, found \(engines).") }
    }

    func plan(weightBytes: Int) -> EnginePlan {
        EnginePlan(
            engines: engines, threads: threads, cores: ProcessInfo.processInfo.activeProcessorCount, weightBytes: weightBytes,
            onCPU: Device(device) == .cpu)
    }

    func openOptions() -> OpenOptions {
        OpenOptions(
            dtype: dtype.flatMap { Self.types[$0] }, quantization: quantize.map { Quantization($0) }, device: Device(device) ?? .cpu,
            adapter: adapter.map { URL(fileURLWithPath: $0) })
    }
}

extension PackedFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
