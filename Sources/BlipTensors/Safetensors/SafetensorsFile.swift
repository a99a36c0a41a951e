import BlipJSON
import Foundation

/// One safetensors file, mapped into memory and checked; tensors are read where they lie.
///
/// ```swift
/// let file = try SafetensorsFile(URL(filePath: "model.safetensors"))
/// let sum = try file.bytes(of: "query_tokens").withBytes { $0.reduce(0) { $0 + Int($1) } }
/// ```
public final class SafetensorsFile: Sendable {
    /// All tensors, in the order of their bytes.
    public let infos: [TensorInfo]
    /// The strings under `__metadata__`; `["format": "pt"]` in files of PyTorch.
    public let metadata: [JSONString: String]
    /// The bytes of the file.
    public let map: MappedFile
    private let places: [JSONString: Int]

    /// Maps the file and reads its header; no tensor bytes are touched.
    ///
    /// - Throws: ``SafetensorsError``.
    public init(_ url: URL) throws {
        let map = try MappedFile(url)
        let header = try map.withBytes { try SafetensorsHeader(parsing: $0, path: map.path) }
        self.map = map
        infos = header.tensors
        metadata = header.metadata
        // The parser saw to it that names are unique.
        places = Dictionary(header.tensors.enumerated().map { (JSONString($1.name), $0) }, uniquingKeysWith: { first, _ in first })
    }

    public var path: String { map.path }

    /// Names of all tensors, in the order of their bytes.
    public var names: [String] { infos.map(\.name) }

    /// The tensor with this very name, byte by byte; nil when there is none.
    public func info(of name: String) -> TensorInfo? { places[JSONString(name)].map { infos[$0] } }

    /// The bytes of a tensor; nothing is copied.
    ///
    /// - Throws: ``SafetensorsError/noSuchTensor(path:tensor:)``.
    public func bytes(of name: String) throws -> TensorBytes {
        guard let info = info(of: name) else { throw SafetensorsError.noSuchTensor(path: path, tensor: name) }
        return TensorBytes(owner: map, range: info.byteRange)
    }
}

extension JSONString {
    init(_ text: String) { self.init(bytes: Array(text.utf8)) }
}
