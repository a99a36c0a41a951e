import BlipJSON
import BlipModels
import BlipTensors
import Foundation

/// An image encoder with the norm behind it, and how pictures are made ready for it.
struct VisionPart {
    let place: URL
    let config: VisionConfig
    let origins: [String: WeightOrigin]
    /// The image processor, as its file says it; nil for the published one.
    let images: JSONObject?
    let notes: [String]
    /// Whether it comes without the norm, which BLIP-2's first stage trains from the beginning.
    let lacksNorm: Bool

    static let normPrefix = "vision_model.post_layernorm."

    /// - Parameters:
    ///   - place: an InstructBLIP's or BLIP-2's folder, or `eva_vit_g.pth`, the encoder alone.
    ///   - sizes: of the encoder in a `.pth` file, which does not say them.
    init(_ place: URL, sizes: VisionConfig) throws {
        self.place = place
        guard place.pathExtension != "pth" else {
            var notes: [String] = []
            config = sizes
            origins = try LAVISConverter.read(place, called: "eva_vit_g", &notes) {
                LAVISNames.translateEVA($0, blockCount: sizes.layerCount)
            }
            (self.notes, images, lacksNorm) = (notes, nil, true)
            return
        }
        let part = try PartFolder(place)
        guard case .blip(let whole) = part.kind else { throw part.wrong("the image encoder of an InstructBLIP or a BLIP-2") }
        config = whole.vision
        // The files saw to it that names are unique.
        origins = Dictionary(
            try part.tensors().filter { $0.name.hasPrefix("vision_model.") }.map { ($0.name, .stored($0)) },
            uniquingKeysWith: { first, _ in first })
        images = try Self.images(in: place)
        (notes, lacksNorm) = ([], false)
    }

    /// As `ImageProcessor` looks for it: transformers 5 writes it into another file.
    private static func images(in folder: URL) throws -> JSONObject? {
        let nested = try JSONFile.object(folder.appendingPathComponent("processor_config.json"))?["image_processor"]?.object
        return try nested ?? JSONFile.object(folder.appendingPathComponent("preprocessor_config.json"))
    }
}
