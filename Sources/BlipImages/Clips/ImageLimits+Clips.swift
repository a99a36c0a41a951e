extension ImageLimits {
    /// The most pixels that the frames of one clip may have together: they are held in memory at once. Four of the largest pictures.
    public var maximumKeptPixels: Int {
        let (pixels, overflow) = maximumPixels.multipliedReportingOverflow(by: 4)
        return overflow ? .max : pixels
    }

    /// Decodes one frame after another, as long as they fit together.
    func pictures(of source: String, at places: [Int], _ decode: (Int) throws -> RGBImage) throws -> [RGBImage] {
        var room = maximumKeptPixels
        return try places.map { place in
            let picture = try decode(place)
            room -= picture.width * picture.height
            guard room >= 0 else { throw tooMuch(source, frames: places.count, width: picture.width, height: picture.height) }
            return picture
        }
    }

    func tooMuch(_ source: String, frames: Int, width: Int, height: Int) -> ImageError {
        .tooMuchAnimation(source: source, frames: frames, width: width, height: height, limit: maximumKeptPixels)
    }
}
