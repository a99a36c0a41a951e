import BlipTensors

/// Rows of token ids, padded to one length.
public struct TokenBatch {
    public let ids: Tensor  // [B, T] int64
    /// True where a token is, false where padding is [B, T]; nil when nothing is padded.
    public let mask: Tensor?
    /// What each token counts in a loss, nothing where padding is [B, T] float32; nil where all count alike.
    public var weights: Tensor?

    public init(ids: Tensor, mask: Tensor?) {
        self.ids = ids
        self.mask = mask
    }

    /// Stacks rows, padded at one side to the longest, or a little beyond.
    ///
    /// - Parameter multiple: of which the length is one. oneDNN prepares every product anew for every new size.
    public init(_ rows: [[Int]], padding id: Int, at side: PaddingSide, multiple: Int = 1, on device: Device = .cpu) throws {
        let length = ((rows.map(\.count).max() ?? 0) + multiple - 1) / multiple * multiple
        func padded<Element>(_ row: [Element], _ filler: Element) -> [Element] {
            let pads = Array(repeating: filler, count: length - row.count)
            return side == .left ? pads + row : row + pads
        }
        let ids = try Tensor.of(rows.flatMap { padded($0, id) }, [rows.count, length]).to(device)
        let isPadded = rows.contains { $0.count < length }
        let mask = isPadded ? try Tensor.of(rows.flatMap { padded($0.map { _ in true }, false) }, [rows.count, length]).to(device) : nil
        self.init(ids: ids, mask: mask)
    }

    /// Every row `times` times in a row.
    func repeated(_ times: Int) throws -> TokenBatch {
        times == 1 ? self : TokenBatch(ids: try ids.repeatEach(times), mask: try mask?.repeatEach(times))
    }

    public var batch: Int { ids.size(0) }
    public var length: Int { ids.size(1) }
}

public enum PaddingSide: Sendable { case left, right }

/// What the network is given: B pictures, what the Q-Former is told, and what the language model reads.
public struct Batch {
    /// B pictures, or B times F where each row has F frames: [B·F, 3, H, W] float32.
    public let pixels: Tensor
    /// The instruction for the Q-Former, right-padded; nil reads the image without it.
    public let instruction: TokenBatch?
    /// The text for the language model, without the image's places, padded at ``InstructBLIP/promptPadding``.
    public let prompt: TokenBatch

    public init(pixels: Tensor, instruction: TokenBatch?, prompt: TokenBatch) {
        self.pixels = pixels
        self.instruction = instruction
        self.prompt = prompt
    }
}
