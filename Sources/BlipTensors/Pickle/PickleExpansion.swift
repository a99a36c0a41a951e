import BlipJSON

/// Makes values of what a machine built, with bounds on depth and number: a few bytes of pickle can name themselves, or one list many times.
struct PickleExpansion {
    let machine: PickleMachine
    /// Where each storage of the machine lies.
    let storages: [TensorBytes]
    private var count = 0

    static let maximumDepth = 64
    static let maximumCount = 4_000_000
    /// One long name could be the key of every entry.
    static let maximumKeyByteCount = 4096

    init(_ machine: PickleMachine, storages: [TensorBytes]) {
        self.machine = machine
        self.storages = storages
    }

    /// - Parameter name: what messages call the value.
    mutating func value(_ item: PickleMachine.Item, _ name: String = "", depth: Int = 0) throws -> PickleValue {
        guard depth <= Self.maximumDepth else {
            throw PickleError.tooLarge(path: machine.path, what: "the depth of its values", limit: Self.maximumDepth)
        }
        count += 1
        guard count <= Self.maximumCount else {
            throw PickleError.tooLarge(path: machine.path, what: "the number of its values", limit: Self.maximumCount)
        }
        switch item {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .global(.elementType(let type)): return .elementType(type)
        case .list(let place): return .list(try values(machine.lists[place], name, depth))
        case .tuple(let place): return .tuple(try values(machine.tuples[place], name, depth))
        case .dictionary(let place): return .dictionary(try dictionary(place, name, depth))
        case .tensor(let place): return .tensor(try tensor(machine.views[place], name))
        case .mark, .largeInteger, .global, .storage:
            throw machine.reader.bad("values and tensors", item.kind)
        }
    }

    private mutating func values(_ items: [PickleMachine.Item], _ name: String, _ depth: Int) throws -> [PickleValue] {
        var values: [PickleValue] = []
        for item in items { values.append(try value(item, name, depth: depth + 1)) }
        return values
    }

    private mutating func dictionary(_ place: Int, _ name: String, _ depth: Int) throws -> PickleDictionary {
        var result = PickleDictionary()
        for (item, stored) in machine.dictionaries[place] {
            let key: PickleDictionary.Key
            switch item {
            case .string(let text) where text.bytes.count <= Self.maximumKeyByteCount: key = .text(text)
            case .string: throw PickleError.tooLarge(path: machine.path, what: "the length of a name", limit: Self.maximumKeyByteCount)
            case .integer(let number): key = .number(number)
            default: throw machine.reader.bad("texts or integers as keys of a dictionary", item.kind)
            }
            result.set(key, try value(stored, name.isEmpty ? "\(key)" : "\(name).\(key)", depth: depth + 1))
        }
        return result
    }

    private func tensor(_ view: PickleMachine.View, _ name: String) throws -> PickledTensor {
        guard storages.indices.contains(view.storage) else { throw machine.reader.bad("plain values", "a tensor") }
        return try PickledTensor(view.type, view.shape, view.strides, offset: view.offset, storage: storages[view.storage], name: name)
    }
}
