import BlipImages
import BlipJSON
import Foundation
import NIOPosix
import Synchronization

/// Pictures of one request, decoded, with the room they take.
struct PicturesOnDesk: Sendable {
    var pictures: [RGBImage] = []
    /// Held until the request is done.
    var leases: [Budget.Lease] = []
    /// Seconds until the remote ones had come, and for decoding, waiting included.
    var fetching = 0.0
    var decoding = 0.0
}

/// Fetches and decodes pictures: on a few threads of its own, within limits, away from connections and the engine.
final class PictureDesk: Sendable {
    private let limits: ServerLimits
    private let media: MediaFetcher
    private let threads: NIOThreadPool
    private let pixels: Budget
    private let waiting = Atomic(0)

    init(_ limits: ServerLimits, _ media: MediaFetcher, threads count: Int = max(2, ProcessInfo.processInfo.activeProcessorCount)) {
        (self.limits, self.media) = (limits, media)
        pixels = Budget(limits.pixelsInFlight)
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    func close() async throws { try await threads.shutdownGracefully() }

    func pictures(_ references: [PictureReference]) async throws -> PicturesOnDesk {
        var desk = PicturesOnDesk()
        for reference in references {
            let start = ContinuousClock.now
            let fetched = try await fetched(reference)
            let between = ContinuousClock.now
            let (picture, lease) = try await decode(reference, fetched)
            desk.fetching += start.duration(to: between) / .seconds(1)
            desk.decoding += between.duration(to: .now) / .seconds(1)
            desk.pictures.append(picture)
            desk.leases.append(lease)
        }
        return desk
    }

    /// The bytes of a picture that does not stand in the request itself.
    private func fetched(_ reference: PictureReference) async throws -> [UInt8]? {
        if reference.isData { return nil }
        let text = reference.address.description
        if reference.hasPrefix("file:") {
            guard let folder = media.rules.folder else {
                throw Refusal.badPicture(reference.param, "pictures of files are not served here; send a data: address", code: "image_file")
            }
            let local = LocalMedia(folder: folder, maximumBytes: limits.pictureBytes)
            return try await onThread { try local.read(text, param: reference.param) }
        }
        guard reference.hasPrefix("http:") || reference.hasPrefix("https:") else {
            throw Refusal.badPicture(
                reference.param, "\(reference.param) must be a data: address with base64, or an https: address", code: "image_url")
        }
        guard !(media.rules.domains + media.rules.privateDomains).isEmpty else {
            throw Refusal.badPicture(reference.param, "pictures are not fetched here; send a data: address", code: "image_host")
        }
        return try await media.fetch(text, param: reference.param)
    }

    private func decode(_ reference: PictureReference, _ fetched: [UInt8]?) async throws -> (RGBImage, Budget.Lease) {
        let (limits, pixels) = (limits, pixels)
        return try await onThread {
            let bytes = try fetched ?? DataAddress.bytes(reference, limits)
            let picture: RGBImage
            do { picture = try ImageSource.bytes(bytes).load(limits: limits.images) } catch { throw Refusal(error, param: reference.param) }
            guard let lease = pixels.reserve(picture.width * picture.height) else {
                throw Refusal.busy("other requests' pictures take all the room there is; ask again later", code: "pictures_full")
            }
            return (picture, lease)
        }
    }

    /// Work that may take a while, on a thread of the desk.
    func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let before = waiting.add(1, ordering: .relaxed).oldValue
        defer { _ = waiting.subtract(1, ordering: .relaxed) }
        guard before < limits.picturesWaiting else {
            throw Refusal.busy("too many pictures wait to be decoded; ask again later", code: "pictures_full")
        }
        return try await threads.runIfActive(work)
    }
}

extension ServerLimits {
    var images: ImageLimits {
        ImageLimits(maximumPixels: pixels, maximumSide: side, minimumSide: leastSide, maximumBytes: pictureBytes)
    }
}

/// `data:image/jpeg;base64,...`
enum DataAddress {
    /// Encoders break lines and some leave the padding out; readers of data addresses take both. Source: the Infra standard, forgiving-base64.
    private static func whole(_ encoded: Slice<UnsafeRawBufferPointer>) -> Data {
        func isSpace(_ byte: UInt8) -> Bool { [9, 10, 12, 13, 32].contains(byte) }
        var data = encoded.contains(where: isSpace) ? Data(encoded.filter { !isSpace($0) }) : Data(encoded)
        if data.last != UInt8(ascii: "=") { data.append(contentsOf: repeatElement(UInt8(ascii: "="), count: (4 - data.count % 4) % 4)) }
        return data
    }

    /// What kind of picture it claims to be is not asked: the bytes say it.
    static func bytes(_ reference: PictureReference, _ limits: ServerLimits) throws -> [UInt8] {
        let param = reference.param
        return try reference.address.withUnsafeBytes { address in
            guard let comma = address.prefix(256).firstIndex(of: UInt8(ascii: ",")) else {
                throw Refusal.badPicture(param, "\(param) has no comma before its data; write data:image/png;base64,...")
            }
            let kind = String(decoding: address[..<comma], as: UTF8.self).lowercased()
            guard kind.hasSuffix(";base64") else {
                throw Refusal.badPicture(param, "\(param) is not base64; write data:image/png;base64,...")
            }
            let encoded = address[(comma + 1)...]
            guard encoded.count / 4 * 3 <= limits.pictureBytes + 3 else {
                throw Refusal.tooLarge(
                    "\(param) has \(encoded.count) characters; a picture may have \(limits.pictureBytes) bytes", param: param)
            }
            guard let data = Data(base64Encoded: Self.whole(encoded)) else {
                throw Refusal.badPicture(param, "\(param) is not base64 as it should be: a character or the padding is wrong")
            }
            return [UInt8](data)
        }
    }
}
