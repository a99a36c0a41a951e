import BlipJSON
import Foundation

/// COCO's captions: `images` and `annotations` in one file. A picture with all of its captions is a sample.
///
/// Opening reads every annotation once, for the pictures they belong to. An annotation that is broken, or whose picture the file lacks, is a
/// sample that fails.
struct CaptionedImages: OwnRecords {
    private let images: RecordFile
    private let annotations: RecordFile
    private let places: PicturePlaces
    /// The annotations of each picture, in the file's order.
    private let captions: [String: [Int32]]
    /// Annotations that belong to no picture.
    private let strays: [Int]

    init(_ url: URL, _ places: PicturePlaces, _ progress: RecordFile.Progress?) throws {
        images = try .jsonArray(url, at: ["images"])
        annotations = try .jsonArray(url, at: ["annotations"], progress: progress)
        self.places = places
        if Self.areBoxes(annotations) {
            throw DataError.unknownFormat(
                path: url.path, reason: "its annotations are boxes without a \"caption\"; open the file of captions")
        }
        guard annotations.count <= Int(Int32.max) else {
            throw DataError.unknownFormat(path: url.path, reason: "it has more than \(Int32.max) annotations; divide it")
        }
        var captions: [String: [Int32]] = [:]
        var strays: [Int] = []
        for index in 0..<images.count {
            if let id = Self.key(images, index, "id") { captions[id] = [] }
        }
        for index in 0..<annotations.count {
            guard let id = Self.key(annotations, index, "image_id"), captions[id] != nil else {
                strays.append(index)
                continue
            }
            captions[id]?.append(Int32(index))
        }
        self.captions = captions
        self.strays = strays
    }

    /// COCO has other annotations in files of the same form.
    private static func areBoxes(_ annotations: RecordFile) -> Bool {
        guard annotations.count > 0 else { return false }
        do {
            let first = try RecordFields(annotations, 0)
            return first.has("bbox") && !first.has("caption")
        } catch { return false }
    }

    /// Nil for a record that is broken, which says so when it is read as a sample.
    private static func key(_ file: RecordFile, _ index: Int, _ name: String) -> String? {
        do { return try RecordFields(file, index).identifier(name) } catch { return nil }
    }

    var count: Int { images.count + strays.count }
    var size: Int? { annotations.count }

    func place(_ record: Int) -> String {
        record < images.count ? images.place(record) : annotations.place(strays[record - images.count])
    }

    func sample(_ record: Int, part: Int) throws -> Sample {
        guard record < images.count else {
            let annotation = try RecordFields(annotations, strays[record - images.count])
            throw annotation.bad("no image has its image_id \(try annotation.identifier("image_id"))")
        }
        let image = try RecordFields(images, record)
        let id = try image.identifier("id")
        let texts = try (captions[id] ?? []).map { try RecordFields(annotations, Int($0)).text("caption") }
        return Sample(
            id: id, images: [try places.picture(image.text("file_name"), image)], task: .caption(Captions(texts)), facts: ["image_id": id])
    }

    func unknownKeys(_ record: Int) throws -> [String] {
        guard record < images.count else { return [] }
        let known = ["id", "file_name", "width", "height", "license", "coco_url", "flickr_url", "date_captured"]
        return (try images.json(record).object?.members ?? []).map(\.key.description).filter { !known.contains($0) }
    }
}
