import BlipData
import Testing

@Suite("Broken datasets say so")
struct BrokenDatasetTests {
    /// A change to a fixture, and the sample that then fails.
    struct Damage: Sendable, CustomTestStringConvertible {
        let dataset: String
        let split: Split
        let file: String
        let old: String
        let new: String
        let index: Int
        let message: String
        var testDescription: String { "\(dataset): \(old) becomes \(new)" }

        init(_ dataset: String, _ split: Split, _ file: String, _ old: String, _ new: String, fails index: Int, _ message: String) {
            (self.dataset, self.split, self.file, self.old, self.new, self.index, self.message) = (
                dataset, split, file, old, new, index, message
            )
        }
    }

    static let damages = [
        Damage("coco_caption", .train, "coco/dataset_coco.json", "\"restval\"", "\"rest\"", fails: 0, "record 2"),
        Damage("coco_caption", .test, "coco/dataset_coco.json", "\"raw\"", "\"row\"", fails: 0, "sentences 1: it has no \"raw\""),
        Damage(
            "nocaps", .validation, "nocaps/nocaps_val_4500_captions.json", "\"caption\": \"A seal.\"", "\"caption\": 7", fails: 1,
            "record 4"),
        Damage(
            "flickr30k", .train, "flickr30k/dataset_flickr30k.json", "\"filename\": \"10002456.jpg\"", "\"filename\": null", fails: 1,
            "record 2"),
        Damage("textcaps", .validation, "textcaps/TextCaps_0.1_val.json", "\"image_id\"", "\"image\"", fails: 0, "record 1"),
        Damage(
            "textvqa", .validation, "textvqa/TextVQA_0.5.1_val.json", "\"question\": \"which liquid?\"", "\"question\": 5", fails: 1,
            "record 2"),
        Damage(
            "vqav2", .train, "vqav2/v2_OpenEnded_mscoco_train2014_questions.json", "\"question_id\": 458752001", "\"id\": 1", fails: 1,
            "record 2"),
        Damage(
            "vqav2", .validation, "vqav2/v2_mscoco_val2014_annotations.json", "\"question_id\": 262148001", "\"question_id\": 3", fails: 0,
            "no annotation has its question_id 262148001"),
        Damage(
            "vqav2", .train, "vqav2/v2_mscoco_train2014_annotations.json", "\"answers\": [{", "\"answers\": [7, {", fails: 0, "record 1"),
        Damage("vizwiz", .validation, "vizwiz/Annotations/val.json", "\"answer\": \"soda\"", "\"answer\": null", fails: 1, "answers 1"),
        Damage("aokvqa", .validation, "aokvqa/aokvqa_v1p0_val.json", "\"image_id\": 12345", "\"image_id\": \"x\"", fails: 1, "image_id"),
        Damage(
            "aokvqa_mc", .validation, "aokvqa/aokvqa_v1p0_val.json", "\"correct_choice_idx\": 0", "\"correct_choice_idx\": 4", fails: 1,
            "correct_choice_idx 4"),
        Damage("aokvqa_vqg", .train, "aokvqa/aokvqa_v1p0_train.json", "\"his ride\"", "5", fails: 0, "direct_answers"),
        Damage("ocrvqa", .validation, "ocrvqa/dataset.json", "\"A. B.\"]", "\"A. B.\", \"C\"]", fails: 0, "2 questions, but 3 answers"),
        Damage("ocrvqa", .train, "ocrvqa/dataset.json", "\"split\": 3", "\"split\": 4", fails: 3, "its split 4"),
        Damage(
            "visual_genome_caption", .train, "visual_genome/region_descriptions.json", "\"phrase\": \"A", "\"text\": \"A", fails: 1,
            "phrase"),
        Damage(
            "visual_genome_caption", .train, "visual_genome/image_data.json", "\"image_id\": 1,", "\"image_id\": 2,", fails: 0, "image_id 1"
        ),
        Damage("visual_genome_qa", .train, "visual_genome/question_answers.json", "\"qas\": [{", "\"qas\": [0, {", fails: 0, "record 1"),
        Damage("lavis_caption", .train, "lavis_caption/train.json", "\"caption\": \"Chairs.\"", "\"caption\": {}", fails: 1, "record 2"),
        Damage("lavis_vqa", .train, "lavis_vqa/train.json", "\"image\": \"VG_100K/1.jpg\", ", "", fails: 1, "it has no \"image\""),
    ]

    @Test("a broken record fails with its place, the others stay", arguments: damages)
    func brokenRecord(_ damage: Damage) throws {
        try withTemporaryCopy { datasets in
            let sound = try datasets.samples(damage.dataset, damage.split)
            try datasets.replace(damage.file, damage.old, damage.new)
            let samples = try datasets.open(damage.dataset, damage.split)
            let error = #expect(throws: (any Error).self) { try samples.sample(damage.index) }
            #expect(error.map { "\($0)" }?.contains(damage.message) == true)
            for index in 0..<samples.count where index != damage.index {
                #expect(try sound.contains(samples.sample(index)))
            }
        }
    }

    private func withTemporaryCopy(_ body: (TemporaryDatasets) throws -> Void) throws {
        try withDatasets(
            "coco", "nocaps", "flickr30k", "textcaps", "textvqa", "vqav2", "vizwiz", "aokvqa", "ocrvqa", "visual_genome", "lavis_caption",
            "lavis_vqa", body: body)
    }
}
