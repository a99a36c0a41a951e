/// The captions format of COCO: pictures in one list of a file, captions in another. COCO and NoCaps are published so.
///
/// Source: cocodataset.org, "Data format"; nocaps.org, "Annotations Format".
struct CaptionFiles: SampleCollection {
    private let images: RecordFile
    /// Nil for a split whose captions are secret.
    private let captions: GroupedRecords?
    private let read: @Sendable (_ image: RecordFields, _ captions: [String]) throws -> Sample

    /// - Parameter sample: the sample of a picture.
    init(
        images: RecordFile, annotations: RecordFile?,
        sample: @escaping @Sendable (_ image: RecordFields, _ captions: [String]) throws -> Sample
    ) {
        self.images = images
        captions = annotations.map { GroupedRecords($0) { try $0.identifier("image_id") } }
        read = sample
    }

    /// Captions that cannot be read, so that their pictures are not known, stand behind the pictures and fail when they are asked for.
    var count: Int { images.count + (captions?.broken.count ?? 0) }
    var size: Int { captions?.count ?? images.count }

    func sample(_ index: Int) throws -> Sample {
        if let captions, index >= images.count {
            let caption = try captions.record(captions.broken[index - images.count])
            throw caption.bad("its picture is not known")
        }
        let image = try RecordFields(images, index)
        guard let captions else { return try read(image, []) }
        let texts = try captions.records(image.identifier("id")).map { try $0.text("caption") }
        guard !texts.isEmpty else { throw image.bad("no caption has its id \(try image.identifier("id"))") }
        return try read(image, texts)
    }
}

/// The records of a file by a key that several of them share, in their order. Opening reads every record once.
struct GroupedRecords: Sendable {
    private let file: RecordFile
    private let places: [String: [Int]]
    /// Records whose key cannot be read.
    let broken: [Int]

    init(_ file: RecordFile, key: (RecordFields) throws -> String) {
        self.file = file
        var places: [String: [Int]] = [:]
        var broken: [Int] = []
        for index in 0..<file.count {
            do { places[try key(RecordFields(file, index)), default: []].append(index) } catch { broken.append(index) }
        }
        self.places = places
        self.broken = broken
    }

    var count: Int { file.count }
    func record(_ index: Int) throws -> RecordFields { try RecordFields(file, index) }
    func records(_ key: String) throws -> [RecordFields] { try (places[key] ?? []).map { try record($0) } }
}
