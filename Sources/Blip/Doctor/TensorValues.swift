import BlipModels
import BlipTensors

/// What the numbers of the tensors are like: read through the memory map once, a piece at a time, which is given back behind it.
struct TensorValues: Sendable {
    /// Of a tensor.
    struct State: Sendable, Equatable {
        /// NaN and infinities.
        var notFinite = 0
        /// Whether every number is the same one.
        var isConstant = true
        /// Whether every number is zero.
        var isZero = true
    }

    /// By the names of the files; integers are not looked at.
    private(set) var states: [String: State] = [:]

    private static let pieceBytes = 16 << 20

    /// - Parameter progress: bytes read, and in all.
    init(_ inventory: TensorInventory, progress: (_ done: Int, _ total: Int) -> Void) throws {
        let total = inventory.byteCount
        var done = 0
        progress(0, total)
        for file in inventory.files {
            file.map.adviseSequential()
            // In the order of the bytes, as a disk reads them fastest.
            for info in file.infos where inventory.entries[info.name]?.file === file {
                try Task.checkCancellation()
                if let (name, shape, format) = inventory.purpose(of: info.name), let format {
                    states[info.name] = Self.packed(file, info, name, shape, format)
                    file.map.release(info.byteRange)
                    done += info.byteCount
                    progress(done, total)
                    continue
                }
                var state = State()
                var first: UInt32?
                for start in stride(from: info.byteRange.lowerBound, to: info.byteRange.upperBound, by: Self.pieceBytes) {
                    let range = start..<min(start + Self.pieceBytes, info.byteRange.upperBound)
                    file.map.withBytes { Self.look(UnsafeRawBufferPointer(rebasing: $0[range]), info.type, &state, &first) }
                    file.map.release(range)
                    done += range.count
                    progress(done, total)
                }
                if info.type.isLookedAt { states[info.name] = state }
            }
        }
    }

    /// Of a packed matrix only its scales can be something that is no number.
    private static func packed(
        _ file: SafetensorsFile, _ info: TensorInfo, _ name: String, _ shape: [Int], _ format: PackedFormat
    ) -> State? {
        guard shape.count == 2, info.type == .uint8, format.byteCount(rows: shape[0], columns: shape[1]) == info.byteCount else {
            return nil
        }
        do {
            let bytes = try file.map.withBytes {
                try Tensor.copying(bytes: UnsafeRawBufferPointer(rebasing: $0[info.byteRange]), info.shape, .uint8)
            }
            let matrix = try PackedMatrix(format, rows: shape[0], columns: shape[1], bytes: bytes)
            return State(notFinite: matrix.isFinite ? 0 : 1, isConstant: false, isZero: false)
        } catch {
            // Its header is not that of such a matrix: what its scales would be, nobody knows.
            return State(notFinite: 1, isConstant: false, isZero: false)
        }
    }

    private static func look(_ bytes: UnsafeRawBufferPointer, _ type: ElementType, _ state: inout State, _ first: inout UInt32?) {
        switch type {
        case .float32: words(bytes, UInt32.self, exponent: 0x7F80_0000, sign: 0x8000_0000, &state, &first)
        case .bfloat16: words(bytes, UInt16.self, exponent: 0x7F80, sign: 0x8000, &state, &first)
        case .float16: words(bytes, UInt16.self, exponent: 0x7C00, sign: 0x8000, &state, &first)
        default: break
        }
    }

    /// Sums of bits, so that the compiler can take many words at once. The format is little-endian, as the machines that this runs on.
    private static func words<Word: FixedWidthInteger & UnsignedInteger>(
        _ bytes: UnsafeRawBufferPointer, _ type: Word.Type, exponent: Word, sign: Word, _ state: inout State, _ first: inout UInt32?
    ) {
        let size = MemoryLayout<Word>.size
        guard let base = bytes.baseAddress, bytes.count >= size else { return }
        let count = bytes.count / size
        let opening = Word(truncatingIfNeeded: first ?? UInt32(truncatingIfNeeded: base.loadUnaligned(as: Word.self)))
        first = UInt32(truncatingIfNeeded: opening)
        var (bad, magnitude, difference) = (0, Word(0), Word(0))
        for place in 0..<count {
            let word = base.loadUnaligned(fromByteOffset: place * size, as: Word.self)
            bad &+= word & exponent == exponent ? 1 : 0
            magnitude |= word & ~sign
            difference |= word ^ opening
        }
        state.notFinite += bad
        if magnitude != 0 { state.isZero = false }
        if difference != 0 { state.isConstant = false }
    }
}

extension ElementType {
    /// Whether its numbers are looked at: the types that weights of this family have.
    fileprivate var isLookedAt: Bool { [.float32, .bfloat16, .float16].contains(self) }
}
