import Blip
import BlipData
import BlipModels
import BlipTensors

/// Things of a picture as a language model is told them: each is one soft token, the sum of the embeddings of its words.
struct ToldThings {
    private let processor: Processor
    /// Of a place that holds nothing.
    let nothing: [Int]

    /// - Parameter nothing: the word for a place that holds nothing; nil for zeros.
    init(_ processor: Processor, nothing: String?) {
        self.processor = processor
        self.nothing = nothing.map { processor.tokenizer.encode($0, addSpecialTokens: false) } ?? []
    }

    func ids(_ thing: PictureDescription.Thing) -> [Int] {
        thing.words.flatMap { processor.tokenizer.encode($0.text, addSpecialTokens: false) }
    }

    /// [S, D], zeros where there are no words.
    static func embed(_ slots: [[Int]], _ language: any LanguageModel, on device: Device) throws -> Tensor {
        let length = max(1, slots.map(\.count).max() ?? 1)
        var (ids, isWord) = ([Int](repeating: 0, count: slots.count * length), [Float](repeating: 0, count: slots.count * length))
        for (slot, words) in slots.enumerated() {
            for (offset, id) in words.enumerated() { (ids[slot * length + offset], isWord[slot * length + offset]) = (id, 1) }
        }
        let embedded = try language.embed(Tensor.of(ids, [slots.count, length]).to(device))
        return try (embedded * Tensor.of(isWord, [slots.count, length, 1]).to(device).to(embedded.dtype)).sum(1)
    }
}
