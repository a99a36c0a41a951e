import BlipImages
import BlipModels
import Foundation

/// An instruction about a picture, or about several that are read as frames of one clip.
public struct Question: Sendable, Equatable {
    public var instruction: String
    public var images: [ImageSource]

    public init(_ instruction: String, about images: [ImageSource]) {
        self.instruction = instruction
        self.images = images
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
        var sources: [ImageSource] = []
        var files: [URL: Int] = [:]
        let places = questions.map { question in
            question.images.map { source -> Int in
                if case .file(let url) = source, let place = files[url] { return place }
                if case .file(let url) = source { files[url] = sources.count }
                sources.append(source)
                return sources.count - 1
            }
        }
        let planes = try await planes(of: sources, limits: limits)
        return zip(questions, places).map { question, places in
            Result { try input(planes: places.map { try planes[$0].get() }, question.instruction) }
        }
    }

    private func planes(of sources: [ImageSource], limits: ImageLimits) async throws -> [Result<PixelPlanes, any Error>] {
        let processor = images
        return try await withThrowingTaskGroup(of: (Int, Result<PixelPlanes, any Error>).self) { group in
            var done: [Int: Result<PixelPlanes, any Error>] = [:]
            for (index, source) in sources.enumerated() {
                if index >= ProcessInfo.processInfo.activeProcessorCount, let (place, result) = try await group.next() {
                    done[place] = result
                }
                group.addTask {
                    try Task.checkCancellation()
                    return (index, Result { try processor(source.load(limits: limits)) })
                }
            }
            for try await (place, result) in group { done[place] = result }
            return sources.indices.compactMap { done[$0] }
        }
    }
}
