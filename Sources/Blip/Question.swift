import BlipImages
import BlipModels
import Foundation

/// An instruction about a picture, or about several that are read as frames of one clip.
public struct Question: Sendable, Equatable {
    public var instruction: String
    /// Pictures and clips; see ``ImageSource/frames(_:limits:tools:)``.
    public var images: [ImageSource]
    /// Frames read of each clip.
    public var framesOfClip: Int
    /// Whether the language model is asked alone, without any picture and without what stands for one.
    public private(set) var isTextOnly = false

    public init(_ instruction: String, about images: [ImageSource], framesOfClip: Int = FrameSampling.defaultCount) {
        self.instruction = instruction
        self.images = images
        self.framesOfClip = framesOfClip
    }

    /// An instruction for the language model alone, which shows what it knows without seeing.
    public init(textOnly instruction: String) {
        self.init(instruction, about: [])
        isTextOnly = true
    }
}

extension Processor {
    /// Prepares several questions: each gives its input, or what is wrong with it.
    ///
    /// Pictures are decoded beside each other, as many at once as there are cores; a file that several questions are about, once.
    ///
    /// - Throws: `CancellationError` alone.
    public func inputs(
        for questions: [Question], limits: ImageLimits = .default
    ) async throws -> [Result<ModelInput, any Error>] {
        var sources: [Clip] = []
        var files: [FileClip: Int] = [:]
        let places = questions.map { question in
            question.images.map { source -> Int in
                let file: FileClip? = if case .file(let url) = source { FileClip(url: url, frames: question.framesOfClip) } else { nil }
                if let file, let place = files[file] { return place }
                if let file { files[file] = sources.count }
                sources.append(Clip(source: source, frames: question.framesOfClip))
                return sources.count - 1
            }
        }
        let planes = try await planes(of: sources, limits: limits)
        return zip(questions, places).map { question, places in
            Result {
                if question.isTextOnly { return try textInput(question.instruction) }
                return try input(planes: places.flatMap { try planes[$0].get() }, question.instruction)
            }
        }
    }

    private struct Clip: Sendable {
        let source: ImageSource
        let frames: Int
    }

    private struct FileClip: Hashable {
        let url: URL
        let frames: Int
    }

    private func planes(of sources: [Clip], limits: ImageLimits) async throws -> [Result<[PixelPlanes], any Error>] {
        let processor = images
        return try await withThrowingTaskGroup(of: (Int, Result<[PixelPlanes], any Error>).self) { group in
            var done: [Int: Result<[PixelPlanes], any Error>] = [:]
            for (index, source) in sources.enumerated() {
                if index >= ProcessInfo.processInfo.activeProcessorCount, let (place, result) = try await group.next() {
                    done[place] = result
                }
                group.addTask {
                    try Task.checkCancellation()
                    do {
                        return (index, .success(try source.source.frames(source.frames, limits: limits).map { try processor($0) }))
                    } catch let error as CancellationError {
                        // Not what is wrong with this picture.
                        throw error
                    } catch { return (index, .failure(error)) }
                }
            }
            for try await (place, result) in group { done[place] = result }
            return sources.indices.compactMap { done[$0] }
        }
    }
}
