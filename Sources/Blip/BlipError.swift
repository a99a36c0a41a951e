import Foundation

/// What a request or a checkpoint folder can have wrong, beyond what the modules below report themselves.
public enum BlipError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case folderMissing(path: String)
    case notAFolder(path: String)
    case configMissing(path: String)
    case unknownDType(found: String, file: String)
    /// The image processor makes pictures that have no patch, or too many.
    case wrongImageSize(height: Int, width: Int, patch: Int, limit: Int)
    /// A checkpoint without a language model was asked for an answer.
    case retrievalOnly(path: String)
    /// A checkpoint with a language model was asked to compare a picture with a text.
    case notRetrieval(path: String, architecture: String)
    case emptyText
    case emptyInstruction
    case instructionTooLong(tokens: Int, limit: Int)
    /// Pictures and frames that alone fill the model's prompt.
    case tooManyPictures(count: Int, limit: Int)
    case wrongVocabulary(tokenizer: String, id: Int, rows: Int)
    case notFinite(explanation: String)
    case invalidOption(name: String, found: String, expected: String)
    case outputExists(path: String)
    case unwritableFolder(path: String, reason: String)
    case unknownConfig(name: String, known: [String])
    /// Features are to be kept of pictures that look different each time.
    case featuresDoNotRepeat

    public var description: String {
        switch self {
        case .folderMissing(let path): "there is no checkpoint folder \(path); give the folder that holds config.json and model.safetensors"
        case .notAFolder(let path): "\(path) is not a folder; give the folder that holds config.json and model.safetensors"
        case .configMissing(let path): "\(path) has no config.json, so it is not a checkpoint folder in the Hugging Face layout"
        case .unknownDType(let found, let file):
            "\(file) names the type \(found); supported are float32, bfloat16 and float16, or choose one when opening the checkpoint"
        case .wrongImageSize(let height, let width, let patch, let limit):
            "the image processor's size is \(height) x \(width); the image encoder cuts it into patches of \(patch) pixels and takes 1 to \(limit) of them; change size in preprocessor_config.json or processor_config.json"
        case .retrievalOnly(let path):
            "\(path) holds a BLIP-2 for image-text retrieval, which has no language model; ask it how well a text fits a picture (match)"
        case .notRetrieval(let path, let architecture):
            "\(path) holds \(architecture), which has no heads to compare a picture with a text; take a checkpoint like blip2-itm-vit-g"
        case .emptyText: "the text is empty; give what the picture is compared with"
        case .emptyInstruction: "the instruction is empty; ask something, for example \"What is in the picture?\""
        case .instructionTooLong(let tokens, let limit):
            "the instruction is \(tokens) tokens long, and this model has room for \(limit) beside the image and an answer; shorten it"
        case .tooManyPictures(let count, let limit):
            "the instruction is about \(count) pictures and frames, and this model has room for \(limit) beside it; give fewer pictures, or read fewer frames of a clip"
        case .wrongVocabulary(let tokenizer, let id, let rows):
            "the \(tokenizer) tokenizer gave id \(id), but the model has only \(rows) embeddings; tokenizer and weights belong to different checkpoints"
        case .notFinite(let explanation): "the answer cannot be computed: \(explanation)"
        case .invalidOption(let name, let found, let expected): "\(name) is \(found); expected \(expected)"
        case .outputExists(let path): "\(path) is a file or holds files already; choose an empty or a new folder"
        case .unwritableFolder(let path, let reason):
            "the folder \(path) cannot be made or filled (\(reason)); choose a place where you may write, with room"
        case .unknownConfig(let name, let known):
            "there is no config named \(name); known are \(known.joined(separator: ", ")), or give a .json file"
        case .featuresDoNotRepeat:
            "vision features can be kept only where a picture looks the same every time; turn augmentation off, or do not keep features"
        }
    }

    public var errorDescription: String? { description }
}
