import Foundation
import Testing

@testable import BlipTensors

/// One stored operation: its name in the fixture and how it is called here.
struct ReferenceOperation: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable ([Tensor]) throws -> [Tensor]

    init(_ name: String, _ run: @escaping @Sendable ([Tensor]) throws -> Tensor) {
        self.name = name
        self.run = { [try run($0)] }
    }

    init(several name: String, _ run: @escaping @Sendable ([Tensor]) throws -> [Tensor]) {
        self.name = name
        self.run = run
    }

    init(pair name: String, _ run: @escaping @Sendable ([Tensor]) throws -> (values: Tensor, indices: Tensor)) {
        self.init(several: name) { operands in
            let found = try run(operands)
            return [found.values, found.indices]
        }
    }

    var testDescription: String { name }

    static let all = elementwise + pairs + reductions + indexing + neural + attention + types

    private static let elementwise = [
        ReferenceOperation("abs") { try $0[0].abs() },
        ReferenceOperation("exp") { try $0[0].exp() },
        ReferenceOperation("log") { try $0[0].log() },
        ReferenceOperation("sqrt") { try $0[0].sqrt() },
        ReferenceOperation("rsqrt") { try $0[0].rsqrt() },
        ReferenceOperation("square") { try $0[0].square() },
        ReferenceOperation("sin") { try $0[0].sin() },
        ReferenceOperation("cos") { try $0[0].cos() },
        ReferenceOperation("tanh") { try $0[0].tanh() },
        ReferenceOperation("sigmoid") { try $0[0].sigmoid() },
        ReferenceOperation("relu") { try $0[0].relu() },
        ReferenceOperation("silu") { try $0[0].silu() },
        ReferenceOperation("gelu") { try $0[0].gelu() },
        ReferenceOperation("geluTanh") { try $0[0].geluTanh() },
        ReferenceOperation("floor") { try $0[0].floor() },
        ReferenceOperation("round") { try $0[0].round() },
        ReferenceOperation("power") { try $0[0].power(2.5) },
        ReferenceOperation("clamp") { try $0[0].clamp(-0.75...1.25) },
    ]

    private static let pairs = [
        ReferenceOperation("add") { try $0[0] + $0[1] },
        ReferenceOperation("subtract") { try $0[0] - $0[1] },
        ReferenceOperation("multiply") { try $0[0] * $0[1] },
        ReferenceOperation("divide") { try $0[0] / $0[1] },
        ReferenceOperation("integerDivide") { try $0[0] / $0[1] },
        ReferenceOperation("minimum") { try $0[0].minimum($0[1]) },
        ReferenceOperation("maximum") { try $0[0].maximum($0[1]) },
        ReferenceOperation("less") { try $0[0].less($0[1]) },
        ReferenceOperation("equals") { try $0[0].equals($0[1]) },
    ]

    private static let reductions = [
        ReferenceOperation("sum") { try $0[0].sum(1) },
        ReferenceOperation("mean") { try $0[0].mean(1) },
        ReferenceOperation("max") { try $0[0].max(1) },
        ReferenceOperation("min") { try $0[0].min(1) },
        ReferenceOperation("argmax") { try $0[0].argmax(1) },
        ReferenceOperation("argmin") { try $0[0].argmin(1) },
        ReferenceOperation(several: "sumWithGaps") { [try $0[0].sum(1), try $0[0].sum(0, keep: true)] },
        ReferenceOperation(several: "meanWithGaps") { [try $0[0].mean(1), try $0[0].mean(0, keep: true)] },
        ReferenceOperation(several: "maxWithGaps") { [try $0[0].max(1), try $0[0].max(0, keep: true)] },
        ReferenceOperation(several: "minWithGaps") { [try $0[0].min(1), try $0[0].min(0, keep: true)] },
        ReferenceOperation(several: "argmaxWithGaps") { [try $0[0].argmax(1), try $0[0].argmax(0, keep: true)] },
        ReferenceOperation(several: "argminWithGaps") { [try $0[0].argmin(1), try $0[0].argmin(0, keep: true)] },
        ReferenceOperation("variance") { try $0[0].variance(-1) },
        ReferenceOperation("logSumExp") { try $0[0].logSumExp(0) },
        ReferenceOperation("cumulativeSum") { try $0[0].cumulativeSum(1) },
        ReferenceOperation(pair: "top") { try $0[0].top(4) },
        ReferenceOperation(pair: "sorted") { try $0[0].sorted(0, descending: true) },
        ReferenceOperation(pair: "sortedWithGaps") { try $0[0].sorted(1) },
    ]

    private static let indexing = [
        ReferenceOperation("selecting") { try $0[0].selecting($0[1], 1) },
        ReferenceOperation("gather") { try $0[0].gather($0[1], 1) },
        ReferenceOperation("scatter") { try $0[0].scatter($0[2], at: $0[1], 1) },
        ReferenceOperation("filling") { try $0[0].filling($0[1], with: -3.5) },
        ReferenceOperation("masked") { try $0[0].masked(by: $0[1]) },
        ReferenceOperation("choose") { try Tensor.choose($0[0], $0[1], $0[2]) },
        ReferenceOperation("lowerTriangle") { try $0[0].lowerTriangle(diagonal: -1) },
        ReferenceOperation("embedding") { try $0[0].embedding($0[1]) },
    ]

    private static let neural = [
        ReferenceOperation("matmul") { try $0[0].matmul($0[1]) },
        ReferenceOperation("linear") { try $0[0].linear($0[1], $0[2]) },
        ReferenceOperation("linearWithoutBias") { try $0[0].linear($0[1]) },
        ReferenceOperation("convolve") { try $0[0].convolve($0[1], $0[2], stride: 3) },
        ReferenceOperation("layerNorm") { try $0[0].layerNorm($0[1], $0[2], epsilon: 1e-5) },
        ReferenceOperation("softmax") { try $0[0].softmax(1) },
        ReferenceOperation("logSoftmax") { try $0[0].logSoftmax() },
        ReferenceOperation("crossEntropy") { try $0[0].crossEntropy($0[1]) },
        ReferenceOperation("crossEntropySum") { try $0[0].crossEntropy($0[1], reduction: .sum) },
        ReferenceOperation("resizedBicubic") { try $0[0].resizedBicubic(height: 7, width: 3) },
    ]

    private static let attention = [
        ReferenceOperation("attention") { try $0[0].attention($0[1], $0[2], scale: 0.3) },
        ReferenceOperation("attentionMasked") { try $0[0].attention($0[1], $0[2], mask: $0[3], scale: 0.5) },
        ReferenceOperation("attentionBlind") { try $0[0].attention($0[1], $0[2], mask: $0[3], scale: 0.5) },
        ReferenceOperation("attentionAdded") { try $0[0].attention($0[1], $0[2], mask: $0[3], scale: 1) },
        ReferenceOperation("attentionCausal") { try $0[0].attention($0[1], $0[2], causal: true, scale: 0.25) },
    ]

    private static let types = [DType.bfloat16, .float16, .float64, .bool, .int32, .uint8, .int8].map { type in
        ReferenceOperation("to.\(type.rawValue)") { try $0[0].to(type) }
    }
}

@Suite("Operations agree with PyTorch") struct TensorReferenceTests {
    @Test("every stored operation is compared, and none is stored twice")
    func complete() throws {
        let stored = Set(try SafetensorsFile(TensorFixture.file).names.map { String($0.prefix { $0 != "/" }) })
        #expect(stored == Set(ReferenceOperation.all.map(\.name)))
        #expect(stored.count == ReferenceOperation.all.count)
    }

    @Test("the results agree", arguments: ReferenceOperation.all)
    func result(_ operation: ReferenceOperation) throws {
        let file = try SafetensorsFile(TensorFixture.file)
        let found = try operation.run(TensorFixture.operands(file, operation.name, "in"))
        let expected = try TensorFixture.operands(file, operation.name, "out")
        #expect(found.count == expected.count)
        for (one, other) in zip(found, expected) { try expectSame(one, other) }
    }

    @Test("the results do not depend on how the operands lie in memory", arguments: ReferenceOperation.all)
    func strided(_ operation: ReferenceOperation) throws {
        let file = try SafetensorsFile(TensorFixture.file)
        let operands = try TensorFixture.operands(file, operation.name, "in").map { try scattered($0) }
        let found = try operation.run(operands)
        let expected = try TensorFixture.operands(file, operation.name, "out")
        for (one, other) in zip(found, expected) { try expectSame(one, other, within: 2e-6) }
    }

    @Test("the gradients agree", arguments: ReferenceOperation.all)
    func gradient(_ operation: ReferenceOperation) throws {
        let file = try SafetensorsFile(TensorFixture.file)
        guard file.info(of: "\(operation.name)/weights") != nil else { return }
        let operands = try TensorFixture.operands(file, operation.name, "in")
        for operand in operands where operand.dtype.isFloatingPoint { try operand.requireGradient() }
        try (operation.run(operands)[0] * file.tensor("\(operation.name)/weights")).sum().backward()
        for (index, operand) in operands.enumerated() {
            guard file.info(of: "\(operation.name)/grad\(index)") != nil else {
                #expect(try operand.gradient == nil)
                continue
            }
            let gradient = try #require(try operand.gradient)
            try expectSame(gradient, file.tensor("\(operation.name)/grad\(index)"), within: 5e-6)
        }
    }

    @Test("bfloat16 and float16 results are those of float32, rounded", arguments: [(DType.bfloat16, 0.01), (.float16, 0.002)])
    func halves(_ type: DType, _ tolerance: Double) throws {
        let file = try SafetensorsFile(TensorFixture.file)
        let names: Set = ["matmul", "linear", "layerNorm", "softmax", "gelu", "silu", "attention", "attentionAdded", "convolve"]
        for operation in ReferenceOperation.all where names.contains(operation.name) {
            let operands = try TensorFixture.operands(file, operation.name, "in").map { try $0.to(type) }
            let found = try operation.run(operands)[0]
            #expect(found.dtype == type)
            try expectSame(found.to(.float32), TensorFixture.operands(file, operation.name, "out")[0], within: tolerance)
        }
    }

    /// The same tensor with gaps between its elements and its dimensions in another order.
    private func scattered(_ tensor: Tensor) throws -> Tensor {
        let order = Array((0..<tensor.rank).reversed())
        let spread = try Tensor.stack([tensor, tensor], tensor.rank).permute(order + [tensor.rank]).contiguous().select(tensor.rank, 1)
        let result = try spread.permute(order)
        #expect(result.shape == tensor.shape)
        return result
    }
}
