import Blip
import BlipDecoding
import BlipImages
import HTTPTypes

/// Why a request is not served, as its sender is told. It is also what a log may say: nothing of a request's words or pictures stands in it.
public struct Refusal: Error, Sendable, Equatable {
    public var status: HTTPResponse.Status
    /// The family, as OpenAI names them.
    public var type: String
    public var message: String
    /// The field that is to blame.
    public var param: String?
    public var code: String?
    /// Seconds after which to ask again.
    public var retryAfter: Int?
    /// Methods that the place does have.
    public var allow: String?

    init(
        _ status: HTTPResponse.Status, _ type: String, _ message: String, param: String? = nil, code: String? = nil, retryAfter: Int? = nil,
        allow: String? = nil
    ) {
        (self.status, self.type, self.message, self.param) = (status, type, message, param)
        (self.code, self.retryAfter, self.allow) = (code, retryAfter, allow)
    }

    private static let invalid = "invalid_request_error"
    private static let unavailable = "unavailable_error"

    static func badField(_ param: String?, _ message: String) -> Refusal { Refusal(.badRequest, invalid, message, param: param) }

    static func badJSON(_ reason: String) -> Refusal {
        Refusal(.badRequest, invalid, "the body is not the JSON it should be: \(reason)", code: "invalid_json")
    }

    static func badPicture(_ param: String?, _ message: String, code: String = "invalid_image") -> Refusal {
        Refusal(.badRequest, invalid, message, param: param, code: code)
    }

    static func tooLarge(_ message: String, param: String? = nil) -> Refusal {
        Refusal(.contentTooLarge, invalid, message, param: param, code: "request_too_large")
    }

    static func busy(_ message: String, code: String = "queue_full") -> Refusal {
        Refusal(.tooManyRequests, "rate_limit_error", message, code: code, retryAfter: 1)
    }

    static func unknownModel(_ name: String) -> Refusal {
        Refusal(
            .notFound, "not_found_error", "there is no model \(name.debugDescription) here; GET /v1/models lists those that are",
            param: "model", code: "model_not_found")
    }

    static var notFound: Refusal {
        Refusal(.notFound, "not_found_error", "there is nothing at this address; GET /openapi.json lists what is", code: "not_found")
    }

    static func wrongMethod(_ allowed: [String]) -> Refusal {
        Refusal(
            .methodNotAllowed, invalid, "this address takes \(allowed.joined(separator: " and ")) alone", code: "method_not_allowed",
            allow: allowed.joined(separator: ", "))
    }

    static let loading = Refusal(.serviceUnavailable, unavailable, "Loading model", code: "loading", retryAfter: 2)
    static let modelFailed = Refusal(
        .serviceUnavailable, unavailable, "this model cannot be opened; the server's log says why", code: "model_unavailable",
        retryAfter: 30)
    static let draining = Refusal(
        .serviceUnavailable, unavailable, "the server is about to stop and takes no more requests", code: "draining", retryAfter: 5)
    static let late = Refusal(
        .gatewayTimeout, "timeout_error", "the time for this request is over; allow more with a longer timeout, or ask for fewer tokens",
        code: "timeout")
    static let slowBody = Refusal(.requestTimeout, "timeout_error", "the request did not come in time; send it faster", code: "timeout")
    static let badKey = Refusal(
        .unauthorized, "authentication_error", "this needs a key that is right: send the header Authorization: Bearer KEY",
        code: "invalid_api_key")
    static let notJSON = Refusal(
        .unsupportedMediaType, invalid, "send the body as JSON, with the header Content-Type: application/json",
        code: "unsupported_media_type")
    static let `internal` = Refusal(
        .internalServerError, "api_error", "something went wrong inside the server; its log has more under this request's id",
        code: "internal_error")
}

extension Refusal {
    /// What somebody outside is told of an error: of their own mistakes everything, of ours nothing.
    init(_ error: any Error, param: String? = nil) {
        switch error {
        case let error as Refusal: self = error
        case let error as ServingError: self = Self.refusal(error)
        case let error as ImageError: self = Self.refusal(error, param)
        case let error as BlipError: self = Self.refusal(error, param)
        case let error as GenerationError: self = Self.refusal(error)
        default: self = .internal
        }
    }

    private static func refusal(_ error: ServingError) -> Refusal {
        switch error {
        case .queueFull: .busy("\(error)")
        case .deadlinePassed: .late
        case .closed: .draining
        }
    }

    private static func refusal(_ error: BlipError, _ param: String?) -> Refusal {
        switch error {
        case .emptyInstruction, .emptyText, .instructionTooLong, .tooManyPictures, .invalidOption: .badField(param, "\(error)")
        // The others name folders, or what a checkpoint has wrong.
        default: .internal
        }
    }

    private static func refusal(_ error: GenerationError) -> Refusal {
        switch error {
        case .emptyCandidate, .invalid: .badField(nil, "\(error)")
        case .notFinite: .internal
        }
    }

    /// Decoders' own words stay inside: they may hold addresses and paths.
    private static func refusal(_ error: ImageError, _ param: String?) -> Refusal {
        switch error {
        case .empty: .badPicture(param, "the picture is empty; give a JPEG, PNG, WebP or GIF picture")
        case .tooManyBytes(_, let count, let limit):
            .tooLarge("the picture has \(count) bytes, more than the limit of \(limit); give a smaller file", param: param)
        case .unsupportedFormat(_, let found):
            Refusal(
                .unsupportedMediaType, invalid, "the picture is \(found); convert it to JPEG, PNG, WebP or GIF", param: param,
                code: "unsupported_image")
        case .sizeOutOfRange(_, let width, let height, let limit):
            .badPicture(param, "the picture is \(width)x\(height) pixels, but \(limit); scale it", code: "image_size")
        case .truncated: .badPicture(param, "the picture is cut short: its data ends too early; send a whole copy")
        case .broken(_, let format, _):
            .badPicture(param, "the picture is a damaged \(format.rawValue.uppercased()) file; send an intact copy")
        case .tooManyFrames, .tooMuchAnimation:
            .badPicture(param, "the animation has too many frames or pixels; send one picture of it", code: "image_size")
        default: .internal
        }
    }
}
