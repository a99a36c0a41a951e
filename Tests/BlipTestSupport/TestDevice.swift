import BlipTensors
import Foundation

/// Where the tiny networks of the parity tests are computed: the processor, or what `INSTRUCTBLIP_TEST_DEVICE` names, as `cuda`.
public enum TestDevice {
    public static let current = Device(ProcessInfo.processInfo.environment["INSTRUCTBLIP_TEST_DEVICE"] ?? "cpu") ?? .cpu
}
