import Foundation

/// Why a text is not JSON. Offsets count bytes from the beginning.
public enum JSONError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unexpected(offset: Int, found: String, expected: String)
    case duplicateKey(offset: Int, key: String)
    case tooDeep(offset: Int, limit: Int)
    case tooManyValues(offset: Int, limit: Int)
    case invalidUTF8(offset: Int)

    public var description: String {
        switch self {
        case .unexpected(let offset, let found, let expected): "JSON is broken at byte \(offset): expected \(expected), found \(found)"
        case .duplicateKey(let offset, let key): "JSON names \"\(key)\" twice in one object (second time at byte \(offset))"
        case .tooDeep(let offset, let limit): "JSON is nested more than \(limit) deep at byte \(offset)"
        case .tooManyValues(let offset, let limit): "JSON holds more than \(limit) values at byte \(offset)"
        case .invalidUTF8(let offset): "JSON holds a string that is not UTF-8 at byte \(offset)"
        }
    }

    public var errorDescription: String? { description }
}
