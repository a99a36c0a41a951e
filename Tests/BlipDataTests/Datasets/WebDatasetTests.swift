import BlipData
import Foundation
import Testing

@Suite("Captions from the web are read from the published lists")
struct WebDatasetTests {
    @Test("Web CapFilt: pictures are named by record and URL, Flickr's are known by their number")
    func capfilt() throws {
        let samples = try DatasetCatalog.dataset("capfilt").open(DatasetFixtures.root, .train)
        #expect(samples.count == 3)
        let list = "capfilt/ccs_synthetic_filtered_large"
        // The checksums are zlib's.
        #expect(
            try samples.sample(0)
                == Sample(
                    id: "0",
                    images: [
                        .file(
                            DatasetFixtures.path("\(list)/0_620954829.jpg"), identity: "url/http://example.com/a%20b/horse.jpg?size=large")
                    ], task: .caption(Captions(["a man riding a horse"])), facts: ["url": "http://example.com/a%20b/horse.jpg?size=large"]))
        #expect(
            try samples.sample(1)
                == Sample(
                    id: "1", images: [.file(DatasetFixtures.path("\(list)/1_168376311.jpg"), identity: "flickr/4385058960")],
                    task: .caption(Captions(["ein Bär"])),
                    facts: ["url": "https://farm4.staticflickr.com/2723/4385058960_b0f291553e.jpg"]))
        let error = #expect(throws: DataError.self) { try samples.sample(2) }
        #expect(error?.description.contains("ccs_synthetic_filtered_large.json, record 3") == true)
        #expect(error?.description.contains("\"caption\"") == true)
    }

    @Test("img2dataset's names are taken where its folders are")
    func sharded() throws {
        try withDatasets("capfilt/ccs_synthetic_filtered_large.json") { datasets in
            let shard = datasets.path("capfilt/ccs_synthetic_filtered_large/00000")
            try FileManager.default.createDirectory(atPath: shard, withIntermediateDirectories: true)
            let sample = try datasets.open("capfilt", .train).sample(1)
            #expect(sample.images == [.file(shard + "/000000001.jpg", identity: "flickr/4385058960")])
        }
    }

    @Test("of several lists the first is read, and each has pictures of its own")
    func otherList() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "capfilt")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for name in ["annotation", "ccs_filtered"] {
                try "[{\"image\": \"x.jpg\", \"caption\": \"\(name)\"}]".write(
                    to: place.appending(path: "\(name).json"), atomically: true, encoding: .utf8)
            }
            let datasets = TemporaryDatasets(root: folder.path)
            #expect(
                try datasets.samples("capfilt", .train) == [
                    Sample(
                        id: "0", images: [.file(datasets.path("capfilt/ccs_filtered/x.jpg"))], task: .caption(Captions(["ccs_filtered"])))
                ])
        }
    }

    @Test("LAION: URLs, and files below the folder or absolute")
    func laion() throws {
        let samples = try DatasetFixtures.samples("laion", .train)
        #expect(
            samples.map(\.images) == [
                [.file(DatasetFixtures.path("laion/laion_filtered/0_2410467716.jpg"), identity: "url/http://example.com/1.png")],
                [.file(DatasetFixtures.path("laion/laion_filtered/00000/000000001.jpg"))], [.file("/data/three.jpg")],
            ])
        #expect(samples.map(\.task) == ["one", "two", "three"].map { .caption(Captions([$0])) })
    }

    @Test("SBU: two files line by line, pictures named as in their URLs")
    func sbu() throws {
        #expect(
            try DatasetFixtures.samples("sbu", .train) == [
                Sample(
                    id: "0", images: [.file(DatasetFixtures.path("sbu/images/4385058960_b0f291553e.jpg"), identity: "flickr/4385058960")],
                    task: .caption(Captions(["A wooden chair in the living room"])),
                    facts: ["url": "http://static.flickr.com/2723/4385058960_b0f291553e.jpg"]),
                Sample(
                    id: "1", images: [.file(DatasetFixtures.path("sbu/images/3474220_.jpg"), identity: "flickr/3474220")],
                    task: .caption(Captions(["the statue by the café"])), facts: ["url": "http://static.flickr.com/3348/3474220_.jpg"]),
            ])
    }

    @Test("SBU: files of different length are not paired")
    func sbuLengths() throws {
        try withDatasets("sbu") { datasets in
            try datasets.replace("sbu/dataset/SBU_captioned_photo_dataset_captions.txt", "the statue", "\nthe statue\nby")
            let error = #expect(throws: DataError.self) { try datasets.open("sbu", .train) }
            #expect(error?.description.contains("3 captions") == true && error?.description.contains("2 URLs") == true)
        }
    }

    @Test("CC3M: caption, tab, URL; a quote is only a character")
    func cc3m() throws {
        let samples = try DatasetCatalog.dataset("cc3m").open(DatasetFixtures.root, .train)
        #expect(samples.count == 3)
        #expect(try samples.sample(0).task == .caption(Captions(["a very typical bus station"])))
        #expect(try samples.sample(0).images[0].source == .file(DatasetFixtures.path("cc3m/train/0_604404469.jpg")))
        #expect(
            try samples.sample(1)
                == Sample(
                    id: "1", images: [.file(DatasetFixtures.path("cc3m/train/1_313495732.jpg"), identity: "url/http://example.com/q.jpg")],
                    task: .caption(Captions(["\"quoted \" caption"])), facts: ["url": "http://example.com/q.jpg"]))
        let error = #expect(throws: DataError.self) { try samples.sample(2) }
        #expect(error?.description.contains("Train_GCC-training.tsv, line 3") == true)
        let validation = try DatasetFixtures.samples("cc3m", .validation)
        #expect(validation.map(\.task) == [.caption(Captions(["author : a life in photography"]))])
        #expect(validation[0].images[0].source == .file(DatasetFixtures.path("cc3m/val/0_777388710.jpg")))
    }

    @Test("CC12M: URL, tab, caption")
    func cc12m() throws {
        #expect(
            try DatasetFixtures.samples("cc12m", .train) == [
                Sample(
                    id: "0",
                    images: [.file(DatasetFixtures.path("cc12m/train/0_2303092388.jpg"), identity: "url/https://example.com/12.jpg")],
                    task: .caption(Captions(["Metal Design Within Reach <PERSON> “Chair”"])), facts: ["url": "https://example.com/12.jpg"])
            ])
    }
}
