public import Blip
import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves models over HTTP.
///
/// ```swift
/// let server = try BlipServer(ServerSettings(), [ModelSpecification(name: "scenes", folder: folder)], logger) { try await Assistant.open($0.folder) }
/// try await server.run()
/// ```
public final class BlipServer: Sendable {
    public static let version = "0.1.0"

    let settings: ServerSettings
    let shelf: ModelShelf
    let desk: PictureDesk
    let book = MetricBook()
    let watches = ConnectionWatches()
    let hosts: HostRules
    let bodies: Budget
    /// Of what requests may take: the bodies' times, and the pings of streams.
    let clock = AlarmClock()
    /// Nil where none is served.
    let page: PageFiles?
    let logger: Logger
    private let draining = Atomic(false)

    /// - Parameters:
    ///   - models: at least one; the first is the usual one.
    ///   - opens: opens a model's folder.
    public convenience init(
        _ settings: ServerSettings, _ models: [ModelSpecification], _ logger: Logger,
        opens: @escaping @Sendable (ModelSpecification) async throws -> Assistant
    ) throws {
        try self.init(settings, models, logger, resolver: .system, opens: opens)
    }

    init(
        _ settings: ServerSettings, _ models: [ModelSpecification], _ logger: Logger, resolver: HostResolver,
        opens: @escaping @Sendable (ModelSpecification) async throws -> Assistant
    ) throws {
        self.settings = settings
        self.logger = logger
        shelf = ModelShelf(models, settings.limits, settings.scheduling, logger, opens: opens)
        desk = PictureDesk(settings.limits, MediaFetcher(rules: settings.media, resolver: resolver))
        hosts = HostRules(listeningAt: settings.host, allowed: settings.allowedHosts)
        bodies = Budget(settings.limits.bodyBytesInFlight)
        page = settings.servesPage ? try PageFiles() : nil
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Hummingbird's application of it, as tests ask it, too.
    ///
    /// - Parameter onListening: told the port.
    func application(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) -> some ApplicationProtocol {
        let (limits, watches) = (settings.limits, watches)
        var quiet = Logger(label: "hummingbird")
        quiet.logLevel = .critical
        let http = HTTP1Limits(limits).configuration { [ConnectionGuard(limits, watches)] }
        var configuration = ApplicationConfiguration(address: .hostname(settings.host, port: settings.port), serverName: "instructblip")
        configuration.availableConnectionsDelegate = MaximumAvailableConnections(limits.connections)
        return Application(
            responder: ServerResponder(self), server: .http1(configuration: http), configuration: configuration,
            onServerRunning: { await onListening($0.localAddress?.port ?? 0) }, logger: quiet)
    }

    /// Listens and answers, until it is told to stop.
    ///
    /// - Parameters:
    ///   - onListening: told the port once connections are taken. The usual model is then being opened.
    ///   - stop: returns when the server shall end: what was begun is answered, for ``ServerSettings/shutdownTime`` at most.
    /// - Throws: ``ServerError`` where it cannot listen, or the usual model cannot be opened.
    public func run(
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }, until stop: @escaping @Sendable () async -> Void
    ) async throws {
        let group = ServiceGroup(
            configuration: .init(services: [application(onListening: onListening)], gracefulShutdownSignals: [], logger: quietLogger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [self] in
                do { try await group.run() } catch let error as IOError {
                    throw cannotListen(String(cString: strerror(error.errnoCode)))
                } catch is SocketAddressError.UnknownHost {
                    throw cannotListen("there is no such host")
                }
            }
            tasks.addTask { [self] in
                do { try await shelf.start() } catch is CancellationError {
                } catch { throw ServerError.modelFailed(name: shelf.names[0], reason: "\(error)") }
                try await tendIdleModels()
            }
            tasks.addTask { [self] in
                await stop()
                try Task.checkCancellation()
                draining.store(true, ordering: .relaxed)
                logger.info("stopping", metadata: ["connections": "\(watches.count)"])
                await group.triggerGracefulShutdown()
                try await Task.sleep(for: .seconds(settings.shutdownTime))
                throw TimeIsOver()
            }
            defer { tasks.cancelAll() }
            do { try await tasks.next() } catch is TimeIsOver {
                logger.warning("stopped with requests unanswered", metadata: ["connections": "\(watches.count)"])
            }
        }
        try await desk.close()
    }

    private func cannotListen(_ reason: String) -> ServerError {
        .cannotListen(host: settings.host, port: settings.port, reason: reason)
    }

    private var quietLogger: Logger {
        var logger = Logger(label: "lifecycle")
        logger.logLevel = .critical
        return logger
    }

    /// Never returns.
    private func tendIdleModels() async throws {
        while true {
            try await Task.sleep(for: .seconds(settings.idleUnload.map { min(max($0 / 4, 0.1), 60) } ?? 3600))
            if let idle = settings.idleUnload { shelf.closeIdle(after: idle) }
        }
    }
}

/// How much of a header is read.
private struct HTTP1Limits {
    let limits: ServerLimits

    init(_ limits: ServerLimits) { self.limits = limits }

    func configuration(_ handlers: @escaping @Sendable () -> [any RemovableChannelHandler]) -> HTTP1Channel.Configuration {
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: limits.headerCount)
        return HTTP1Channel.Configuration(additionalChannelHandlers: handlers(), idleTimeout: nil, httpDecoderConfiguration: decoder)
    }
}
