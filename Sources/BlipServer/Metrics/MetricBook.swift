import Blip
import Synchronization

/// What is counted and measured, as `/metrics` tells it: vLLM's names behind our prefix, so that a dashboard needs the prefix changed alone.
final class MetricBook: Sendable {
    /// What is measured of requests.
    enum Measure: String, CaseIterable {
        case timeToFirstToken = "time_to_first_token_seconds"
        case interTokenLatency = "inter_token_latency_seconds"
        case timePerOutputToken = "request_time_per_output_token_seconds"
        case latency = "e2e_request_latency_seconds"
        case queueTime = "request_queue_time_seconds"
        case prefillTime = "request_prefill_time_seconds"
        case decodeTime = "request_decode_time_seconds"
        case inferenceTime = "request_inference_time_seconds"
        case promptTokens = "request_prompt_tokens"
        case generationTokens = "request_generation_tokens"
        case parameterN = "request_params_n"
        case parameterMaxTokens = "request_params_max_tokens"
        case imageDecode = "image_decode_seconds"
        case imageFetch = "image_fetch_seconds"
        case visionEncode = "vision_encode_seconds"
        case qformer = "qformer_seconds"

        var help: String {
            switch self {
            case .timeToFirstToken: "Seconds from a request's arrival to its first token"
            case .interTokenLatency: "Seconds between two tokens of one answer"
            case .timePerOutputToken: "Seconds a token after the first, mean of a request"
            case .latency: "Seconds from a request's arrival to the end of its answer"
            case .queueTime: "Seconds in the queue"
            case .prefillTime: "Seconds of reading the prompt"
            case .decodeTime: "Seconds of writing the answer behind its first token"
            case .inferenceTime: "Seconds in the engine"
            case .promptTokens: "Positions of a prompt, pictures' and words'"
            case .generationTokens: "New tokens of a request"
            case .parameterN: "Answers asked for"
            case .parameterMaxTokens: "New tokens at most, as asked for"
            case .imageDecode: "Seconds of decoding a request's pictures"
            case .imageFetch: "Seconds of fetching a request's pictures"
            case .visionEncode: "Seconds in the image encoder"
            case .qformer: "Seconds in the Q-Former"
            }
        }

        var bounds: [Double] {
            switch self {
            case .promptTokens, .generationTokens, .parameterMaxTokens: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
            case .parameterN: [1, 2, 5, 10, 16]
            case .interTokenLatency, .timePerOutputToken, .imageDecode:
                [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5]
            default: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
            }
        }
    }

    private struct Key: Hashable, Comparable {
        let name, labels: String

        static func < (one: Key, other: Key) -> Bool { (one.name, one.labels) < (other.name, other.labels) }
    }

    private struct State {
        var counters: [Key: Int] = [:]
        var measures: [Key: Histogram] = [:]
        var requests: [Key: Histogram] = [:]
    }

    private let state = Mutex(State())
    static let prefix = "instructblip:"

    // MARK: Writing down

    func measure(_ measure: Measure, _ value: Double, model: String) {
        let key = Key(name: measure.rawValue, labels: Self.label("model_name", model))
        state.withLock { $0.measures[key, default: Histogram(measure.bounds)].add(value) }
    }

    func count(_ name: String, _ labels: [(String, String)], by number: Int = 1) {
        let key = Key(name: name, labels: labels.map { Self.label($0.0, $0.1) }.joined(separator: ","))
        state.withLock { $0.counters[key, default: 0] += number }
    }

    /// A request that was answered in some way. The handler is a route and no address, so that nobody can make up new ones.
    func request(handler: String, method: String, status: Int, seconds: Double) {
        count("http_requests_total", [("handler", handler), ("method", method), ("status", "\(status)")])
        let key = Key(name: "http_request_duration_seconds", labels: Self.label("handler", handler))
        state.withLock { $0.requests[key, default: Histogram(Measure.latency.bounds)].add(seconds) }
    }

    func answer(_ answer: Answer, _ model: String, finish: [String]) {
        let tokens = answer.sequences.map(\.tokenIDs.count).reduce(0, +)
        count("prompt_tokens_total", [("model_name", model)], by: answer.promptTokens)
        count("generation_tokens_total", [("model_name", model)], by: tokens)
        count("request_success_total", [("finished_reason", finish.first ?? "stop"), ("model_name", model)])
        let times = answer.timings
        measure(.promptTokens, Double(answer.promptTokens), model: model)
        measure(.generationTokens, Double(tokens), model: model)
        measure(.prefillTime, times.prefill, model: model)
        measure(.decodeTime, times.decode, model: model)
        measure(.inferenceTime, times.image + times.vision + times.qformer + times.prefill + times.decode, model: model)
        measure(.visionEncode, times.vision, model: model)
        measure(.qformer, times.qformer, model: model)
        let most = answer.sequences.map(\.tokenIDs.count).max() ?? 0
        if most > 1 { measure(.timePerOutputToken, times.decode / Double(most - 1), model: model) }
    }

    // MARK: Telling

    /// In Prometheus's text format.
    func text(_ models: [(name: String, statistics: ServingStatistics)], isReady: Bool, connections: Int) -> String {
        let (counters, measures, requests) = state.withLock { ($0.counters, $0.measures, $0.requests) }
        var text = ""
        func gauge(_ name: String, _ help: String, _ value: (ServingStatistics) -> Int) {
            text += Self.head(Self.prefix + name, "gauge", help)
            for (model, statistics) in models {
                text += "\(Self.prefix)\(name){\(Self.label("model_name", model))} \(value(statistics))\n"
            }
        }
        func total(_ name: String, _ help: String, _ value: (ServingStatistics) -> Int) {
            text += Self.head(Self.prefix + name, "counter", help)
            for (model, statistics) in models {
                text += "\(Self.prefix)\(name){\(Self.label("model_name", model))} \(value(statistics))\n"
            }
        }
        gauge("num_requests_running", "Questions being answered", \.running)
        gauge("num_requests_waiting", "Questions in the queue", \.waiting)
        total("iterations_total", "Passes through the language model that made new tokens", \.steps)
        total("iteration_rows_total", "Answers that took part in these passes, summed", \.rows)
        total("vision_cache_queries_total", "Pictures looked for among those seen before", \.pictureCache.queries)
        total("vision_cache_hits_total", "Pictures found among those seen before", \.pictureCache.hits)
        gauge("vision_cache_bytes", "Memory of pictures seen before", \.pictureCache.bytes)
        text += Self.head(Self.prefix + "engine_healthy", "gauge", "1 where the usual model answers")
        text += "\(Self.prefix)engine_healthy \(isReady ? 1 : 0)\n"
        text += Self.head(Self.prefix + "connections", "gauge", "Open connections") + "\(Self.prefix)connections \(connections)\n"
        for (name, group) in Dictionary(grouping: counters.keys.sorted(), by: \.name).sorted(by: { $0.key < $1.key }) {
            let full = name.hasPrefix("http_") ? name : Self.prefix + name
            text += Self.head(full, "counter", Self.help[name] ?? name)
            for key in group { text += "\(full){\(key.labels)} \(counters[key] ?? 0)\n" }
        }
        for measure in Measure.allCases {
            let keys = measures.keys.filter { $0.name == measure.rawValue }.sorted()
            if keys.isEmpty { continue }
            text += Self.head(Self.prefix + measure.rawValue, "histogram", measure.help)
            for key in keys { text += measures[key]?.lines(Self.prefix + measure.rawValue, key.labels) ?? "" }
        }
        if !requests.isEmpty { text += Self.head("http_request_duration_seconds", "histogram", "Seconds until an answer began, by route") }
        for key in requests.keys.sorted() { text += requests[key]?.lines(key.name, key.labels) ?? "" }
        return text
    }

    private static let help = [
        "http_requests_total": "Requests by route, method and status",
        "prompt_tokens_total": "Positions of prompts that were read",
        "generation_tokens_total": "New tokens",
        "request_success_total": "Questions that were answered, by how the answer ended",
        "rejected_requests_total": "Requests that were refused, by why",
    ]

    private static func head(_ name: String, _ type: String, _ help: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func label(_ name: String, _ value: String) -> String {
        // Labels are made for every token of an answer.
        let isPlain = value.utf8.allSatisfy { $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n") }
        if isPlain { return "\(name)=\"\(value)\"" }
        let value = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\(name)=\"\(value)\""
    }
}
