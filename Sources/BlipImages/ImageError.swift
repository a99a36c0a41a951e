import Foundation

/// Why a picture could not be read, prepared or written. `source` names the file, or says that the image came as bytes.
public enum ImageError: Error, Sendable, Equatable {
    case missingFile(path: String)
    case isDirectory(path: String)
    case unreadableFile(path: String, reason: String)
    case unwritableFile(path: String, reason: String)
    case empty(source: String)
    case tooManyBytes(source: String, count: Int, limit: Int)
    /// The bytes are something else than JPEG, PNG, WebP or GIF. `found` completes "it is ...".
    case unsupportedFormat(source: String, found: String)
    case sizeOutOfRange(source: String, width: Int, height: Int, limit: String)
    case truncated(source: String, format: ImageFormat)
    case broken(source: String, format: ImageFormat, reason: String)
    /// An animation of more frames than ``ImageLimits/maximumFrames``.
    case tooManyFrames(source: String, limit: Int)
    /// A clip of more pixels than ``ImageLimits/maximumAnimationPixels`` to draw, or ``ImageLimits/maximumKeptPixels`` to keep.
    case tooMuchAnimation(source: String, frames: Int, width: Int, height: Int, limit: Int)
    /// A number of frames outside 1...`limit` was asked for.
    case frameCountOutOfRange(count: Int, limit: Int)
    /// A folder of frames without one.
    case noPictures(path: String)
    /// A video needs a program that is not installed.
    case programMissing(name: String, path: String)
    /// A video that the program found nothing in, or not what it promised.
    case brokenVideo(path: String, reason: String)
    /// A resize to a size outside 1...`limit`.
    case targetSizeOutOfRange(width: Int, height: Int, limit: Int)
    /// A part to cut out that does not lie in the picture.
    case cropOutside(x: Int, y: Int, width: Int, height: Int, pictureWidth: Int, pictureHeight: Int)
    /// A setting of an augmentation that makes no sense. `name` completes "... must be".
    case augmentation(name: String, expected: String, found: String)
    case outOfMemory(purpose: String)
    /// A processor file that is not the JSON it should be.
    case brokenConfiguration(file: String, reason: String)
    /// A key of a processor file with a value that cannot be used.
    case configuration(file: String, key: String, expected: String, found: String)
}

extension ImageError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .missingFile(let path): "there is no file \(path); check the path"
        case .isDirectory(let path): "\(path) is a folder; give the path of one picture"
        case .unreadableFile(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unwritableFile(let path, let reason): "\(path) cannot be written: \(reason)"
        case .empty(let source): "\(source) is empty; give a JPEG, PNG, WebP or GIF picture"
        case .tooManyBytes(let source, let count, let limit):
            "\(source) has \(count) bytes, more than the limit of \(limit); give a smaller file"
        case .unsupportedFormat(let source, let found): "\(source) is \(found); convert it to JPEG, PNG, WebP or GIF, which are supported"
        case .sizeOutOfRange(let source, let width, let height, let limit):
            "\(source) is \(width)x\(height) pixels, but \(limit); scale it or raise the limits"
        case .truncated(let source, let format):
            "\(source) is \(format.article) file cut short: the data ends before the picture; get a whole copy"
        case .broken(let source, let format, let reason): "\(source) is a damaged \(format.name) file (\(reason)); get an intact copy"
        case .tooManyFrames(let source, let limit): "\(source) has more than \(limit) frames; give fewer of them"
        case .tooMuchAnimation(let source, let frames, let width, let height, let limit):
            "\(source) has \(frames) frames of \(width)x\(height) pixels to read, more than \(limit) pixels; scale or shorten it, or read fewer"
        case .frameCountOutOfRange(let count, let limit): "a clip is read as 1 to \(limit) frames, not \(count)"
        case .noPictures(let path):
            "\(path) is a folder without pictures; give a picture, or a folder of frames (JPEG, PNG, WebP or GIF files)"
        case .programMissing(let name, let path):
            "\(path) is a video, which needs the program \(name), and there is none on PATH; install FFmpeg (apt-get install ffmpeg, or "
                + "brew install ffmpeg), or give a folder of frames"
        case .brokenVideo(let path, let reason):
            "\(path) cannot be read as a video (\(reason)); convert it to MP4, or give a folder of its frames"
        case .targetSizeOutOfRange(let width, let height, let limit): "cannot resize to \(width)x\(height); each side must be 1 to \(limit)"
        case .cropOutside(let x, let y, let width, let height, let pictureWidth, let pictureHeight):
            "a part of \(width)x\(height) pixels at (\(x), \(y)) does not lie in a picture of \(pictureWidth)x\(pictureHeight); choose one that does"
        case .augmentation(let name, let expected, let found): "\(name) must be \(expected), but it is \(found)"
        case .outOfMemory(let purpose): "there is not enough memory to \(purpose)"
        case .brokenConfiguration(let file, let reason): "\(file) is not a processor configuration: \(reason)"
        case .configuration(let file, let key, let expected, let found): "\"\(key)\" in \(file) must be \(expected), but it is \(found)"
        }
    }

    public var errorDescription: String? { description }
}
