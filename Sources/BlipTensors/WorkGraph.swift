import CTorch

/// Operations on a CUDA device, recorded once and then repeated as one (a CUDA graph).
///
/// A step of a language model is a few hundred operations, and to start each of them from here takes longer than the device needs for it.
/// What is repeated reads and writes the same memory each time: inputs are written into the tensors that were there when it was recorded.
public final class WorkGraph {
    private let handle: OpaquePointer

    /// Whether a device can record: a CUDA device, in a program built for it, unless `INSTRUCTBLIP_CUDA_GRAPHS` is 0.
    public static func isAvailable(on device: Device) -> Bool { ctorch_can_record(device.code) }

    /// Records what `body` does on the device, without doing it.
    ///
    /// - Parameter body: must have run once before, so that nothing is prepared for the first time in it, and must read nothing back.
    /// - Throws: ``TensorError``, and what `body` throws.
    public init(on device: Device, _ body: () throws -> Void) throws {
        var started: OpaquePointer?
        try check("recording on \(device)") { ctorch_graph_begin(device.code, &started, $0) }
        guard let started else { throw TensorError.operation(name: "recording on \(device)", shapes: [], reason: "nothing was begun") }
        do {
            try body()
            try check("recording on \(device)") { ctorch_graph_end(started, $0) }
        } catch {
            ctorch_graph_release(started)
            throw error
        }
        handle = started
    }

    deinit { ctorch_graph_release(handle) }

    /// Does it once more, behind everything that the device was told before.
    public func `repeat`() throws(TensorError) { try check("repeating recorded work") { ctorch_graph_repeat(handle, $0) } }
}

extension Engine {
    /// Whether operations on a device change the types of what they are given, on the calling thread.
    public static func isAutocasting(on device: Device) -> Bool { ctorch_is_autocasting(device.code) }

    /// Waits until a device has done everything that it was told.
    public static func synchronize(_ device: Device) throws(TensorError) {
        try check("waiting for \(device)") { ctorch_synchronize(device.code, $0) }
    }
}
