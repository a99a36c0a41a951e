import BlipModels
import BlipTensors
import BlipTestSupport
import Testing

/// Loss and gradients of the trainable part against `transformers`.
@Suite("Loss and gradients equal the reference") struct LossParityTests {
    @Test(
        "the loss and all gradients agree, single and in an unequal batch", arguments: ["vicuna", "flan-t5"], ["single", "batch"])
    func gradients(_ name: String, _ which: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let item = try #require(references.cases.losses?.first { $0.name == which })
        for (weight, tensor) in tiny.weights.loaded where InstructBLIP.isTrainable(weight) { try tensor.requireGradient() }

        // The stored labels hold prompt and padding as -100; what is left are the targets.
        let rows = item.labels.map { $0.filter { $0 != Tensor.ignoredTarget } }
        let targets = try TokenBatch(rows, padding: references.cases.pad, at: .right)
        let loss = try tiny.network.loss(tiny.batch(references, item.cases), targets)
        #expect(try abs(loss.item() - item.loss) / item.loss < Tolerance.loss)

        try loss.backward()
        let names = references.names(which + "/")
        #expect(Set(names.map { String($0.dropFirst(which.count + 1)) }) == Set(tiny.weights.loaded.keys.filter(InstructBLIP.isTrainable)))
        for reference in names {
            let weight = try #require(tiny.weights.loaded[String(reference.dropFirst(which.count + 1))])
            let expected = try references.stored(reference)
            guard let gradient = try weight.gradient else {
                // The last layer's text branch is not computed at all; the reference's gradient there is exactly zero.
                #expect(try expected.abs().max().item() == 0, "\(reference) has no gradient")
                continue
            }
            let (largest, gap) = (try expected.abs().max().item(), try difference(gradient, expected))
            if reference.hasSuffix(".key.bias") {
                // A shift of all keys shifts every score of a query alike, so the true gradient is zero and both sides hold rounding.
                #expect(largest < 1e-6 && gap < 1e-6, "\(reference)")
            } else {
                #expect(gap <= Tolerance.gradient * largest, "\(reference)")
            }
        }
        for (weight, tensor) in tiny.weights.loaded where !InstructBLIP.isTrainable(weight) {
            let gradient = try tensor.gradient
            #expect(gradient == nil, "\(weight) is frozen")
        }
    }
}
