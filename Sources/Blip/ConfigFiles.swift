import BlipJSON
import BlipModels
import BlipTensors
import Foundation

/// The config files of a new checkpoint folder.
enum ConfigFiles {
    /// Writes preprocessor_config.json (video_preprocessor_config.json for clips), processor_config.json and, last, config.json.
    ///
    /// - Parameter images: the image processor, where it is not the published one.
    static func write(_ config: InstructBLIPConfig, _ dtype: DType, images own: JSONObject? = nil, to folder: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let snake = JSONEncoder()
        snake.outputFormatting = encoder.outputFormatting
        snake.keyEncodingStrategy = .convertToSnakeCase
        var config = config
        config.dtypeName = dtype.rawValue
        let size = config.vision.imageSize
        let isVideo = config.architecture == .instructBLIPVideo
        let name = isVideo ? "InstructBlipVideoProcessor" : config.architecture.isInstructed ? "InstructBlipProcessor" : "Blip2Processor"
        // A text that is compared stands alone: with a number here transformers would put the image's places into it.
        let placeholders = config.architecture == .blip2Retrieval && config.imageTokenID == nil ? nil : config.queryCount
        let images = PreprocessorFile(
            imageProcessorType: isVideo ? nil : "BlipImageProcessor", videoProcessorType: isVideo ? "InstructBlipVideoVideoProcessor" : nil,
            processorClass: name, size: .init(height: size, width: size))
        let processor = ProcessorFile(numQueryTokens: placeholders, processorClass: name)
        let file = isVideo ? "video_preprocessor_config.json" : "preprocessor_config.json"
        if let own {
            let named = own.setting("processor_class", to: .string(JSONString(bytes: Array(name.utf8))))
            try JSONFile.write(.object(named), to: folder.appendingPathComponent(file))
        } else {
            try snake.encode(images).write(to: folder.appendingPathComponent(file), options: .atomic)
        }
        try snake.encode(processor).write(to: folder.appendingPathComponent("processor_config.json"), options: .atomic)
        try encoder.encode(config).write(to: folder.appendingPathComponent("config.json"), options: .atomic)
    }
}

/// `preprocessor_config.json` as transformers 4 writes it (its keys in snake case); version 5 reads it too.
private struct PreprocessorFile: Encodable {
    struct Size: Encodable {
        let height: Int
        let width: Int
    }

    let doConvertRgb = true
    let doNormalize = true
    let doRescale = true
    let doResize = true
    let imageMean = [0.48145466, 0.4578275, 0.40821073]
    let imageStd = [0.26862954, 0.26130258, 0.27577711]
    let imageProcessorType: String?
    let videoProcessorType: String?
    let processorClass: String
    let resample = 3
    let rescaleFactor = 1.0 / 255
    let size: Size
}

private struct ProcessorFile: Encodable {
    let numQueryTokens: Int?
    let processorClass: String
}
