extension DatasetDefinition {
    static let visualGenomeCaption = DatasetDefinition(
        VisualGenomeFiles.card(
            name: "visual_genome_caption", title: "Visual Genome (region descriptions)", category: .captioning,
            size: SplitFacts(.train, 5_408_689, note: "descriptions of regions of 108,077 pictures, release 1.2"),
            file: "region_descriptions",
            notes: [
                "A sample is a picture with the descriptions of all its regions, each of which speaks of a part of the picture.",
                "BLIP and BLIP-2 pre-train on some of them (821,774 in the reference's list); how they were chosen is not published.",
            ])
    ) { folder, _ in
        let images = try VisualGenomeFiles(folder)
        let file = try RecordFile.jsonArray(folder.file("visual_genome/region_descriptions.json"))
        return UnfoldedRecords(file) {
            let regions = try $0.objects("regions").count
            return regions == 0 ? .nothing : .one(pairs: regions)
        } sample: { record, index, _ in
            let (image, facts) = try images.image(record, index)
            let phrases = try record.objects("regions").map { region throws(DataError) in try region.text("phrase") }
            return Sample(id: try record.identifier("id"), images: [image], task: .caption(Captions(phrases)), facts: facts)
        }
    }

    static let visualGenomeQuestions = DatasetDefinition(
        VisualGenomeFiles.card(
            name: "visual_genome_qa", title: "Visual Genome (questions)", category: .questionAnswering,
            size: SplitFacts(.train, 1_445_322, note: "questions of release 1.2"), file: "question_answers",
            notes: ["Answers keep their capital letter and their full stop. The reference's list has 1,440,069 questions."])
    ) { folder, _ in
        let images = try VisualGenomeFiles(folder)
        let file = try RecordFile.jsonArray(folder.file("visual_genome/question_answers.json"))
        return UnfoldedRecords(file) {
            .many(try $0.objects("qas").count)
        } sample: { record, index, part in
            let pair = try record.objects("qas")[part]
            let (image, facts) = try images.image(record, index)
            return Sample(
                id: try pair.identifier("qa_id"), images: [image],
                task: .question(VisualQuestion(try pair.text("question"), answers: [WeightedAnswer(try pair.text("answer"))])), facts: facts
            )
        }
    }
}

/// The pictures of Visual Genome, which image_data.json places in one of two folders.
private struct VisualGenomeFiles {
    private let folder: DatasetFolder
    private let images: KeyedRecords

    init(_ folder: DatasetFolder) throws {
        self.folder = folder
        images = KeyedRecords(try .jsonArray(folder.file("visual_genome/image_data.json"))) { try $0.identifier("image_id") }
    }

    /// The picture of a record, and its names in COCO and Flickr if it has them.
    func image(_ record: RecordFields, _ index: Int) throws -> (SampleImage, [String: String]) {
        let id = try record.identifier("id")
        guard let image = try images.record(id, near: index) else { throw record.bad("image_data.json has no image_id \(id)") }
        // https://cs.stanford.edu/people/rak248/VG_100K_2/1.jpg
        let place = try image.text("url").split(separator: "/").suffix(2).joined(separator: "/")
        var facts = ["image_id": id]
        facts["coco_id"] = try image.optionalIdentifier("coco_id")
        facts["flickr_id"] = try image.optionalIdentifier("flickr_id")
        return (folder.image("visual_genome/\(place)", identity: "visual_genome/\(id)"), facts)
    }

    static func card(
        name: String, title: String, category: TaskCategory, size: SplitFacts, file: String, notes: [String]
    ) -> DatasetCard {
        let site = "https://homes.cs.washington.edu/~ranjay/visualgenome/data/dataset"
        return DatasetCard(
            name: name, title: title, category: category, role: .extra,
            source: "Krishna et al., \"Visual Genome\", IJCV 2017, https://homes.cs.washington.edu/~ranjay/visualgenome",
            licence: "annotations: CC BY 4.0; pictures: those of COCO and YFCC100M (Flickr's terms)", splits: [size],
            files: [
                OfficialFile("visual_genome/\(file).json", from: "\(site)/\(file).json.zip"),
                OfficialFile("visual_genome/image_data.json", from: "\(site)/image_data.json.zip"),
                OfficialFile("visual_genome/VG_100K", from: "https://cs.stanford.edu/people/rak248/VG_100K_2/images.zip", .images),
                OfficialFile("visual_genome/VG_100K_2", from: "https://cs.stanford.edu/people/rak248/VG_100K_2/images2.zip", .images),
            ],
            notes: notes + [
                "It has no official splits. About half of its pictures are COCO's, which the fact \"coco_id\" tells; GQA's are all among them."
            ])
    }
}
