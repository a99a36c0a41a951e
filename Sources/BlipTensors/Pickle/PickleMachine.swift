import BlipJSON

/// Runs a pickle: a stack machine that can build values and tensors and nothing else.
///
/// Lists, dictionaries and tuples lie in arrays and are named by their place there, so that a deeply nested pickle can exhaust neither the
/// stack here nor, by its release, anywhere; ``PickleExpansion`` makes values of them, with bounds. Memory is proportional to the pickle's
/// length, because no instruction makes more than it takes.
struct PickleMachine {
    /// Something on the stack.
    enum Item {
        case mark
        case none
        case bool(Bool)
        case integer(Int)
        /// An integer beyond 64 bits, little end first: the old form's magic number.
        case largeInteger([UInt8])
        case number(Double)
        case string(JSONString)
        case list(Int)
        case tuple(Int)
        case dictionary(Int)
        case global(PickleGlobal)
        case storage(Int)
        case tensor(Int)

        var kind: String {
            switch self {
            case .mark: "a mark"
            case .none: "None"
            case .bool: "a truth value"
            case .integer, .largeInteger, .number: "a number"
            case .string: "a text"
            case .list: "a list"
            case .tuple: "a tuple"
            case .dictionary: "a dictionary"
            case .global: "a class or function"
            case .storage: "a storage"
            case .tensor: "a tensor"
            }
        }
    }

    /// A storage as the pickle names it; where it lies is the file's affair.
    struct Storage {
        let key: JSONString
        /// Nil for bytes without a type.
        let type: ElementType?
        let count: Int
    }

    /// A tensor as the pickle describes it.
    struct View {
        let type: ElementType
        let shape: [Int]
        let strides: [Int]
        let offset: Int
        let storage: Int
    }

    /// `data.pkl` of the largest published checkpoints has less than one megabyte.
    static let maximumByteCount = 128 << 20
    /// An instruction may be one byte, and what it leaves a hundred. Those checkpoints have some ten thousands.
    static let maximumInstructionCount = 2_000_000

    var reader: PickleReader
    var stack: [Item] = []
    var lists: [[Item]] = []
    var tuples: [[Item]] = []
    var dictionaries: [[(key: Item, value: Item)]] = []
    var storages: [Storage] = []
    var views: [View] = []
    private var memo: [Int: Item] = [:]
    private var instructionCount = 0

    init(_ reader: PickleReader) { self.reader = reader }

    var path: String { reader.path }

    /// Runs to the STOP instruction. Several pickles may follow each other in one file: run again for the next.
    ///
    /// - Returns: what the pickle leaves.
    mutating func run() throws -> Item {
        stack = []
        memo = [:]
        let start = reader.offset
        guard reader.bytes[reader.offset...].first == PickleOpcode.protocolVersion.rawValue else {
            throw reader.bad("a pickle of protocol 2, 3 or 4", reader.remaining == 0 ? "the end" : "something else")
        }
        while true {
            guard reader.offset - start <= Self.maximumByteCount else {
                throw PickleError.tooLarge(path: path, what: "the length of the pickle", limit: Self.maximumByteCount)
            }
            instructionCount += 1
            guard instructionCount <= Self.maximumInstructionCount else {
                throw PickleError.tooLarge(path: path, what: "the number of its instructions", limit: Self.maximumInstructionCount)
            }
            let offset = reader.offset
            let code = try reader.integer(UInt8.self, "an instruction")
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw PickleError.refusedOpcode(path: path, name: PickleOpcode.name(code), offset: offset)
            }
            if opcode == .stop {
                let result = try pop()
                guard stack.isEmpty else { throw reader.bad("one value at the end", "\(stack.count + 1)") }
                return result
            }
            try perform(opcode)
        }
    }

    private mutating func perform(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .stop: break
        case .protocolVersion:
            let version = try reader.integer(UInt8.self, "the protocol")
            guard (2...4).contains(version) else { throw reader.bad("pickle protocol 2, 3 or 4", "\(version)") }
        case .frame: _ = try reader.length("frame")

        case .mark: stack.append(.mark)
        case .pop: stack.removeLast(try topExists())
        case .popMark: _ = try popToMark()
        case .duplicate: stack.append(try top())

        case .none: stack.append(.none)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .int32: stack.append(.integer(Int(try reader.integer(Int32.self, "a number"))))
        case .uint8: stack.append(.integer(Int(try reader.integer(UInt8.self, "a number"))))
        case .uint16: stack.append(.integer(Int(try reader.integer(UInt16.self, "a number"))))
        case .long1: try pushLong(Int(reader.integer(UInt8.self, "a length")))
        case .long4: try pushLong(Int(reader.integer(UInt32.self, "a length")))
        case .float64:
            let bits = try reader.integer(UInt64.self, "a number")
            stack.append(.number(Double(bitPattern: bits.byteSwapped)))
        case .text8: try pushText(Int(reader.integer(UInt8.self, "a length")))
        case .text32: try pushText(Int(reader.integer(UInt32.self, "a length")))
        case .text64: try pushText(reader.length("text"))

        case .emptyTuple: pushTuple([])
        case .tuple: pushTuple(try popToMark())
        case .tuple1: pushTuple(try pop(1))
        case .tuple2: pushTuple(try pop(2))
        case .tuple3: pushTuple(try pop(3))
        case .emptyList:
            lists.append([])
            stack.append(.list(lists.count - 1))
        case .append: try append([pop()])
        case .appends: try append(popToMark())
        case .emptyDictionary: pushDictionary()
        case .setItem: try setItems(pop(2))
        case .setItems: try setItems(popToMark())

        case .put8: try remember(Int(reader.integer(UInt8.self, "a place")))
        case .put32: try remember(Int(reader.integer(UInt32.self, "a place")))
        case .memoize: try remember(memo.count)
        case .get8: try recall(Int(reader.integer(UInt8.self, "a place")))
        case .get32: try recall(Int(reader.integer(UInt32.self, "a place")))

        case .global, .instance, .stackGlobal, .reduce, .build, .persistentID: try performObject(opcode)
        }
    }

    // MARK: Stack

    mutating func pop() throws -> Item {
        stack.removeLast(try topExists(), returning: try top())
    }

    mutating func pop(_ count: Int) throws -> [Item] {
        guard stack.count >= count else { throw reader.bad("\(count) values on the stack", "\(stack.count)") }
        let items = Array(stack.suffix(count))
        for case .mark in items { throw reader.bad("\(count) values on the stack", "a mark among them") }
        stack.removeLast(count)
        return items
    }

    func top() throws -> Item {
        guard let item = stack.last else { throw reader.bad("a value on the stack", "none") }
        if case .mark = item { throw reader.bad("a value on the stack", "a mark") }
        return item
    }

    private func topExists() throws -> Int {
        guard !stack.isEmpty else { throw reader.bad("a value on the stack", "none") }
        return 1
    }

    private mutating func popToMark() throws -> [Item] {
        let place = stack.lastIndex { if case .mark = $0 { true } else { false } }
        guard let place else { throw reader.bad("a mark on the stack", "none") }
        let items = Array(stack[(place + 1)...])
        stack.removeSubrange(place...)
        return items
    }

    // MARK: Values

    private mutating func pushLong(_ count: Int) throws {
        guard count <= 64 else { throw PickleError.tooLarge(path: path, what: "the length of an integer", limit: 64) }
        let bytes = Array(try reader.take(count, "an integer"))
        guard count <= 8 else {
            stack.append(.largeInteger(bytes))
            return
        }
        var value: UInt64 = (bytes.last ?? 0) >= 0x80 ? .max : 0
        for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
        stack.append(.integer(Int(Int64(bitPattern: value))))
    }

    private mutating func pushText(_ count: Int) throws { stack.append(.string(try reader.text(count))) }

    private mutating func pushTuple(_ items: [Item]) {
        tuples.append(items)
        stack.append(.tuple(tuples.count - 1))
    }

    mutating func pushDictionary() {
        dictionaries.append([])
        stack.append(.dictionary(dictionaries.count - 1))
    }

    private mutating func append(_ items: [Item]) throws {
        guard case .list(let place) = try top() else { throw reader.bad("a list to append to", try top().kind) }
        lists[place] += items
    }

    private mutating func setItems(_ items: [Item]) throws {
        guard case .dictionary(let place) = try top() else { throw reader.bad("a dictionary to fill", try top().kind) }
        guard items.count % 2 == 0 else { throw reader.bad("keys and values in pairs", "\(items.count)") }
        for index in stride(from: 0, to: items.count, by: 2) { dictionaries[place].append((items[index], items[index + 1])) }
    }

    /// Picklers count the places up, so one beyond the pickle's length is an attempt on the memory of readers that use an array.
    private mutating func remember(_ place: Int) throws {
        guard place <= reader.bytes.count else { throw reader.bad("a memo place that some value can have", "\(place)") }
        memo[place] = try top()
    }

    private mutating func recall(_ place: Int) throws {
        guard let item = memo[place] else { throw reader.bad("a remembered value", "nothing at place \(place)") }
        stack.append(item)
    }
}

extension Array {
    fileprivate mutating func removeLast(_ count: Int, returning element: Element) -> Element {
        removeLast(count)
        return element
    }
}
