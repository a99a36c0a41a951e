import CTorch
import Foundation

/// Where a tensor's memory is and its operations run.
public enum Device: Sendable, Hashable, CustomStringConvertible {
    case cpu
    case cuda(Int = 0)
    case mps
    /// Shapes and types without memory: for counting parameters and listing names.
    case meta

    /// Reads `cpu`, `cuda`, `cuda:1`, `mps`.
    public init?(_ name: String) {
        switch name {
        case "cpu": self = .cpu
        case "mps": self = .mps
        case "cuda": self = .cuda(0)
        default:
            let digits = name.dropFirst(5)
            guard name.hasPrefix("cuda:"), digits.first != "+", let index = Int(digits), (0..<128).contains(index) else { return nil }
            self = .cuda(index)
        }
    }

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): index == 0 ? "cuda" : "cuda:\(index)"
        case .mps: "mps"
        case .meta: "meta"
        }
    }

    /// Whether this machine, with the libtorch it is linked to, has the device.
    public var isAvailable: Bool { ctorch_device_available(code) }

    func requireAvailable() throws(TensorError) {
        guard isAvailable else { throw .deviceUnavailable(self) }
    }

    var code: ctorch_device {
        switch self {
        case .cpu: ctorch_device(kind: Int32(CTORCH_CPU), index: 0)
        case .cuda(let index): ctorch_device(kind: Int32(CTORCH_CUDA), index: Int32(clamping: index))
        case .mps: ctorch_device(kind: Int32(CTORCH_MPS), index: 0)
        case .meta: ctorch_device(kind: Int32(CTORCH_META), index: 0)
        }
    }

    init(code: ctorch_device) {
        switch Int(code.kind) {
        case Int(CTORCH_CUDA): self = .cuda(Int(code.index))
        case Int(CTORCH_MPS): self = .mps
        case Int(CTORCH_META): self = .meta
        default: self = .cpu
        }
    }
}

/// Facts and settings of the engine as a whole.
public enum Engine {
    /// Gives memory that was freed back to the system, where the allocator keeps it.
    public static func giveBackMemory() { ctorch_give_back_memory() }

    /// The version of libtorch, for example `2.13.0`.
    public static var version: String { String(cString: ctorch_version()) }

    /// Whether this program was built for CUDA devices, whether or not there is one.
    public static var isBuiltForCUDA: Bool { ctorch_has_cuda() }

    /// Keeps freed memory for the next tensor instead of handing it back to the system: large tensors come and go in every layer, and fresh
    /// memory has to be cleared first. For programs whose work this is; it concerns the whole process (on Linux; elsewhere nothing happens).
    public static func keepMemory() { ctorch_keep_memory() }

    /// The most memory this process has held so far, in bytes; mapped files count as far as they were touched.
    public static var peakMemory: Int {
        var usage = rusage()
        #if os(Linux)
            // Glibc imports the constant as an enum, and the function with an integer.
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }

    /// Threads that one operation may use. Set it once, before the first operation.
    public static var threads: Int { Int(ctorch_threads()) }
    public static func setThreads(_ count: Int) { ctorch_set_threads(Int32(clamping: max(1, count))) }
}
