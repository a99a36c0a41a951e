extension ImageProcessor {
    /// The planes for one picture after a plan: crop and resize, flip, changes, and then as without a plan.
    ///
    /// Equal to torchvision's `RandomResizedCrop` and `RandomHorizontalFlip` for the same box and flip, with ``backend`` for the resize.
    ///
    /// - Throws: ``ImageError``, among others when the crop leaves the picture.
    public func callAsFunction(_ image: RGBImage, _ plan: AugmentationPlan) throws(ImageError) -> PixelPlanes {
        planes(of: try picture(image, plan))
    }

    /// The picture that the network sees, before it becomes numbers.
    public func picture(_ image: RGBImage, _ plan: AugmentationPlan = .none) throws(ImageError) -> RGBImage {
        var picture = image
        if doResize || plan.crop != nil {
            picture = try image.resized(plan.crop, height: height, width: width, filter: resample, backend: backend)
        }
        if plan.isFlipped { picture = picture.flipped }
        for operation in plan.operations { picture = picture.changed(by: operation) }
        return picture
    }
}

extension RGBImage {
    /// Left and right exchanged.
    public var flipped: RGBImage {
        let (row, count) = (width * 3, pixels.count)
        let output = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                for start in stride(from: 0, to: count, by: row) {
                    for place in stride(from: 0, to: row, by: 3) {
                        let from = start + row - 3 - place
                        target[start + place] = source[from]
                        target[start + place + 1] = source[from + 1]
                        target[start + place + 2] = source[from + 2]
                    }
                }
            }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: output)
    }

    /// The part within a box.
    ///
    /// - Throws: ``ImageError/cropOutside(x:y:width:height:pictureWidth:pictureHeight:)``
    public func cropped(to box: PixelBox) throws(ImageError) -> RGBImage {
        try check(box)
        var output: [UInt8] = []
        output.reserveCapacity(box.width * box.height * 3)
        for y in box.y..<box.y + box.height {
            let start = (y * width + box.x) * 3
            output += pixels[start..<start + box.width * 3]
        }
        return RGBImage(width: box.width, height: box.height, pixels: output)
    }

    func check(_ box: PixelBox) throws(ImageError) {
        guard box.lies(inWidth: width, height: height) else {
            throw .cropOutside(x: box.x, y: box.y, width: box.width, height: box.height, pictureWidth: width, pictureHeight: height)
        }
    }

    /// The picture after one change, in the same size.
    public func changed(by operation: PixelOperation) -> RGBImage {
        // LAVIS writes these maps in float32; rotations are in double.
        func single(_ value: Double) -> Double { Double(Float(value)) }
        return switch operation {
        case .autocontrast: autocontrasted
        case .equalize: equalized
        case .brightness(let factor): brightened(factor)
        case .sharpness(let factor): sharpened(factor)
        case .shearX(let factor): moved(by: AffineMap(a: 1, b: single(factor), c: 0, d: 0, e: 1, f: 0))
        case .shearY(let factor): moved(by: AffineMap(a: 1, b: 0, c: 0, d: single(factor), e: 1, f: 0))
        case .translateX(let offset): moved(by: AffineMap(a: 1, b: 0, c: -single(offset), d: 0, e: 1, f: 0))
        case .translateY(let offset): moved(by: AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: -single(offset)))
        case .rotate(let degrees): moved(by: .rotation(degrees: degrees, width: width, height: height))
        }
    }
}
