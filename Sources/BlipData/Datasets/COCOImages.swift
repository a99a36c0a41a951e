/// The pictures of COCO, which COCO Caption, VQAv2, OKVQA, A-OKVQA, LLaVA and Visual Dialog's training share.
enum COCOImages {
    enum Year: String {
        case train2014, val2014, test2015, train2017, val2017, test2017
    }

    /// The name that a picture has whatever folder it lies in.
    static func identity(_ id: Int) -> String { "coco/\(id)" }

    static func path(_ id: Int, _ year: Year) -> String {
        let digits = String(id)
        let number = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        // The folders of 2017 hold the same pictures under shorter names.
        let prefix = year.rawValue.hasSuffix("2017") ? "" : "COCO_\(year.rawValue)_"
        return "coco/\(year.rawValue)/\(prefix)\(number).jpg"
    }

    static func image(_ id: Int, _ year: Year, in folder: DatasetFolder) -> SampleImage {
        folder.image(path(id, year), identity: identity(id))
    }
}
