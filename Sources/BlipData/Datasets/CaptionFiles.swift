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
        captions = annotations.map { GroupedRecords($0, of: Self.ids(images)) { try $0.identifier("image_id") } }
        read = sample
    }

    private static func ids(_ images: RecordFile) -> Set<String> {
        var ids: Set<String> = []
        for index in 0..<images.count {
            // A picture without an id says so when it is its turn.
            do { ids.insert(try RecordFields(images, index).identifier("id")) } catch { continue }
        }
        return ids
    }

    /// Captions whose pictures are not known stand behind the pictures and fail when they are asked for.
    var count: Int { images.count + (captions?.strays.count ?? 0) }
    var size: Int { captions?.count ?? images.count }

    func sample(_ index: Int) throws -> Sample {
        if let captions, index >= images.count {
            let caption = try captions.record(captions.strays[index - images.count])
            throw caption.bad("no image has its image_id \(try caption.identifier("image_id"))")
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
    /// Records whose key cannot be read, or is none of those wanted.
    let strays: [Int]

    /// - Parameter wanted: the keys that are asked for.
    init(_ file: RecordFile, of wanted: Set<String>, key: (RecordFields) throws -> String) {
        self.file = file
        var places: [String: [Int]] = [:]
        var strays: [Int] = []
        for index in 0..<file.count {
            do {
                let name = try key(RecordFields(file, index))
                if wanted.contains(name) { places[name, default: []].append(index) } else { strays.append(index) }
            } catch { strays.append(index) }
        }
        self.places = places
        self.strays = strays
    }

    var count: Int { file.count }
    func record(_ index: Int) throws -> RecordFields { try RecordFields(file, index) }
    func records(_ key: String) throws -> [RecordFields] { try (places[key] ?? []).map { try record($0) } }
}
