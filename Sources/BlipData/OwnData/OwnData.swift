public enum OwnData {
    public struct Opened { public var samples: any SampleCollection }
    public static func open(_ path: String, format: OwnDataFormat? = nil, images: String? = nil) throws -> Opened {
        throw DataError.unknownFormat(path: path, reason: "stub")
    }
}
public enum SampleLine { public static func text(_ sample: Sample) throws -> String { "" } }
