import BlipData
import BlipJSON
import Foundation

/// Captions of pictures, and what people wrote about them.
enum CaptionFiles {
    private static let ids = ["image_id", "id"]

    /// COCO's results, `[{"image_id", "caption"}]`, or lines of `id` and `caption`.
    static func predictions(_ url: URL) throws -> IdentifiedEntries<String> {
        try ScoringFile(url).entries { (try $0.identifier(anyOf: ids), try $0.text(anyOf: ["caption", "answer"])) }
    }

    /// COCO's annotations (`annotations`, a caption each), as NoCaps, Flickr30K and TextCaps have them too; or records with a picture's captions
    /// in a list, as in Karpathy's files of LAVIS.
    static func references(_ url: URL) throws -> IdentifiedEntries<[String]> {
        var entries = IdentifiedEntries<[String]>(url.path)
        try ScoringFile(url, members: ["annotations", "data"]).forEach { record in
            let id = try record.identifier(anyOf: ids)
            // TextCaps repeats all of a picture's captions beside each one.
            let key = ["captions", "references", "caption_str"].first(where: record.has) ?? "caption"
            let captions = record.isText(key) ? [try record.text(key)] : try record.texts(key)
            if captions.isEmpty { throw MetricError.badRecord(place: record.place, expected: "captions", found: "none") }
            entries.update(id, default: []) { $0 += captions }
        }
        return entries
    }

    /// What domain each picture is of, in files that say so, as NoCaps's: `{"images": [{"id", "domain"}]}`.
    static func domains(_ url: URL) throws -> [JSONString: String] {
        guard url.pathExtension.lowercased() != "jsonl", try RecordFile.jsonMemberNames(url).contains("images") else { return [:] }
        let images = try RecordFile.jsonArray(url, at: ["images"])
        // Where the first picture has none, as in COCO's files, the others are not looked at.
        guard images.count > 0, try RecordFields(images, 0).has("domain") else { return [:] }
        var domains: [JSONString: String] = [:]
        for index in 0..<images.count {
            let image = try RecordFields(images, index)
            domains[JSONString(bytes: Array(try image.identifier("id").utf8))] = try image.optionalText("domain")
        }
        return domains
    }
}
