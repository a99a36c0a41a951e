/// How much anybody may ask of the server. Every check reads its number here, so that no way in can miss one.
public struct ServerLimits: Sendable {
    // MARK: Connections

    public var connections = 1024
    /// Header fields of one request, together, and how many.
    public var headerBytes = 16 << 10
    public var headerCount = 100
    /// Seconds from the first byte of a request, or from connecting, to the end of its header.
    public var headerTime = 10.0
    /// Seconds from the header to the end of the body.
    public var bodyTime = 60.0
    /// Seconds between two requests on one connection.
    public var idleTime = 60.0
    /// Seconds in which a reader that has stopped reading must go on.
    public var writeTime = 30.0
    /// Seconds that a refused sender is listened to after the answer, so that it can read it.
    public var lingerTime = 2.0
    /// Seconds of silence in a stream before a comment is sent.
    public var pingInterval = 15.0

    // MARK: Requests

    public var bodyBytes = 32 << 20
    /// Bodies being received or worked on, together.
    public var bodyBytesInFlight = 512 << 20
    public var jsonDepth = 64
    /// Numbers, texts, lists and objects of a body: each takes many times the memory of its few bytes.
    public var jsonValues = 200_000
    /// Seconds that a request may take in all, waiting included.
    public var requestTime = 300.0
    /// Seconds that a request waits for a model that is being opened, before it is told to come back.
    public var loadWait = 10.0
    public var messages = 256
    /// Words of one request, together.
    public var textBytes = 32 << 10
    public var answers = 16
    public var beams = 16
    public var newTokens = 2048
    public var topLogProbabilities = 20
    public var stops = 4
    /// Characters of a text that ends an answer.
    public var stopLength = 256
    public var candidates = 1024
    /// Characters of a candidate.
    public var candidateLength = 2048
    public var embeddings = 16
    /// Characters of a model's name.
    public var modelNameLength = 256

    // MARK: Pictures

    /// Of one question.
    public var pictures = 8
    public var pictureBytes = 20 << 20
    public var pixels = 50_000_000
    public var side = 20_000
    public var leastSide = 2
    /// Decoded pictures of all requests, together.
    public var pixelsInFlight = 400_000_000
    /// Pictures that wait to be decoded.
    public var picturesWaiting = 256
    /// The longer side of a heat map.
    public var heatmapSide = 640

    public init() {}
}
