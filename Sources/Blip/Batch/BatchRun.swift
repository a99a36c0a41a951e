import Foundation

/// Answers a list of questions in batches, and keeps what is finished whatever happens.
///
/// Each finished batch is appended to the output at once. A run that was stopped goes on where it stopped; a process of several that share
/// the work writes a part of its own, and whichever finds that all parts together are complete makes the output of them. In the end the
/// lines stand in the order of the questions.
///
/// ```swift
/// let session = try BatchRun(questions, to: .file(output, .resume)).begin()
/// try await session.answer(with: assistant)
/// let report = try session.finish()
/// ```
public struct BatchRun: Sendable {
    /// What is done with lines that stand in the output already.
    public enum Existing: Sendable {
        case resume
        /// Errors are tried again.
        case retryErrors
        case overwrite
    }

    public enum Destination: Sendable {
        case file(URL, Existing)
        /// Lines as they are finished, in order, each with its line break. Nothing is kept, and a share of the work cannot be done.
        case lines(@Sendable (Data) throws -> Void)
    }

    public let questions: BatchQuestions
    public let destination: Destination
    public var share = BatchShare.whole
    /// Questions computed together.
    public var batchSize: Int
    /// What decides the answers besides the questions, by name: the model, how it is computed, how answers are chosen. It is kept beside the output, and
    /// an output that was made otherwise is refused. Empty where nobody asks.
    public var maker: [String: String] = [:]

    public init(_ questions: BatchQuestions, to destination: Destination, share: BatchShare = .whole, batchSize: Int = 8) {
        self.questions = questions
        self.destination = destination
        self.share = share
        self.batchSize = batchSize
    }

    /// Takes the output's lock and reads what is finished.
    ///
    /// - Throws: ``BatchError``; for an output that belongs to other questions or another maker, too.
    public func begin() throws -> BatchSession {
        guard (1...4096).contains(batchSize) else {
            throw BlipError.invalidOption(name: "the number of questions in a batch", found: "\(batchSize)", expected: "1 to 4096")
        }
        return try BatchSession(self)
    }
}

/// How far a run is.
public struct BatchProgress: Sendable, Equatable {
    /// Of the questions that were left when the run began.
    public var done: Int
    public var total: Int
    public var errors: Int
}

/// What a run came to; or this process's share of it, where other processes are not done yet.
public struct BatchReport: Sendable {
    public let questions: Int
    /// Questions of this process's share that were finished when it began.
    public let finishedBefore: Int
    /// Lines with an answer, and with an error, earlier ones included.
    public let answers: Int
    public let errors: Int
    /// The first errors: a question's line or error as it stands in the output.
    public let firstErrors: [String]
    /// Whether all shares are done, so that the output is whole.
    public let isComplete: Bool
    /// Things the user should know about answers of this run, and how many answers each is about.
    public let notes: [(text: String, count: Int)]
}
