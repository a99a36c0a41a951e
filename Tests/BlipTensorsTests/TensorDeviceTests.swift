import Foundation
import Testing

@testable import BlipTensors

/// Runs `body` on a thread of its own and waits for it.
private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}

@Suite("Devices, memory and threads", .serialized) struct TensorDeviceTests {
    @Test(
        "names of devices are read",
        arguments: [("cpu", Device.cpu), ("mps", .mps), ("cuda", .cuda(0)), ("cuda:0", .cuda(0)), ("cuda:7", .cuda(7))])
    func names(_ name: String, _ device: Device) throws {
        #expect(Device(name) == device)
        #expect(Device(device.description) == device)
    }

    @Test(
        "other names are no devices",
        arguments: [
            "", "CPU", "cpu ", "cpu:0", "gpu", "meta", "cuda:", "cuda:-1", "cuda:+1", "cuda:1x", "cuda: 1", "cuda:128",
            "cuda:99999999999999999999",
        ])
    func wrongNames(_ name: String) { #expect(Device(name) == nil) }

    @Test("devices keep their code", arguments: [Device.cpu, .cuda(0), .cuda(5), .mps, .meta])
    func codes(_ device: Device) { #expect(Device(code: device.code) == device) }

    @Test("the processor is always there, and an impossible card never") func availability() {
        #expect(Device.cpu.isAvailable)
        #expect(Device.meta.isAvailable)
        for index in [-1, 127, 128, 300, Int.max, Int.min] { #expect(!Device.cuda(index).isAvailable) }
    }

    @Test("a device this machine does not have is refused by name", arguments: [Device.cuda(0), .cuda(3), .cuda(300), .mps])
    func unavailable(_ device: Device) throws {
        guard !device.isAvailable else { return }
        let expected = TensorError.deviceUnavailable(device)
        #expect(throws: expected) { try Tensor.ones([2]).to(device) }
        #expect(throws: expected) { try Tensor.zeros([2], on: device) }
        #expect(throws: expected) { try Tensor.empty([2], on: device) }
        #expect(throws: expected) { try Tensor.range(0, 2, on: device) }
        #expect(throws: expected) { try RandomStream(seed: 1, on: device) }
        #expect(expected.description.contains("device \(device) is not available"))
        #expect(expected.description.contains("--device cpu"))
    }

    @Test("memory that nobody has is an error, not the end", arguments: [DType.float32, .uint8, .bool, .float64])
    func outOfMemory(_ type: DType) throws {
        let error = tensorError { _ = try Tensor.empty([1 << 50], type) }
        guard case .outOfMemory(let name, _, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name == "empty [1125899906842624]")
        #expect(reason.contains("allocate"))
        #expect(error?.description.contains("--dtype bfloat16") == true)
        #expect(throws: TensorError.self) { try Tensor.zeros([1 << 50], type) }
        #expect(try Tensor.ones([2], type).count == 2)
    }

    @Test("sizes whose product overflows are an error") func overflow() {
        for shape in [[1 << 62], [1 << 32, 1 << 32], [Int.max, Int.max], [1 << 31, 1 << 31, 8]] {
            #expect(throws: TensorError.self) { try Tensor.empty(shape) }
            #expect(throws: TensorError.self) { try RandomStream(seed: 1).normal(shape) }
        }
        expectRefusal("empty [-1]", "negative") { _ = try Tensor.empty([-1]) }
        expectRefusal("full [2, -3]", "negative") { _ = try Tensor.zeros([2, -3]) }
    }

    @Test("a small tensor expanded beyond all memory is an error when it is read") func expanded() throws {
        let huge = try Tensor.ones([1]).expand([1 << 50])
        let reads: [() throws -> Void] = [
            { _ = try huge.floats() }, { _ = try huge.clone() }, { _ = try huge.contiguous() }, { _ = try huge.withBytes { $0.count } },
        ]
        for read in reads {
            guard case .outOfMemory(_, let shapes, _) = tensorError(read) else {
                Issue.record("not out of memory")
                continue
            }
            #expect(shapes == ["[1125899906842624] float32"])
        }
        #expect(throws: TensorError.self) { try Tensor.of([1]).expand([1 << 50]).integers() }
        #expect(throws: TensorError.self) { try Tensor.ones([1 << 16, 1]).matmul(Tensor.ones([1, 1]).expand([1, 1 << 40])) }
    }

    @Test("every error is one sentence with a remedy or a reason") func sentences() {
        let wrongType = TensorError.typeMismatch(operation: "integers", expected: .int64, found: .float32)
        #expect(wrongType.description == "integers expected int64 elements, found float32")
        let wrongCount = TensorError.wrongElementCount(shape: [2], expected: 2, found: 3)
        #expect(wrongCount.description == "shape [2] needs 2 elements, found 3")
        #expect(TensorError.unsupportedType(operation: "x").errorDescription == "x gave an element type that is not supported here")
        #expect(TensorError.operation(name: "stack", shapes: [], reason: "no").description == "stack failed: no")
    }

    @Test("the engine has a version, and as many threads as it was told") func engine() async throws {
        #expect(Engine.version.hasPrefix("2."))
        let before = Engine.threads
        #expect(before >= 1)
        Engine.setThreads(1)
        #expect(Engine.threads == 1)
        Engine.setThreads(0)
        #expect(Engine.threads == 1)
        Engine.setThreads(.min)
        #expect(Engine.threads == 1)
        // A thread that starts later has the setting too.
        #expect(try await onThread { Engine.threads } == 1)
        Engine.setThreads(before)
        #expect(Engine.threads == before)
    }

    @Test("one thread after another may work, and each has a gradient mode of its own") func threads() async throws {
        var sums: [Float] = []
        for seed in 0..<4 {
            let numbers = try await onThread { [Float](try RandomStream(seed: UInt64(seed)).uniform([64]).floats()) }
            let again = try await onThread {
                try withoutGradients {
                    try RandomStream(seed: UInt64(seed)).uniform([64]).floats()
                }
            }
            #expect(numbers == again)
            let gradient = try await onThread { () -> [Float] in
                let x = try Tensor.of(numbers)
                try x.requireGradient()
                try (x.exp() * 2).matmul(Tensor.ones([64])).backward()
                return try x.gradient?.floats() ?? []
            }
            #expect(gradient.count == 64)
            sums.append(gradient.reduce(0, +))
        }
        #expect(Set(sums).count == 4)
    }

    @Test("threads at once, each with tensors of its own, agree") func atOnce() async throws {
        let results = try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await onThread {
                        let random = try RandomStream(seed: 3)
                        let x = try random.normal([16, 16])
                        try x.requireGradient()
                        try x.matmul(x).gelu().softmax().square().sum().backward()
                        return try x.gradient?.floats() ?? []
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(results).count == 1)
        #expect(results.first?.count == 256)
    }
}
