import BlipData
import Foundation
import Testing

@Suite("Flickr30K is read from Karpathy's file or the official one")
struct Flickr30KTests {
    @Test("Karpathy's splits")
    func karpathy() throws {
        #expect(try DatasetFixtures.samples("flickr30k", .train).map(\.id) == ["1000092795", "10002456"])
        #expect(try DatasetCatalog.dataset("flickr30k").open(DatasetFixtures.root, .train).size == 3)
        #expect(try DatasetFixtures.samples("flickr30k", .validation).map(\.id) == ["1018148011"])
        #expect(
            try DatasetFixtures.samples("flickr30k", .test) == [
                Sample(
                    id: "1007129816",
                    images: [.file(DatasetFixtures.path("flickr30k/flickr30k-images/1007129816.jpg"), identity: "flickr/1007129816")],
                    task: .caption(
                        Captions([
                            "The man with pierced ears.", "A man with glasses – and a \"beer can\" hat.",
                            "A man with glasses – and a \"beer can\" hat.",
                        ])), facts: ["image_id": "1007129816"])
            ])
    }

    private static let tokens = """
        1000092795.jpg#0\tTwo young guys with shaggy hair .
        1000092795.jpg#1\tTwo young , White males .
        1007129816.jpg#0\tThe man with pierced ears .
        1000092795.jpg#2\tZwei Männer .

        """

    private func withTokens(_ text: String = tokens, _ body: (TemporaryDatasets) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "flickr30k")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (name, text) in ["results_20130124.token": text, "train.txt": "1000092795\n", "test.txt": "1007129816\r\n"] {
                try text.write(to: place.appending(path: name), atomically: true, encoding: .utf8)
            }
            try body(TemporaryDatasets(root: folder.path))
        }
    }

    @Test("the official captions with the splits of Entities")
    func official() throws {
        try withTokens { datasets in
            let train = try datasets.samples("flickr30k", .train)
            #expect(
                train == [
                    Sample(
                        id: "1000092795",
                        images: [.file(datasets.path("flickr30k/flickr30k-images/1000092795.jpg"), identity: "flickr/1000092795")],
                        task: .caption(Captions(["Two young guys with shaggy hair .", "Two young , White males .", "Zwei Männer ."])),
                        facts: ["image_id": "1000092795"])
                ])
            #expect(try datasets.open("flickr30k", .train).size == 3)
            #expect(try datasets.samples("flickr30k", .test)[0].task == .caption(Captions(["The man with pierced ears ."])))
            let error = #expect(throws: DataError.self) { try datasets.open("flickr30k", .validation) }
            #expect(error?.description.contains("flickr30k/val.txt") == true)
        }
    }

    @Test("a broken line fails alone")
    func brokenLine() throws {
        try withTokens(Self.tokens.replacingOccurrences(of: "#1\tTwo", with: "#1 Two")) { datasets in
            let samples = try datasets.open("flickr30k", .train)
            #expect(samples.count == 2)
            #expect(try samples.sample(0).task == .caption(Captions(["Two young guys with shaggy hair .", "Zwei Männer ."])))
            let error = #expect(throws: DataError.self) { try samples.sample(1) }
            #expect(error?.description.contains("results_20130124.token, line 2") == true)
        }
    }
}
