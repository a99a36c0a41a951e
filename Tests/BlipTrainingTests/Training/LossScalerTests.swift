import BlipTraining
import Foundation
import Testing

@Suite("The loss is scaled for float16") struct LossScalerTests {
    @Test("it halves at an overflow, and doubles after two thousand calm steps")
    func scale() throws {
        var scaler = LossScaler(isWanted: true)
        #expect(scaler.scale == 65536)
        scaler.note(isFinite: false)
        #expect(scaler.scale == 32768)
        for _ in 0..<1999 { scaler.note(isFinite: true) }
        #expect(scaler.scale == 32768)
        // It survives a checkpoint in the middle of its count.
        scaler = try JSONDecoder().decode(LossScaler.self, from: JSONEncoder().encode(scaler))
        scaler.note(isFinite: true)
        #expect(scaler.scale == 65536)
        for _ in 0..<40 { scaler.note(isFinite: false) }
        #expect(scaler.scale == 1)
    }

    @Test("in other types it stays 1")
    func fixed() {
        var scaler = LossScaler(isWanted: false)
        scaler.note(isFinite: false)
        for _ in 0..<5000 { scaler.note(isFinite: true) }
        #expect(scaler.scale == 1 && !scaler.isActive)
    }
}
