import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What takes a response as it comes. It is called from one queue, one call after the other.
protocol ResponseReceiver: AnyObject, Sendable {
    /// Whether the body is wanted; without it the exchange ends here.
    func begin(_ response: HTTPURLResponse) throws -> Bool
    func receive(_ bytes: Data) throws
}

/// HTTP exchanges over one URLSession, without cookies, caches and automatic redirects.
///
/// Proxies. On Linux libcurl, inside URLSession, reads `http_proxy`, `https_proxy`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` itself, and
/// ignores `HTTP_PROXY` in capitals, which a web server can set from a request's header. On macOS the system's proxy settings hold.
///
/// Unchecked: the exchanges are only touched under the lock.
final class Transport: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    /// One request under way.
    private final class Exchange {
        let receiver: any ResponseReceiver
        let continuation: CheckedContinuation<HTTPURLResponse, any Error>
        var response: HTTPURLResponse?
        /// Why the exchange was ended from this side; nil with `isDone` set means that enough was seen.
        var failure: (any Error)?
        var isDone = false

        init(_ receiver: any ResponseReceiver, _ continuation: CheckedContinuation<HTTPURLResponse, any Error>) {
            self.receiver = receiver
            self.continuation = continuation
        }
    }

    private let lock = NSLock()
    private var exchanges: [Int: Exchange] = [:]
    private var session: URLSession?
    private let queue = OperationQueue()

    init(idleTimeout: Double) {
        super.init()
        queue.maxConcurrentOperationCount = 1
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.timeoutIntervalForRequest = idleTimeout
        configuration.timeoutIntervalForResource = 7 * 24 * 3600
        configuration.httpMaximumConnectionsPerHost = 8
        session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
    }

    /// The session keeps its delegate alive until it is told to end.
    func close() { lock.withLock { session }?.invalidateAndCancel() }

    /// Sends a request; returns when the receiver has the whole body, or did not want it.
    ///
    /// - Throws: what the receiver throws, `CancellationError`, or `URLError`.
    func send(_ request: URLRequest, to receiver: any ResponseReceiver) async throws -> HTTPURLResponse {
        guard let task = lock.withLock({ session })?.dataTask(with: request) else { throw CancellationError() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                lock.withLock { exchanges[task.taskIdentifier] = Exchange(receiver, continuation) }
                task.resume()
                if Task.isCancelled { task.cancel() }
            }
        } onCancel: {
            task.cancel()
        }
    }

    private func exchange(_ task: URLSessionTask) -> Exchange? { lock.withLock { exchanges[task.taskIdentifier] } }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        // Followed by hand, where each step is checked, and the token is left out for other hosts.
        if let exchange = exchange(task) { exchange.response = response }
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        guard let exchange = exchange(dataTask), let response = response as? HTTPURLResponse else { return completionHandler(.cancel) }
        exchange.response = response
        do {
            exchange.isDone = try !exchange.receiver.begin(response)
        } catch {
            exchange.failure = error
        }
        completionHandler(exchange.isDone || exchange.failure != nil ? .cancel : .allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard let exchange = exchange(dataTask), !exchange.isDone, exchange.failure == nil else { return }
        do {
            try exchange.receiver.receive(data)
        } catch {
            exchange.failure = error
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let exchange = lock.withLock({ exchanges.removeValue(forKey: task.taskIdentifier) }) else { return }
        let end: Result<HTTPURLResponse, any Error> =
            if let failure = exchange.failure {
                .failure(failure)
            } else if let error, !exchange.isDone {
                .failure((error as? URLError)?.code == .cancelled ? CancellationError() : error)
            } else if let response = exchange.response ?? task.response as? HTTPURLResponse {
                .success(response)
            } else {
                .failure(URLError(.badServerResponse))
            }
        exchange.continuation.resume(with: end)
    }
}
