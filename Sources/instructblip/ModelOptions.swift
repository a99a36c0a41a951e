import ArgumentParser
import Blip
import BlipDecoding
import BlipHub
import BlipImages
import BlipModels
import BlipSceneModel
import BlipTensors
import Foundation

/// Which checkpoint: a folder, a model of the hub that was pulled, or the one built in.
struct CheckpointOption: ParsableArguments {
    @Option(
        name: [.customShort("m"), .customLong("model")],
        help: ArgumentHelp(
            "The checkpoint folder, or the name of a pulled model. Default: \(SceneModel.name), the small model built in, which knows drawn scenes and no photographs.",
            valueName: "dir|org/name|\(SceneModel.name)"))
    var given: String?

    /// What reports call it.
    var model: String { given ?? SceneModel.name }

    func folder() throws -> URL { try given.map(modelFolder) ?? SceneModel.folder() }

    /// How captions are written where nothing is said: as published, or as scenes are, whose lists of things rightly repeat words more often.
    func captionPreset() throws -> DecodingPreset { try folder() == SceneModel.folder() ? .sceneCaption : .caption }

    /// Tells whoever has not chosen a model which one answers. A verb calls it once, where it opens the checkpoint.
    func announce() {
        guard given == nil else { return }
        writeRemark("note: the built-in model answers, which knows drawn scenes and no photographs; --model takes another\n")
    }
}

/// The folder that a user means by the name of a model.
///
/// The built-in one is meant by `builtin:scenes`, and by `scenes` where no folder is called so.
func modelFolder(_ text: String) throws -> URL {
    let isFolder = FileManager.default.fileExists(atPath: text)
    if text == "builtin:\(SceneModel.name)" || (text == SceneModel.name && !isFolder) { return try SceneModel.folder() }
    return try ModelLocator(HubSettings().cache).folder(for: text)
}

/// Which checkpoint, and how it computes.
struct ModelOptions: ParsableArguments {
    @OptionGroup var checkpoint: CheckpointOption

    @Option(help: "The type to compute in: float32, bfloat16 or float16. Default: what the checkpoint names.")
    var dtype: ComputeType?

    @Option(help: "Pack the weights while loading, for a try: q8 or q4 (see the verb quantize, which does it once).")
    var quantize: PackedFormat?

    @Option(
        help: ArgumentHelp("Low-rank changes of the language model to add: a folder in PEFT's layout, as of train merge.", valueName: "dir")
    )
    var adapter: String?

    @Option(help: ArgumentHelp("Where to compute: cpu, cuda, cuda:N or mps.", valueName: "device"))
    var device: DeviceName = DeviceName(device: .cpu)

    @Option(name: [.short, .long], help: ArgumentHelp("CPU threads. Default: one per core.", valueName: "n"))
    var threads: Int?

    @Option(help: "How pictures are resized: torchvision (as transformers 5) or pillow (as transformers 4 and the published numbers).")
    var resize: ResizeBackend = .torchvision

    @OptionGroup var imageCache: ImageCacheArguments

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024, found \(threads).") }
    }

    /// Opens the checkpoint, with a progress bar where somebody watches.
    ///
    /// - Parameters:
    ///   - announces: whether to say that nobody has chosen the model.
    ///   - change: what a verb does differently from the others.
    func open(announces: Bool = true, _ change: (inout OpenOptions) -> Void = { _ in }) async throws -> Assistant {
        try await open(announces, change) { try await Assistant.open($0, $1, progress: $2) }
    }

    /// The same for a checkpoint that compares pictures with texts.
    func openMatcher() async throws -> ImageTextMatcher {
        try await open(true, { _ in }) { try await ImageTextMatcher.open($0, $1, progress: $2) }
    }

    private func open<Opened>(
        _ announces: Bool, _ change: (inout OpenOptions) -> Void,
        _ body: (URL, OpenOptions, @escaping @Sendable (Int, Int) -> Void) async throws -> Opened
    ) async throws -> Opened {
        let folder = try checkpoint.folder()
        if announces { checkpoint.announce() }
        let bar = ProgressBar("loading")
        defer { bar.finish() }
        var options = openOptions()
        change(&options)
        return try await body(folder, options) { bar.update($0, of: $1) }
    }

    /// What answers depend on here, by name; the model by what it is, not by where it lies.
    var maker: [String: String] {
        get throws {
            var maker = ["model": try ModelFingerprint(folder: checkpoint.folder()).text, "resize": resize.rawValue]
            maker["dtype"] = dtype.map(\.rawValue)
            maker["quantize"] = quantize.map(\.rawValue)
            maker["adapter"] = try adapter.map { try ModelFingerprint(folder: URL(fileURLWithPath: $0)).text }
            return maker
        }
    }

    /// How the checkpoint is opened; sets the threads.
    func openOptions() -> OpenOptions {
        if let threads { Engine.setThreads(threads) }
        return OpenOptions(
            dtype: dtype?.dtype, quantization: quantize.map { Quantization($0) }, device: device.device, resizing: resize,
            imageCacheFolder: imageCache.folder, imageCacheFolderBytes: imageCache.bytes,
            adapter: adapter.map { URL(fileURLWithPath: $0) })
    }
}

/// The picture a verb is about.
struct ImageOptions: ParsableArguments {
    @Argument(
        help:
            "The picture: a JPEG, PNG, WebP or GIF file, or - for standard input; where clips are taken also an animation, a video or a folder of frames."
    )
    var image: String

    @OptionGroup var size: ImageSizeOptions

    var source: ImageSource { get throws { try size.source(image) } }

    var limits: ImageLimits { size.limits }
}

/// How large pictures may be.
struct ImageSizeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Refuse pictures with more pixels.", valueName: "n"))
    var maxPixels: Int = ImageLimits.default.maximumPixels

    @Option(help: ArgumentHelp("Refuse pictures with a longer side.", valueName: "n"))
    var maxSide: Int = ImageLimits.default.maximumSide

    func validate() throws {
        if maxPixels < 1 { throw ValidationError("--max-pixels must be at least 1, found \(maxPixels).") }
        if maxSide < 1 { throw ValidationError("--max-side must be at least 1, found \(maxSide).") }
    }

    /// A file, or `-` for standard input.
    func source(_ image: String) throws -> ImageSource {
        if image == "-" { return .data(try standardInput()) }
        return .file(URL(fileURLWithPath: image))
    }

    /// What standard input holds, and no more than one byte beyond the limit: it may have no end.
    private func standardInput() throws(ImageError) -> Data {
        var data = Data()
        do {
            while data.count <= limits.maximumBytes,
                let more = try FileHandle.standardInput.read(upToCount: limits.maximumBytes + 1 - data.count), !more.isEmpty
            {
                data += more
            }
        } catch {
            throw .unreadableFile(path: "standard input", reason: "it is closed, or no file; pipe a picture into it")
        }
        return data
    }

    var limits: ImageLimits {
        var limits = ImageLimits.default
        limits.maximumPixels = maxPixels
        limits.maximumSide = maxSide
        return limits
    }
}

/// How much of a clip is read.
struct ClipOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Frames to read of each clip (an animation, a video or a folder of frames), spread evenly: 1 to 64.", valueName: "n"))
    var frames: Int = FrameSampling.defaultCount

    func validate() throws {
        guard (1...FrameSampling.maximumCount).contains(frames) else {
            throw ValidationError("--frames must be between 1 and \(FrameSampling.maximumCount), found \(frames).")
        }
    }

    /// The pictures and frames of all sources, in a row.
    func read(_ sources: [ImageSource], _ limits: ImageLimits) throws -> [RGBImage] {
        try sources.flatMap { try $0.frames(frames, limits: limits) }
    }
}

/// What weights are computed in.
enum ComputeType: String, ExpressibleByArgument, CaseIterable {
    case float32, bfloat16, float16

    var dtype: DType {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        }
    }
}

struct DeviceName: ExpressibleByArgument {
    let device: Device

    init(device: Device) { self.device = device }

    init?(argument: String) {
        guard let device = Device(argument) else { return nil }
        self.device = device
    }

    var defaultValueDescription: String { device.description }
}

extension ResizeBackend: ExpressibleByArgument {}

/// An empty instruction is refused before anything is opened, but for BLIP-2, which then writes a caption.
func checkInstruction(_ instruction: String, _ checkpoint: CheckpointOption) throws {
    guard instruction.allSatisfy(\.isWhitespace) else { return }
    let file = try checkpoint.folder().appendingPathComponent("config.json")
    // What is wrong with a folder is explained where it is opened.
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    guard try InstructBLIPConfig(file: file).architecture == .blip2 else { throw BlipError.emptyInstruction }
}
