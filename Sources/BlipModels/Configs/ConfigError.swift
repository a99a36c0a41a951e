import Foundation

/// What is wrong with a config file.
public enum ConfigError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unreadable(file: String, reason: String)
    case broken(file: String, key: String, reason: String)
    case unsupported(key: String, found: String, supported: [String])
    case inconsistent(reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .broken(let file, let key, let reason): key.isEmpty ? "\(file) is broken: \(reason)" : "\(file) is broken at \(key): \(reason)"
        case .unsupported(let key, let found, let supported):
            "config.json says \(key) is \(found); this version supports \(supported.joined(separator: ", "))"
        case .inconsistent(let reason): "config.json contradicts itself: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}

extension KeyedDecodingContainer {
    /// The key's value; the default when the key is absent or null (configs carry only what differs from the defaults).
    func value<Value: Decodable>(_ key: Key, default fallback: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? fallback
    }
}

/// Requires a positive number, as sizes and counts are.
func positive(_ values: [(key: String, value: Int)], atMost limit: Int = 1 << 24) throws {
    for (key, value) in values where value < 1 || value > limit {
        throw ConfigError.unsupported(key: key, found: "\(value)", supported: ["1...\(limit)"])
    }
}

/// Requires a number of layers that can be built: each costs memory even where no weight is read, as `show` does.
func layers(_ key: String, _ count: Int) throws { try positive([(key, count)], atMost: 1024) }

func divides(_ heads: Int, _ width: Int, _ part: String) throws {
    guard width % heads == 0 else {
        throw ConfigError.inconsistent(reason: "\(part) has width \(width), which its \(heads) attention heads cannot share evenly")
    }
}
