import Testing

@testable import BlipTensors

/// Memory that counts how often it was released.
private final class Memory {
    final class Log { var releases = 0 }

    let bytes: UnsafeMutableRawBufferPointer
    private let log: Log

    init(_ content: [UInt8], _ log: Log) {
        bytes = .allocate(byteCount: content.count, alignment: 64)
        bytes.copyBytes(from: content)
        self.log = log
    }

    deinit {
        log.releases += 1
        bytes.deallocate()
    }
}

@Suite("Creating tensors and reading them back") struct TensorCreationTests {
    /// The number 3 in every type, as it lies in memory.
    static let three: [DType: [UInt8]] = [
        .float32: [0, 0, 0x40, 0x40], .bfloat16: [0x40, 0x40], .float16: [0, 0x42], .float64: [0, 0, 0, 0, 0, 0, 0x08, 0x40],
        .int64: [3, 0, 0, 0, 0, 0, 0, 0], .int32: [3, 0, 0, 0], .int16: [3, 0], .int8: [3], .uint8: [3], .bool: [1],
    ]

    @Test("every type has the bytes it should, converts to numbers and goes through memory unchanged", arguments: DType.allCases)
    func roundTrip(_ type: DType) throws {
        let full = try Tensor.full([2, 1], 3, type)
        let expected = try #require(Self.three[type])
        #expect(full.shape == [2, 1])
        #expect(full.dtype == type)
        #expect(full.device == .cpu)
        #expect(try full.bytes == expected + expected)
        #expect(expected.count == type.byteCount)

        let numbers = try Tensor.of([5, 0, 1, 2, 127, 4]).to(type).reshape([3, 2])
        let copied = try numbers.withBytes { try Tensor.copying(bytes: $0, [3, 2], type) }
        #expect(try copied.floats() == (type == .bool ? [1, 0, 1, 1, 1, 1] : [5, 0, 1, 2, 127, 4]))
        var bytes = [UInt8](repeating: 0xAA, count: 6 * type.byteCount)
        try bytes.withUnsafeMutableBytes { try copied.copyBytes(to: $0) }
        #expect(try bytes == numbers.bytes)
        if type.isFloatingPoint {
            #expect(throws: TensorError.typeMismatch(operation: "integers", expected: .int64, found: type)) { try copied.integers() }
        } else {
            #expect(try copied.integers() == (type == .bool ? [1, 0, 1, 1, 1, 1] : [5, 0, 1, 2, 127, 4]))
        }
    }

    @Test("every type keeps its code, its file type and its name", arguments: DType.allCases)
    func types(_ type: DType) {
        #expect(DType(code: type.code) == type)
        #expect(type.elementType.dtype == type)
        #expect(DType(rawValue: type.rawValue) == type)
    }

    @Test("an unknown type code is no type") func unknownCode() {
        #expect(DType(code: -1) == nil)
        #expect(DType(code: 10) == nil)
    }

    @Test("the largest and smallest numbers survive") func extremes() throws {
        #expect(try Tensor.of([Int.min, Int.max, 0]).integers() == [.min, .max, 0])
        #expect(try Tensor.of([Int.min]).integer() == .min)
        #expect(try Tensor.of([127, -128]).to(.int8).integers() == [127, -128])
        #expect(try Tensor.of([255]).to(.uint8).integer() == 255)
        let floats: [Float] = [.greatestFiniteMagnitude, -.leastNonzeroMagnitude, .infinity, -.infinity, -0.0]
        #expect(try Tensor.of(floats).floats().map(\.bitPattern) == floats.map(\.bitPattern))
        #expect(try Tensor.of([Float.nan]).floats()[0].isNaN)
    }

    @Test("arrays become tensors of one dimension, or of the shape given") func arrays() throws {
        #expect(try Tensor.of([1.5, 2.5] as [Float]).shape == [2])
        #expect(try Tensor.of([true, false, true]).integers() == [1, 0, 1])
        #expect(try Tensor.of([true, false]).dtype == .bool)
        let matrix = try Tensor.of([1, 2, 3, 4, 5, 6], [3, 2])
        #expect(matrix.dtype == .int64)
        #expect(try matrix.select(0, 2).integers() == [5, 6])
        #expect(try Tensor.of([7], []).integer() == 7)
        #expect(try Tensor.of([] as [Float]).shape == [0])
    }

    @Test("constants, ranges and unwritten memory have the shape and type asked for") func constants() throws {
        #expect(try Tensor.zeros([2, 3]).floats() == [Float](repeating: 0, count: 6))
        #expect(try Tensor.ones([2], .int16).integers() == [1, 1])
        #expect(try Tensor.full([], -0.5).item() == -0.5)
        #expect(try Tensor.full([3], .nan).floats().allSatisfy(\.isNaN))
        #expect(try Tensor.full([1], -.infinity, .bfloat16).item() == -.infinity)
        #expect(try Tensor.full([1], 2.7, .int64).integer() == 2)
        #expect(try Tensor.full([2], 0.5, .bool).integers() == [1, 1])
        #expect(try Tensor.range(3, 11, step: 3).integers() == [3, 6, 9])
        #expect(try Tensor.range(5, -1, step: -2).integers() == [5, 3, 1])
        #expect(try Tensor.range(0, 0).integers() == [])
        let empty = try Tensor.empty([4, 0, 2], .uint8)
        #expect(empty.shape == [4, 0, 2])
        #expect(empty.count == 0)
        #expect(empty.dtype == .uint8)
    }

    @Test("numbers that a type cannot hold are refused") func unholdable() {
        expectRefusal("full [1]", "overflow") { _ = try Tensor.full([1], 300, .uint8) }
        expectRefusal("full [1]", "overflow") { _ = try Tensor.full([1], .nan, .int64) }
        expectRefusal("range 5..<0") { _ = try Tensor.range(5, 0) }
        expectRefusal("step") { _ = try Tensor.range(0, 5, step: 0) }
    }

    @Test("single elements are read as numbers of either kind") func items() throws {
        #expect(try Tensor.of([2.5] as [Float], [1, 1]).item() == 2.5)
        #expect(try Tensor.of([true]).item() == 1)
        #expect(try Tensor.of([true]).integer() == 1)
        #expect(try Tensor.full([1], 1e300, .float64).item() == 1e300)
        expectRefusal("item", "[2] int64") { _ = try Tensor.of([1, 2]).item() }
        expectRefusal("integer", "[0] int64") { _ = try Tensor.of([] as [Int]).integer() }
        #expect(throws: TensorError.typeMismatch(operation: "integer", expected: .int64, found: .float32)) {
            _ = try Tensor.of([2.5] as [Float]).integer()
        }
    }

    @Test("elements and shape must fit each other, however large or negative the shape") func wrongCounts() {
        #expect(throws: TensorError.wrongElementCount(shape: [2, 2], expected: 4, found: 3)) { try Tensor.of([1, 2, 3], [2, 2]) }
        #expect(throws: TensorError.wrongElementCount(shape: [], expected: 1, found: 0)) { try Tensor.of([] as [Int], []) }
        for shape in [[Int.max, 3], [1 << 62], [-1], [-2, -2], [0, -1], [3, Int.min]] {
            expectRefusal("\(shape)") { _ = try Tensor.of([1, 2, 3, 4], shape) }
            expectRefusal("\(shape)") { _ = try Tensor.of([] as [Float], shape) }
            let bytes: [UInt8] = [1, 2, 3, 4]
            expectRefusal("\(shape)") { _ = try bytes.withUnsafeBytes { try Tensor.copying(bytes: $0, shape, .uint8) } }
            expectRefusal("\(shape)") {
                _ = try bytes.withUnsafeBytes { try Tensor.borrowing($0, shape, .uint8, owner: Memory.Log()) }
            }
        }
        let nine = [UInt8](repeating: 0, count: 9)
        expectRefusal("[2]", "9 bytes") { _ = try nine.withUnsafeBytes { try Tensor.copying(bytes: $0, [2], .float32) } }
        var room = [UInt8](repeating: 7, count: 5)
        expectRefusal("copyBytes", "[2] int16", "4 bytes", "5") {
            let tensor = try Tensor.ones([2], .int16)
            try room.withUnsafeMutableBytes { try tensor.copyBytes(to: $0) }
        }
        #expect(room == [7, 7, 7, 7, 7])
    }

    @Test("reading does not depend on how the elements lie in memory") func nonContiguous() throws {
        let base = try Tensor.counting([3, 4])
        let columns = try base.transpose(0, 1)
        #expect(!columns.isContiguous)
        #expect(try columns.floats() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
        let expected = try columns.floats().flatMap { value in withUnsafeBytes(of: value) { [UInt8]($0) } }
        #expect(try columns.bytes == expected)
        #expect(try base.slice(1, 1..<4, step: 2).floats() == [1, 3, 5, 7, 9, 11])
        #expect(try base.select(1, 3).to(.int64).integers() == [3, 7, 11])
        #expect(try Tensor.of([5]).expand([3]).integers() == [5, 5, 5])
        #expect(try base.contiguous() === base)
        #expect(try columns.contiguous().isContiguous)
    }

    @Test("bytes of a contiguous tensor are lent without a copy") func lentBytes() throws {
        let tensor = try Tensor.zeros([2])
        try tensor.withBytes { bytes in
            try tensor.fill(1)
            #expect(bytes.loadUnaligned(fromByteOffset: 4, as: Float.self) == 1)
        }
        #expect(try Tensor.zeros([0]).withBytes { $0.count } == 0)
    }

    @Test("borrowed memory lives until the last view is gone, and is released once") func borrowed() throws {
        let log = Memory.Log()
        var memory: Memory? = Memory([1, 0, 2, 0, 3, 0], log)
        var tensor: Tensor? = try memory.map { try Tensor.borrowing(UnsafeRawBufferPointer($0.bytes), [3], .int16, owner: $0) }
        // The tensor sees the memory itself, not a copy.
        memory?.bytes[2] = 9
        memory = nil
        #expect(log.releases == 0)
        #expect(try tensor?.integers() == [1, 9, 3])
        var view: Tensor? = try tensor?.slice(0, 1..<3)
        tensor = nil
        #expect(log.releases == 0)
        #expect(try view?.integers() == [9, 3])
        let copy = try view?.clone()
        view = nil
        #expect(log.releases == 1)
        #expect(try copy?.integers() == [9, 3])
    }

    @Test("borrowed memory stays while a gradient may still need it") func borrowedInGraph() throws {
        let log = Memory.Log()
        var loss: Tensor?
        let x = try Tensor.ones([2])
        try x.requireGradient()
        do {
            let memory = Memory([0, 0, 0x40, 0x40, 0, 0, 0x80, 0x3F], log)
            let weight = try Tensor.borrowing(UnsafeRawBufferPointer(memory.bytes), [2], .float32, owner: memory)
            loss = try (x * weight).sum()
        }
        #expect(log.releases == 0)
        try loss?.backward()
        #expect(try x.gradient?.floats() == [3, 1])
        loss = nil
        #expect(log.releases == 1)
    }

    @Test("an owner is released when borrowing fails, and not kept for no elements") func borrowingRefused() throws {
        let log = Memory.Log()
        do {
            let memory = Memory([0, 0, 0, 0], log)
            let bytes = UnsafeRawBufferPointer(memory.bytes)
            #expect(throws: TensorError.wrongElementCount(shape: [3], expected: 3, found: 2)) {
                _ = try Tensor.borrowing(bytes, [3], .int16, owner: memory)
            }
            #expect(throws: TensorError.wrongElementCount(shape: [], expected: 1, found: 2)) {
                _ = try Tensor.borrowing(bytes, [], .int16, owner: memory)
            }
            expectRefusal("borrowing [-2, -1]", "negative") { _ = try Tensor.borrowing(bytes, [-2, -1], .int16, owner: memory) }
        }
        #expect(log.releases == 1)
        do {
            let memory = Memory([], log)
            let none = try Tensor.borrowing(UnsafeRawBufferPointer(start: nil, count: 0), [0, 4], .float32, owner: memory)
            #expect(none.shape == [0, 4])
            #expect(try none.floats() == [])
        }
        #expect(log.releases == 2)
    }

    @Test("tensors without memory have shapes and types, and refuse to be read") func meta() throws {
        let huge = try Tensor.zeros([1 << 20, 1 << 20, 1 << 10], .bfloat16, on: .meta)
        #expect(huge.count == 1 << 50)
        #expect(huge.device == .meta)
        #expect(try huge.reshape([-1]).shape == [1 << 50])
        #expect(throws: TensorError.self) { try huge.floats() }
        #expect(throws: TensorError.self) { try huge.withBytes { $0.count } }
        let small = try Tensor.zeros([2], .int32, on: .meta)
        expectRefusal("to cpu of [2] int64", "meta") { _ = try small.integers() }
        expectRefusal("to cpu of [2] int32", "meta") { _ = try small.withBytes { $0.count } }
        expectRefusal("item") { _ = try Tensor.zeros([], on: .meta).item() }
        #expect("\(try Tensor.zeros([2, 0], .int8, on: .meta))" == "Tensor[2, 0] int8 on meta")
    }
}
