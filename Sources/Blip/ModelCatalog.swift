import BlipModels
import Foundation

/// The published architectures by name, as their `config.json` says them.
public enum ModelCatalog {
    public static let all: [(name: String, config: InstructBLIPConfig)] = [
        ("instructblip-vicuna-7b", vicuna { _ in }),
        (
            "instructblip-vicuna-13b",
            vicuna {
                $0.hiddenSize = 5120
                $0.intermediateSize = 13824
                $0.layerCount = 40
                $0.headCount = 40
                $0.keyValueHeadCount = 40
            }
        ),
        ("instructblip-flan-t5-xl", flanT5XL),
        ("instructblip-flan-t5-xxl", flanT5XXL),
        ("blip2-opt-2.7b", opt27),
        ("blip2-opt-6.7b", opt67),
        ("blip2-flan-t5-xl", blip2(flanT5XL)),
        ("blip2-flan-t5-xxl", blip2(flanT5XXL)),
        ("blip2-opt-2.7b-coco", coco(opt27)),
        ("blip2-opt-6.7b-coco", coco(opt67)),
        ("blip2-flan-t5-xl-coco", coco(blip2(flanT5XL))),
        ("blip2-itm-vit-g", retrieval),
        ("blip2-itm-vit-g-coco", coco(retrieval)),
    ]

    /// A published architecture's name, or a config file.
    /// - Throws: ``BlipError/unknownConfig(name:known:)`` for neither.
    public static func config(_ nameOrFile: String) throws -> InstructBLIPConfig {
        if let known = all.first(where: { $0.name == nameOrFile }) { return known.config }
        guard nameOrFile.hasSuffix(".json") else { throw BlipError.unknownConfig(name: nameOrFile, known: all.map(\.name)) }
        return try InstructBLIPConfig(file: URL(fileURLWithPath: nameOrFile))
    }

    private static var qformer: QFormerConfig {
        var config = QFormerConfig()
        config.vocabularySize = 30523  // BERT's, and [DEC]
        return config
    }

    private static var flanT5XL: InstructBLIPConfig {
        flanT5 {
            $0.width = 2048
            $0.feedForwardSize = 5120
            $0.headCount = 32
        }
    }

    private static var flanT5XXL: InstructBLIPConfig {
        flanT5 {
            $0.width = 4096
            $0.feedForwardSize = 10240
            $0.headCount = 64
        }
    }

    /// The same without the Q-Former's text branch, whose vocabulary is BERT's own.
    private static func blip2(_ instructed: InstructBLIPConfig) -> InstructBLIPConfig {
        var config = instructed
        config.architecture = .blip2
        config.qformer = QFormerConfig()
        config.qformer.readsText = false
        return config
    }

    private static var opt27: InstructBLIPConfig {
        opt {
            $0.hiddenSize = 2560
            $0.intermediateSize = 10240
        }
    }

    private static var opt67: InstructBLIPConfig {
        opt {
            $0.hiddenSize = 4096
            $0.intermediateSize = 16384
        }
    }

    /// Fine-tuned on captions or retrieval of COCO, the image encoder too, with larger pictures.
    private static func coco(_ config: InstructBLIPConfig) -> InstructBLIPConfig {
        var config = config
        config.vision.imageSize = 364
        return config
    }

    /// The first stage alone: a Q-Former that reads texts, and no language model.
    private static var retrieval: InstructBLIPConfig {
        var config = InstructBLIPConfig(
            .blip2Retrieval, vision: VisionConfig(), qformer: qformer, language: .opt(OPTConfig()), queryCount: 32, imageTokenID: nil,
            dtypeName: "float32")
        config.qformer.readsText = true
        return config
    }

    private static func opt(_ change: (inout OPTConfig) -> Void) -> InstructBLIPConfig {
        var language = OPTConfig()
        language.vocabularySize = 50304  // 50266 rounded up to a multiple of 64
        language.layerCount = 32
        language.headCount = 32
        language.endIDs = [50118]  // a line break
        change(&language)
        return blip2(
            InstructBLIPConfig(
                vision: VisionConfig(), qformer: qformer, language: .opt(language), queryCount: 32, imageTokenID: 50265,
                dtypeName: "float32"))
    }

    private static func vicuna(_ change: (inout LlamaConfig) -> Void) -> InstructBLIPConfig {
        var language = LlamaConfig()
        language.vocabularySize = 32064  // 32002 rounded up to a multiple of 64
        language.padID = 32000
        language.beginID = 0
        language.endIDs = [1]  // as published; see StopRule
        change(&language)
        return InstructBLIPConfig(
            vision: VisionConfig(), qformer: qformer, language: .llama(language), queryCount: 32, imageTokenID: 32001, dtypeName: "float32")
    }

    private static func flanT5(_ change: (inout T5Config) -> Void) -> InstructBLIPConfig {
        var language = T5Config()
        language.encoderLayerCount = 24
        language.decoderLayerCount = 24
        language.isGated = true
        language.activation = .gelu
        language.scalesDecoderOutput = false
        language.tiesEmbeddings = false
        language.beginID = 1
        change(&language)
        return InstructBLIPConfig(
            vision: VisionConfig(), qformer: qformer, language: .t5(language), queryCount: 32, imageTokenID: 32100, dtypeName: "float32")
    }
}
