import BlipData
import Foundation
import Testing

@Suite("The catalog of datasets")
struct DatasetCatalogTests {
    @Test("the paper's 26 datasets are there, 13 to train on and 13 held out, in 11 categories")
    func paper() {
        let roles = Dictionary(grouping: DatasetCatalog.paper, by: \.card.role).mapValues { $0.map(\.name).sorted() }
        #expect(
            roles == [
                .heldIn: [
                    "aokvqa", "aokvqa_vqg", "capfilt", "coco_caption", "llava_conversation", "llava_detail", "llava_reasoning", "ocrvqa",
                    "okvqa", "okvqa_vqg", "textcaps", "vqav2", "vqav2_vqg",
                ],
                .heldOut: [
                    "flickr30k", "gqa", "hatefulmemes", "iconqa", "ivqa", "msrvtt_qa", "msvd_qa", "nocaps", "scienceqa", "textvqa",
                    "visdial",
                    "vizwiz", "vsr",
                ],
            ])
        #expect(Set(DatasetCatalog.paper.map(\.card.category)) == Set(TaskCategory.allCases))
        #expect(TaskCategory.allCases.count == 11)
    }

    @Test("they stand in the order of the paper's table")
    func order() {
        let categories = DatasetCatalog.paper.map(\.card.category)
        #expect(categories == TaskCategory.allCases.flatMap { category in categories.filter { $0 == category } })
    }

    @Test("no name stands for two, and a mistyped one is answered with the nearest")
    func names() {
        #expect(Set(DatasetCatalog.all.map(\.name)).count == DatasetCatalog.all.count)
        #expect(DatasetCatalog.extras.allSatisfy { $0.card.role == .extra })
        #expect(DatasetCatalog.paper.allSatisfy { $0.card.role != .extra })
        #expect(throws: DataError.unknownDataset(name: "visdail", nearest: ["visdial"])) { try DatasetCatalog.dataset("visdail") }
    }

    @Test("what is held out says how it is evaluated", arguments: DatasetCatalog.paper.filter { $0.card.role == .heldOut }.map(\.name))
    func evaluation(name: String) throws {
        let dataset = try DatasetCatalog.dataset(name)
        let split = try #require(dataset.card.evaluation)
        #expect(dataset.card.splits.contains { $0.split == split })
        #expect(dataset.card.metric?.isEmpty == false)
        #expect(try #require(dataset.prompt).evidence.isEmpty == false)
    }

    @Test(
        "every card tells where its files are, what may be done with them, and how large each split is",
        arguments: DatasetCatalog.all.map(\.name))
    func card(name: String) throws {
        let card = try DatasetCatalog.dataset(name).card
        for file in card.files {
            #expect(!file.path.hasPrefix("/"))
            let url = try #require(URL(string: file.url))
            #expect(["http", "https"].contains(url.scheme))
            #expect(url.host()?.isEmpty == false)
        }
        #expect(card.files.contains { $0.kind == .annotations })
        #expect(!card.licence.isEmpty)
        #expect(!card.source.isEmpty)
        #expect(!card.splits.isEmpty)
        #expect(Set(card.splits.map(\.split)).count == card.splits.count)
        #expect(card.splits.allSatisfy { ($0.size ?? 1) > 0 && ($0.size != nil || $0.note != nil) })
    }

    @Test("a split without its files says what to fetch, and every file is counted as missing", arguments: DatasetCatalog.all.map(\.name))
    func missing(name: String) throws {
        let dataset = try DatasetCatalog.dataset(name)
        try withTemporaryFolder { root in
            for split in dataset.card.splits.map(\.split) {
                do {
                    _ = try dataset.open(root.path, split)
                    Issue.record("\(name) \(split.rawValue) was opened without its files")
                } catch DataError.missingFile(let found, let path, let remedy) {
                    #expect(found == name)
                    #expect(path.hasPrefix(root.path + "/"))
                    #expect(remedy.contains("http"), "\(name) \(split.rawValue): \(remedy)")
                }
                let needed = dataset.card.files.filter { $0.splits.isEmpty || $0.splits.contains(split) }
                #expect(dataset.missing(below: root.path, for: split).map(\.path) == needed.map(\.path))
                #expect(needed.contains { $0.kind == .annotations })
            }
        }
    }
}
