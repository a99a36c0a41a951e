import BlipJSON
import Foundation

/// The files in a tar archive, each readable by its number or name; the archive's headers are read once.
public final class TarIndex: Sendable {
    /// Files only, in the archive's order.
    public let members: [TarMember]
    private let reader: TarReader
    private let numbers: [JSONString: Int]

    public init(_ url: URL) throws(RecordError) {
        var reader = try TarReader(url)
        var members: [TarMember] = []
        var numbers: [JSONString: Int] = [:]
        while let member = try reader.next() {
            guard member.kind == .file else { continue }
            numbers[JSONString(stringLiteral: member.name)] = members.count
            members.append(member)
        }
        self.reader = reader
        self.members = members
        self.numbers = numbers
    }

    public var path: String { reader.path }
    public var count: Int { members.count }

    /// The file of this name, byte for byte; of several the last, which is the one that unpacking leaves.
    public subscript(name: String) -> TarMember? { numbers[JSONString(stringLiteral: name)].map { members[$0] } }

    /// A file's content.
    public func bytes(_ member: TarMember) throws(RecordError) -> [UInt8] { try reader.bytes(member) }
}
