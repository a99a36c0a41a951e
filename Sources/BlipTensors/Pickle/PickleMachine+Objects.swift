import BlipJSON

// The instructions that, in Python, can call anything. Here they know the few names of PickleGlobal.
extension PickleMachine {
    mutating func performObject(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .global, .instance:
            let offset = reader.offset - 1
            let (module, name) = (try reader.line(), try reader.line())
            let global = try known(module, name, offset)
            guard opcode == .global else { throw PickleError.refusedOpcode(path: path, name: "INST", offset: offset) }
            stack.append(.global(global))
        case .stackGlobal:
            let offset = reader.offset - 1
            let names = try pop(2)
            guard case .string(let module) = names[0], case .string(let name) = names[1] else {
                throw reader.bad("a module and a name", "\(names[0].kind) and \(names[1].kind)")
            }
            stack.append(.global(try known(module.description, name.description, offset)))
        case .reduce: try reduce()
        case .build: try build()
        case .persistentID: try persistentID()
        default: break
        }
    }

    private func known(_ module: String, _ name: String, _ offset: Int) throws -> PickleGlobal {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw PickleError.refusedGlobal(path: path, name: module + "." + name, offset: offset)
        }
        return global
    }

    /// A call of one of the known names with a tuple of arguments.
    private mutating func reduce() throws {
        let items = try pop(2)
        guard case .global(let global) = items[0] else { throw reader.bad("a class or function to call", items[0].kind) }
        guard case .tuple(let place) = items[1] else { throw reader.bad("arguments in a tuple", items[1].kind) }
        let arguments = tuples[place]
        switch (global, arguments.count) {
        case (.orderedDictionary, 0): pushDictionary()
        case (.tensor, 6...7): try pushTensor(arguments, type: nil)
        case (.typedTensor, 7...8):
            guard case .global(.elementType(let type)) = arguments[6] else { throw reader.bad("an element type", arguments[6].kind) }
            try pushTensor(arguments, type: type)
        case (.parameter, 3):
            guard case .tensor = arguments[0] else { throw reader.bad("a tensor as parameter", arguments[0].kind) }
            try requireEmpty(arguments[2], "hooks")
            stack.append(arguments[0])
        case (.size, 1):
            guard case .tuple = arguments[0] else { throw reader.bad("sizes in a tuple", arguments[0].kind) }
            stack.append(arguments[0])
        default: throw reader.bad("a call that torch.save writes", "\(global) with \(arguments.count) arguments")
        }
    }

    private mutating func pushTensor(_ arguments: [Item], type: ElementType?) throws {
        guard case .storage(let storage) = arguments[0] else { throw reader.bad("a storage", arguments[0].kind) }
        guard case .integer(let offset) = arguments[1] else { throw reader.bad("an offset", arguments[1].kind) }
        let (shape, strides) = (try integers(arguments[2], "sizes"), try integers(arguments[3], "strides"))
        try requireEmpty(arguments[5], "hooks")
        if let metadata = arguments.dropFirst(type == nil ? 6 : 7).first { try requireEmpty(metadata, "metadata") }
        guard let type = type ?? storages[storage].type else { throw reader.bad("a storage with a type", "one without") }
        // A typed storage holds what its name says; another type would read it with other bounds.
        if let stored = storages[storage].type, stored != type { throw reader.bad("elements of type \(stored)", "\(type)") }
        views.append(View(type: type, shape: shape, strides: strides, offset: offset, storage: storage))
        stack.append(.tensor(views.count - 1))
    }

    /// `OrderedDict.__dict__`, where a state dictionary keeps version numbers: not needed. No other object has a state here.
    private mutating func build() throws {
        let state = try pop()
        guard case .dictionary = state, case .dictionary = try top() else {
            throw reader.bad("the attributes of a dictionary", "\(state.kind) for \(try top().kind)")
        }
    }

    /// `("storage", class, key, device, count)`; the old form adds a place inside another storage, which nothing writes any more.
    private mutating func persistentID() throws {
        let item = try pop()
        guard case .tuple(let place) = item, (5...6).contains(tuples[place].count) else {
            throw reader.bad("a storage in a tuple of 5", item.kind)
        }
        let parts = tuples[place]
        guard case .string(let word) = parts[0], word == "storage", case .global(.storage(let type)) = parts[1],
            case .string(let key) = parts[2], case .string = parts[3], case .integer(let count) = parts[4]
        else { throw reader.bad("(\"storage\", class, key, device, count)", parts.map(\.kind).joined(separator: ", ")) }
        if parts.count == 6, case .none = parts[5] {} else if parts.count == 6 { throw reader.bad("a whole storage", "a part of another") }
        guard count >= 0 else { throw reader.bad("a storage of at least 0 elements", "\(count)") }
        storages.append(Storage(key: key, type: type, count: count))
        stack.append(.storage(storages.count - 1))
    }

    private func integers(_ item: Item, _ what: String) throws -> [Int] {
        guard case .tuple(let place) = item else { throw reader.bad("\(what) in a tuple", item.kind) }
        // One long tuple could be copied for every tensor.
        guard tuples[place].count <= PickledTensor.maximumRank else {
            throw PickleError.tooLarge(path: path, what: "the number of dimensions", limit: PickledTensor.maximumRank)
        }
        return try tuples[place].map { element in
            guard case .integer(let value) = element else { throw reader.bad("\(what) as integers", element.kind) }
            return value
        }
    }

    private func requireEmpty(_ item: Item, _ what: String) throws {
        switch item {
        case .none: break
        case .dictionary(let place) where dictionaries[place].isEmpty: break
        default: throw reader.bad("no \(what)", item.kind)
        }
    }
}
