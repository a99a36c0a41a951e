/// A published result of a benchmark.
public struct PublishedScore: Sendable, Equatable {
    public let model: String
    /// As printed: percent, or CIDEr times 100.
    public let value: Double
    public let source: String
}

/// The numbers that papers print, to stand beside one's own.
///
/// Source: InstructBLIP (Dai et al., 2023), tables 1 and 3.
public enum PublishedScores {
    private static let columns = [
        "nocaps", "flickr30k", "gqa", "vsr", "iconqa", "textvqa", "visdial", "hatefulmemes", "vizwiz", "scienceqa", "msvd_qa", "msrvtt_qa",
        "ivqa",
    ]

    /// NaN where the table has a dash.
    private static let zeroShot: [(String, [Double])] = [
        ("Flamingo-3B", [.nan, 60.6, .nan, .nan, .nan, 30.1, .nan, 53.7, 28.9, .nan, 27.5, 11.0, 32.7]),
        ("Flamingo-9B", [.nan, 61.5, .nan, .nan, .nan, 31.8, .nan, 57.0, 28.8, .nan, 30.2, 13.7, 35.2]),
        ("Flamingo-80B", [.nan, 67.2, .nan, .nan, .nan, 35.0, .nan, 46.4, 31.6, .nan, 35.6, 17.4, 40.7]),
        ("BLIP-2 FlanT5-XL", [104.5, 76.1, 44.0, 60.5, 45.5, 43.1, 45.7, 53.0, 29.8, 54.9, 33.7, 16.2, 40.4]),
        ("BLIP-2 FlanT5-XXL", [98.4, 73.7, 44.6, 68.2, 45.4, 44.1, 46.9, 52.0, 29.4, 64.5, 34.4, 17.4, 45.8]),
        ("BLIP-2 Vicuna-7B", [107.5, 74.9, 38.6, 50.0, 39.7, 40.1, 44.9, 50.6, 25.3, 53.8, 18.3, 9.2, 27.5]),
        ("BLIP-2 Vicuna-13B", [103.9, 71.6, 41.0, 50.9, 40.6, 42.5, 45.1, 53.7, 19.6, 61.0, 20.3, 10.3, 23.5]),
        ("InstructBLIP FlanT5-XL", [119.9, 84.5, 48.4, 64.8, 50.0, 46.6, 46.6, 56.6, 32.7, 70.4, 43.4, 25.0, 53.1]),
        ("InstructBLIP FlanT5-XXL", [120.0, 83.5, 47.9, 65.6, 51.2, 46.6, 48.5, 54.1, 30.9, 70.6, 44.3, 25.6, 53.8]),
        ("InstructBLIP Vicuna-7B", [123.1, 82.4, 49.2, 54.3, 43.1, 50.1, 45.2, 59.6, 34.5, 60.5, 41.8, 22.1, 52.2]),
        ("InstructBLIP Vicuna-13B", [121.9, 82.8, 49.5, 52.1, 44.8, 50.7, 45.4, 57.5, 33.4, 63.1, 41.2, 24.8, 51.0]),
    ]

    /// Tuned on the set itself.
    private static let finetuned: [String: [(String, Double)]] = [
        "scienceqa": [
            ("LLaVA", 89.0), ("BLIP-2 FlanT5-XXL", 89.5), ("InstructBLIP FlanT5-XXL", 90.7), ("BLIP-2 Vicuna-7B", 77.3),
            ("InstructBLIP Vicuna-7B", 79.5),
        ],
        "ocrvqa": [
            ("GIT", 70.3), ("BLIP-2 FlanT5-XXL", 72.7), ("InstructBLIP FlanT5-XXL", 73.3), ("BLIP-2 Vicuna-7B", 69.1),
            ("InstructBLIP Vicuna-7B", 72.8),
        ],
        "okvqa": [
            ("PaLM-E 562B", 66.1), ("BLIP-2 FlanT5-XXL", 54.7), ("InstructBLIP FlanT5-XXL", 55.5), ("BLIP-2 Vicuna-7B", 59.3),
            ("InstructBLIP Vicuna-7B", 62.1),
        ],
        "aokvqa": [
            ("previous best", 56.3), ("BLIP-2 FlanT5-XXL", 57.6), ("InstructBLIP FlanT5-XXL", 57.1), ("BLIP-2 Vicuna-7B", 60.0),
            ("InstructBLIP Vicuna-7B", 64.0),
        ],
        "aokvqa_mc": [
            ("previous best", 73.2), ("BLIP-2 FlanT5-XXL", 80.2), ("InstructBLIP FlanT5-XXL", 81.0), ("BLIP-2 Vicuna-7B", 72.1),
            ("InstructBLIP Vicuna-7B", 75.7),
        ],
    ]

    /// Results of a benchmark, in the tables' order.
    public static func scores(of benchmark: String) -> [PublishedScore] {
        var scores: [PublishedScore] = []
        if let column = columns.firstIndex(of: benchmark) {
            scores += zeroShot.filter { !$0.1[column].isNaN }.map {
                PublishedScore(model: $0.0, value: $0.1[column], source: "table 1, zero-shot")
            }
        }
        scores += (finetuned[benchmark] ?? []).map { PublishedScore(model: $0.0, value: $0.1, source: "table 3, finetuned on it") }
        return scores
    }

    /// The row of one's own kind of checkpoint among the zero-shot ones, by the language model's family and width; nil for other models.
    public static func row(ofFamily family: String, width: Int) -> String? {
        switch (family, width) {
        case ("instructblip-t5", 2048): "InstructBLIP FlanT5-XL"
        case ("instructblip-t5", 4096): "InstructBLIP FlanT5-XXL"
        case ("instructblip-llama", 4096): "InstructBLIP Vicuna-7B"
        case ("instructblip-llama", 5120): "InstructBLIP Vicuna-13B"
        case ("blip2-t5", 2048): "BLIP-2 FlanT5-XL"
        case ("blip2-t5", 4096): "BLIP-2 FlanT5-XXL"
        default: nil
        }
    }
}
