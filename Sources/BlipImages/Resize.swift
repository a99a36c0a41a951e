import CImageCodecs
import Foundation

/// Which reference's arithmetic to follow. Both weigh pixels with integers; they differ in how fine the weights are, so that about one
/// value in two hundred differs by one grey level.
public enum ResizeBackend: String, Sendable, CaseIterable {
    /// torchvision on uint8 tensors, the default of transformers 5: weights of 16 bits.
    case torchvision
    /// Pillow, which transformers 4 used and the published results were made with: weights with 22 bits of fraction. Rows are resized
    /// first, as in Pillow up to 12; Pillow 13 begins with the columns of tall pictures, which moves values by up to two levels.
    case pillow
}

/// The interpolation kernel. Raw values are Pillow's, as they stand in `preprocessor_config.json` under "resample".
public enum ResampleFilter: Int, Sendable, CaseIterable {
    case lanczos = 1
    case bilinear = 2
    case bicubic = 3

    /// How far the kernel reaches, in source pixels at scale 1.
    var support: Double {
        switch self {
        case .lanczos: 3
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear: return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .lanczos: return x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double {
        x == 0 ? 1 : sin(x * .pi) / (x * .pi)
    }
}

extension RGBImage {
    /// The largest side a picture can be resized to.
    public static let maximumTargetSide = 8192

    /// The picture at exactly this size (the aspect ratio may change), antialiased when it shrinks.
    ///
    /// Equal to the reference byte for byte. Rows first, then columns; a pass whose size already fits is left out.
    public func resized(
        height newHeight: Int, width newWidth: Int, filter: ResampleFilter = .bicubic, backend: ResizeBackend = .torchvision
    ) throws(ImageError) -> RGBImage {
        try resized(nil, height: newHeight, width: newWidth, filter: filter, backend: backend)
    }

    /// A part of the picture at exactly this size: equal to cutting it out first, so no pixel around it counts.
    ///
    /// - Parameter box: nil is the whole picture.
    public func resized(
        _ box: PixelBox?, height newHeight: Int, width newWidth: Int, filter: ResampleFilter = .bicubic,
        backend: ResizeBackend = .torchvision
    ) throws(ImageError) -> RGBImage {
        let box = box ?? PixelBox(x: 0, y: 0, width: width, height: height)
        try check(box)
        let sides = 1...Self.maximumTargetSide
        guard sides.contains(newWidth), sides.contains(newHeight) else {
            throw .targetSizeOutOfRange(width: newWidth, height: newHeight, limit: Self.maximumTargetSide)
        }
        var result: RGBImage
        if newWidth != box.width {
            let axis = ResizeAxis(from: box.width, to: newWidth, filter: filter, backend: backend)
            let (first, row) = ((box.y * width + box.x) * 3, width * 3)
            let behind = pixels.count - first
            result = try pass(axis, width: newWidth, height: box.height, backend) { source, target, weights, narrow in
                blip_resize_rows(source.map { $0 + first }, behind, box.height, box.width, row, target, newWidth, weights, narrow)
            }
        } else {
            result = box.width == width && box.height == height ? self : try cropped(to: box)
        }
        if newHeight != box.height {
            let axis = ResizeAxis(from: box.height, to: newHeight, filter: filter, backend: backend)
            result = try result.pass(axis, width: newWidth, height: newHeight, backend) { source, target, weights, narrow in
                blip_resize_columns(source, newWidth * 3, target, newHeight, weights, narrow)
            }
        }
        return result
    }

    /// Runs one C pass into a new picture.
    private func pass(
        _ axis: ResizeAxis, width: Int, height: Int, _ backend: ResizeBackend,
        run: (UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, blip_resize_axis, Int32) -> Int32
    ) throws(ImageError) -> RGBImage {
        // At most 8192 by the longest side of a picture that is already in memory: no overflow.
        let count = width * height * 3
        var code: Int32 = 0
        let output = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                axis.withUnsafeAxis { code = run(source.baseAddress, target.baseAddress, $0, backend == .torchvision ? 1 : 0) }
            }
            initialized = code == 0 ? count : 0
        }
        guard code == 0 else { throw .outOfMemory(purpose: "resize a picture to \(width)x\(height)") }
        return RGBImage(width: width, height: height, pixels: output)
    }
}

/// The fixed-point weights of one axis: output `i` is made of `taps` inputs from `starts[i]` on.
struct ResizeAxis {
    let starts: [Int32]
    let weights: [Int32]
    let taps: Int
    let shift: Int

    /// - Precondition: both lengths are at least 1.
    init(from length: Int, to newLength: Int, filter: ResampleFilter, backend: ResizeBackend) {
        let scale = Double(length) / Double(newLength)
        let stretch = max(scale, 1)
        let support = filter.support * stretch
        // One more than any window holds, but never more than there is.
        let taps = min(Int(support.rounded(.up)) * 2 + 1, length)
        var starts = [Int32](repeating: 0, count: newLength)
        var exact = [Double](repeating: 0, count: newLength * taps)
        for i in 0..<newLength {
            let center = (Double(i) + 0.5) * scale
            let low = max(Int(center - support + 0.5), 0)
            let high = min(Int(center + support + 0.5), length)
            // Windows near the end move back, so that all `taps` reads stay inside; the places gained weigh nothing.
            let start = min(low, length - taps)
            starts[i] = Int32(start)
            var total = 0.0
            for j in low..<high {
                let weight = filter.weight(at: (Double(j) - center + 0.5) * (1 / stretch))
                exact[i * taps + j - start] = weight
                total += weight
            }
            if total != 0 {
                for j in low..<high { exact[i * taps + j - start] /= total }
            }
        }
        self.starts = starts
        self.taps = taps
        let shift = backend == .pillow ? 22 : Self.narrowShift(largest: exact.max() ?? 0)
        self.shift = shift
        let one = Double(1 << shift)
        weights = exact.map { Int32($0 < 0 ? $0 * one - 0.5 : $0 * one + 0.5) }
    }

    /// The most fraction bits, up to 22, with which the largest weight still fits a signed 16-bit number.
    private static func narrowShift(largest: Double) -> Int {
        var shift = 1
        while shift < 22, Int(0.5 + largest * Double(1 << (shift + 1))) < 1 << 15 { shift += 1 }
        return shift
    }

    func withUnsafeAxis(_ body: (blip_resize_axis) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            weights.withUnsafeBufferPointer { weights in
                body(
                    blip_resize_axis(
                        starts: starts.baseAddress, weights: weights.baseAddress, taps: Int32(taps), shift: Int32(shift)))
            }
        }
    }
}
