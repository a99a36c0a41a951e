import BlipImages
import BlipJSON
import BlipModels
import BlipTensors

extension DoctorCheck {
    /// What is known to go wrong with pictures and the image encoder.
    static let pictureTraps: [DoctorCheck] = [
        size, bicubic, rescale, normalization, steps, twoFiles, className, epsilon, qformerEpsilon, blocks, keyBias, dtype,
    ]

    private static let size = DoctorCheck(.traps, "picture-size", "pictures get the size of the image encoder") { subject in
        let (images, wanted) = (try subject.images, try subject.config.vision.imageSize)
        guard let settings = try subject.imageSettings(), settings.object["size"] != nil else {
            return .wrong(
                "no size is given: the class BlipImageProcessor of transformers then takes 384, and the image encoder \(wanted)",
                remedy: "write \"size\": {\"height\": \(wanted), \"width\": \(wanted)} into the image processor's file")
        }
        guard images.height == wanted, images.width == wanted else {
            return .avoided(
                "pictures become \(images.height) x \(images.width), and the image encoder was made for \(wanted); positions are interpolated here, which transformers does on request alone",
                remedy: "set size to \(wanted)")
        }
        return .fine("both say \(wanted)")
    }

    private static let bicubic = DoctorCheck(.traps, "picture-bicubic", "pictures are resized by the bicubic filter") { subject in
        let filter = try subject.images.resample
        guard filter == .bicubic else {
            return .wrong("the filter is \(filter); the models were trained with bicubic", remedy: "set resample to 3")
        }
        return .fine("resample is 3")
    }

    private static let rescale = DoctorCheck(.traps, "picture-rescale", "pixels are divided by 255") { subject in
        let (factor, isOn) = (try subject.images.rescaleFactor, try subject.images.doRescale)
        guard isOn, abs(factor * 255 - 1) < 1e-6 else {
            return .wrong(
                isOn ? "rescale_factor is \(factor)" : "do_rescale is false: pixels would stay between 0 and 255",
                remedy: "set do_rescale to true and rescale_factor to 1/255")
        }
        return .fine("rescale_factor is 1/255")
    }

    private static let normalization = DoctorCheck(.traps, "picture-normalization", "pixels are normalised with CLIP's numbers") {
        subject in
        let (images, clip) = (try subject.images, ImageProcessor())
        func differs(_ one: ImageProcessor.ChannelValues, _ other: ImageProcessor.ChannelValues) -> Bool {
            zip(one.all, other.all).contains { abs($0 - $1) > 1e-6 }
        }
        guard images.doNormalize, !differs(images.mean, clip.mean), !differs(images.standardDeviation, clip.standardDeviation) else {
            let numbers = "\(clip.mean.all) and \(clip.standardDeviation.all)"
            return .wrong(
                images.doNormalize
                    ? "mean and deviation are \(images.mean.all) and \(images.standardDeviation.all)" : "do_normalize is false",
                remedy: "set image_mean and image_std to CLIP's, \(numbers)")
        }
        return .fine("image_mean and image_std are CLIP's")
    }

    private static let steps = DoctorCheck(.traps, "picture-resize", "pictures are resized at all") { subject in
        try subject.images.doResize
            ? .fine("do_resize is true; both sides become equal, without a crop")
            : .wrong("do_resize is false: only pictures of the right size could be shown", remedy: "set do_resize to true")
    }

    private static let twoFiles = DoctorCheck(.traps, "picture-files", "there is one description of the image processor") { subject in
        guard let flat = try subject.object("preprocessor_config.json"),
            let nested = try subject.object("processor_config.json")?["image_processor"]?.object
        else {
            return .fine("there is one; transformers 4 has preprocessor_config.json, transformers 5 puts it into processor_config.json")
        }
        let (one, other) = (try ImageProcessor(json: .object(flat)), try ImageProcessor(json: .object(nested)))
        guard one == other else {
            return .wrong(
                "preprocessor_config.json and processor_config.json describe different image processors; transformers 5 takes the second, transformers 4 the first",
                remedy: "remove the one that is old")
        }
        return .fine("there are two, and they are the same")
    }

    private static let className = DoctorCheck(.traps, "processor-class", "the processor's class fits the architecture") { subject in
        guard let name = try subject.object("processor_config.json")?["processor_class"]?.string else {
            return .doesNotApply("processor_config.json names no class")
        }
        let isVideo = name.contains("Video")
        guard try isVideo == (subject.config.architecture == .instructBLIPVideo) else {
            return .avoided(
                "processor_config.json names \(name), as one published revision of Vicuna-7B does; here the class is not looked at",
                remedy: nil)
        }
        return .fine("it is \(name)")
    }

    // MARK: The image encoder

    private static let epsilon = DoctorCheck(.traps, "vision-epsilon", "the image encoder's norms have epsilon 1e-6") { subject in
        let found = try subject.config.vision.normEpsilon
        guard found == 1e-6 else {
            return .wrong(
                "layer_norm_eps of vision_config is \(found): early uploads said 1e-5, which was a mistake and was corrected",
                remedy: "set vision_config.layer_norm_eps to 1e-6")
        }
        return .fine("it is 1e-6; LAVIS has 1e-5 in the norm behind the encoder, which transformers and this program do not")
    }

    private static let qformerEpsilon = DoctorCheck(.traps, "qformer-epsilon", "the Q-Former's norms have epsilon 1e-12") { subject in
        let found = try subject.config.qformer.normEpsilon
        guard found == 1e-12 else {
            return .wrong(
                "layer_norm_eps of qformer_config is \(found)", remedy: "set qformer_config.layer_norm_eps to 1e-12, as BERT has it")
        }
        return .fine("it is BERT's, 1e-12")
    }

    private static let blocks = DoctorCheck(.traps, "vision-blocks", "the image encoder ends one block before EVA's last") { subject in
        let config = try subject.config.vision
        guard config.hiddenSize == 1408 else { return .doesNotApply("it is not as wide as EVA's ViT-g") }
        guard config.layerCount == 39 else {
            return .wrong(
                "it has \(config.layerCount) blocks; EVA's has 40, of which the last is left out",
                remedy: "leave block 39, the norm and the head of eva_vit_g.pth out when converting")
        }
        return .fine("it has 39 blocks")
    }

    private static let keyBias = DoctorCheck(.traps, "vision-key-bias", "keys of the image encoder have no bias") { subject in
        guard try subject.config.vision.hasQKVBias else { return .doesNotApply("its attention has no bias at all") }
        let odd = (0..<(try subject.config.vision.layerCount)).map { "vision_model.encoder.layers.\($0).self_attn.qkv.bias" }.filter {
            name in
            guard let entry = subject.inventory.entries[name] else { return false }
            let range = entry.info.byteRange
            let third = range.count / 3
            return entry.file.map.withBytes { $0[range.lowerBound + third..<range.lowerBound + 2 * third].contains { $0 & 0x7F != 0 } }
        }
        guard let first = odd.first else { return .fine("the middle third of every qkv.bias is zero, as EVA has it") }
        return .notice(
            "\(odd.count) layers have a bias for keys, as \(first): EVA has none, so it was trained, or queries, keys and values are in another order",
            remedy: "look at the order of the fused bias, which is q, 0, v, if this was converted", Diagnosis.shortened(odd))
    }

    private static let dtype = DoctorCheck(.traps, "dtype", "weights are stored in the type that the config names") { subject in
        guard let named = try subject.config.dtypeName, let type = DType(rawValue: named) else {
            return .fine("config.json names no type, so the stored one is computed in")
        }
        let stored = subject.inventory.elements.filter { $0.key.dtype?.isFloatingPoint == true }.max { $0.value < $1.value }?.key
        guard let stored, let found = stored.dtype, found != type else { return .fine("both are \(named)") }
        return .notice(
            "config.json names \(named), and most weights are stored as \(stored.rawValue): they are converted whenever the checkpoint is opened",
            remedy: "convert the checkpoint once to the type you compute in")
    }
}
