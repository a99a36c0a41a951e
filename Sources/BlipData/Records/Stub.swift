import BlipJSON
public import Foundation

public enum RecordError: Error { case stub }
public final class RecordFile: Sendable {
    public let path = ""; public var count: Int { 0 }
    public static func jsonArray(_ url: URL, at keys: [String] = []) throws(RecordError) -> RecordFile { throw .stub }
    public func json(_ index: Int) throws(RecordError) -> JSONValue { throw .stub }
    public func place(_ index: Int) -> String { "" }
}
