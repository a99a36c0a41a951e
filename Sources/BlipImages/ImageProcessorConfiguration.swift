public import BlipJSON
public import Foundation

extension ImageProcessor {
    /// Reads the processor of a checkpoint folder: `image_processor` in `processor_config.json` (transformers 5), else
    /// `preprocessor_config.json`, else the defaults.
    ///
    /// - Parameters:
    ///   - forVideo: prefer the processor of a video checkpoint, `video_processor` in `processor_config.json` and
    ///     `video_preprocessor_config.json`; frames are prepared as pictures are.
    ///   - side: of pictures where no file says a size.
    public init(
        checkpoint folder: URL, forVideo: Bool = false, backend: ResizeBackend = .torchvision, side: Int = Self.usualSide
    ) throws(ImageError) {
        let nested = folder.appending(path: "processor_config.json")
        if let json = try Self.json(nested) {
            for key in forVideo ? ["video_processor", "image_processor"] : ["image_processor"] {
                guard let own = json[JSONString(bytes: Array(key.utf8))] else { continue }
                let file = nested.path(percentEncoded: false)
                guard own.object != nil else {
                    throw .configuration(file: file, key: key, expected: "an object", found: ConfigurationKeys.describe(own))
                }
                try self.init(json: own, file: file, backend: backend, side: side)
                return
            }
        }
        for name in forVideo ? ["video_preprocessor_config.json", "preprocessor_config.json"] : ["preprocessor_config.json"] {
            let flat = folder.appending(path: name)
            if let json = try Self.json(flat) {
                try self.init(json: json, file: flat.path(percentEncoded: false), backend: backend, side: side)
                return
            }
        }
        self.init()
        (self.backend, height, width) = (backend, side, side)
    }

    /// Reads the keys of `preprocessor_config.json`, or of the same object nested as `image_processor`.
    ///
    /// Absent keys and `null` leave the defaults; unknown keys are ignored; a known key with a wrong value is an error that names it.
    ///
    /// - Parameters:
    ///   - file: How messages call the file.
    ///   - side: of pictures where the keys say no size.
    public init(
        json: JSONValue, file: String = "preprocessor_config.json", backend: ResizeBackend = .torchvision, side: Int = Self.usualSide
    ) throws(ImageError) {
        self.init()
        (self.backend, height, width) = (backend, side, side)
        guard json.object != nil else { throw .brokenConfiguration(file: file, reason: "it holds no JSON object") }
        let json = try ConfigurationKeys(json: json, file: file).object("image_processor") ?? json
        let keys = ConfigurationKeys(json: json, file: file)
        doResize = try keys.flag("do_resize") ?? doResize
        doRescale = try keys.flag("do_rescale") ?? doRescale
        doNormalize = try keys.flag("do_normalize") ?? doNormalize
        _ = try keys.flag("do_convert_rgb")  // pictures are RGB here in any case
        (height, width) = try keys.size("size") ?? (height, width)
        resample = try keys.filter("resample") ?? resample
        rescaleFactor = try keys.positive("rescale_factor") ?? rescaleFactor
        mean = try keys.channels("image_mean", mustBePositive: false) ?? mean
        standardDeviation = try keys.channels("image_std", mustBePositive: true) ?? standardDeviation
    }

    /// The content of a file; nil if there is none.
    private static func json(_ url: URL) throws(ImageError) -> JSONValue? {
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let bytes = try ImageSource.file(url).read(limits: ImageLimits(maximumBytes: 1 << 20))
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .brokenConfiguration(file: path, reason: error.description)
        }
    }
}

/// Typed access to the keys of a processor file.
private struct ConfigurationKeys {
    let json: JSONValue
    let file: String

    private func value(_ key: String) -> JSONValue? { json[JSONString(bytes: Array(key.utf8))] }

    private func wrong(_ key: String, expected: String, found: JSONValue) -> ImageError {
        .configuration(file: file, key: key, expected: expected, found: Self.describe(found))
    }

    func object(_ key: String) throws(ImageError) -> JSONValue? {
        guard let value = value(key) else { return nil }
        guard value.object != nil else { throw wrong(key, expected: "an object", found: value) }
        return value
    }

    func flag(_ key: String) throws(ImageError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else { throw wrong(key, expected: "true or false", found: value) }
        return flag
    }

    func positive(_ key: String) throws(ImageError) -> Double? {
        guard let value = value(key) else { return nil }
        // The lower bound keeps 1 / x finite in Float.
        guard let number = value.double, number > 1e-30, number < 1e30 else {
            throw wrong(key, expected: "a positive number", found: value)
        }
        return number
    }

    func size(_ key: String) throws(ImageError) -> (height: Int, width: Int)? {
        guard let value = value(key) else { return nil }
        if value.integer != nil { return try (side(key, value), side(key, value)) }
        guard let height = value["height"], let width = value["width"] else {
            throw wrong(key, expected: "an integer or {\"height\": ..., \"width\": ...}", found: value)
        }
        return try (side("\(key).height", height), side("\(key).width", width))
    }

    private func side(_ key: String, _ value: JSONValue) throws(ImageError) -> Int {
        guard let side = value.integer, (1...RGBImage.maximumTargetSide).contains(side) else {
            throw wrong(key, expected: "an integer from 1 to \(RGBImage.maximumTargetSide)", found: value)
        }
        return side
    }

    func filter(_ key: String) throws(ImageError) -> ResampleFilter? {
        guard let value = value(key) else { return nil }
        guard let filter = value.integer.flatMap(ResampleFilter.init(rawValue:)) else {
            throw wrong(key, expected: "1 (lanczos), 2 (bilinear) or 3 (bicubic)", found: value)
        }
        return filter
    }

    /// Three numbers, or one for all channels.
    func channels(_ key: String, mustBePositive: Bool) throws(ImageError) -> ImageProcessor.ChannelValues? {
        guard let value = value(key) else { return nil }
        let numbers = value.array.map { $0.map(\.double) } ?? [value.double, value.double, value.double]
        guard numbers.count == 3, let red = numbers[0], let green = numbers[1], let blue = numbers[2],
            [red, green, blue].allSatisfy({ abs($0) < 1e30 && (!mustBePositive || $0 > 1e-30) })
        else {
            throw wrong(key, expected: mustBePositive ? "three positive numbers" : "three numbers", found: value)
        }
        return ImageProcessor.ChannelValues(red, green, blue)
    }

    /// A value as it stands in a message: short, whatever the file holds.
    static func describe(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): "the text \"\(text.description.prefix(40))\""
        case .array(let elements): "a list of \(elements.count) elements"
        case .object(let object): "an object with the keys [\(object.members.prefix(5).map(\.key.description).joined(separator: ", "))]"
        }
    }
}
