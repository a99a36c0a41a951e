import Testing

@testable import BlipData

@Suite("Evaluation data is kept out of training")
struct ExclusionsTests {
    private func question(_ id: String, _ picture: String?, _ identity: String? = nil) -> Sample {
        Sample(
            id: id, images: [.file("/\(id).jpg", identity: picture)],
            task: .question(VisualQuestion("Why?", answers: [WeightedAnswer("so")])),
            facts: identity.map { ["question_identity": $0] } ?? [:])
    }

    private let evaluation = ListedSamples([
        Sample(id: "e1", images: [.file("/a.jpg", identity: "coco/1")], task: .question(VisualQuestion("What?"))),
        Sample(id: "e2", images: [.file("/b.jpg")], task: .question(VisualQuestion("Who?")), facts: ["question_identity": "vqa/7"]),
    ])

    @Test("by picture across datasets, and by question; the rest stays in its order")
    func filter() throws {
        var exclusions = Exclusions()
        exclusions.add(evaluation, named: "okvqa/val", of: "okvqa") { _, _ in }
        let captions = Sample(id: "c", images: [.file("/c.jpg", identity: "coco/1")], task: .caption(Captions(["a", "b", "c"])))
        let training = ListedSamples([
            question("1", "coco/2"), captions,
            Sample(
                id: "vg", images: [.file("/v.jpg", identity: "visual_genome/8")], task: .caption(Captions(["a"])), facts: ["coco_id": "1"]),
            question("3", nil), question("4", "coco/3", "vqa/7"), question("5", "visual_genome/1"),
        ])
        let kept = exclusions.filter(training, of: "mine") { _, _ in }
        #expect(try (0..<kept.samples.count).map { try kept.samples.sample($0).id } == ["1", "3", "5"])
        #expect(kept.removed == [.picture("okvqa/val"): 2, .question("okvqa/val"): 1])
        // Three pairs went with the captions, one with Visual Genome's region, one with the question.
        #expect(kept.samples.size == 6 - 5)
    }

    @Test("the same file and the same question of the same dataset are known without any identity")
    func sameSet() throws {
        var exclusions = Exclusions()
        let list = ListedSamples([question("1", nil), question("2", nil)])
        exclusions.add(list, named: "vizwiz/val", of: "vizwiz") { _, _ in }
        #expect(exclusions.filter(list, of: "other") { _, _ in }.removed == [.picture("vizwiz/val"): 2])
        let elsewhere = MappedSamples(list) { sample in
            Sample(id: sample.id, images: [.file("/elsewhere/\(sample.id).jpg")], task: sample.task)
        }
        #expect(exclusions.filter(elsewhere, of: "vizwiz") { _, _ in }.removed == [.question("vizwiz/val"): 2])
        #expect(exclusions.filter(elsewhere, of: "other") { _, _ in }.removed == [:])
    }

    @Test("samples that cannot be read are reported, and stay for whoever draws them")
    func problems() throws {
        let brittle = MappedSamples(ListedSamples([question("1", "coco/1"), question("2", nil)])) { sample in
            if sample.id == "2" { throw DataError.badRecord(place: "x", reason: "y") }
            return sample
        }
        var exclusions = Exclusions()
        exclusions.add(evaluation, named: "e", of: "okvqa") { _, _ in }
        var problems: [Int] = []
        let kept = exclusions.filter(brittle, of: "mine") { index, _ in problems.append(index) }
        #expect(problems == [1] && kept.samples.count == 1)
        #expect(throws: DataError.self) { try kept.samples.sample(0) }
    }

    @Test("copies of pictures are found by what they look like, on request")
    func contents() throws {
        let looks: [String: UInt64] = [
            "/a.jpg": 0xFFFF_0000_FFFF_0000, "/b.jpg": 0x1234_5678_9ABC_DEF0, "/1.jpg": 0xFFFF_0000_FFFF_0007,
            "/2.jpg": 0xFFFF_0000_FFFF_000F,
        ]
        var exclusions = Exclusions { image in
            guard case .file(let path) = image.source, let bits = looks[path] else {
                throw DataError.badRecord(place: "picture", reason: "unreadable")
            }
            return PictureFingerprint(bits: bits)
        }
        exclusions.add(evaluation, named: "e", of: "okvqa") { _, _ in }
        var problems = 0
        let kept = exclusions.filter(ListedSamples([question("1", nil), question("2", nil), question("3", nil)]), of: "mine") { _, _ in
            problems += 1
        }
        #expect(kept.removed == [.content("e"): 1])
        #expect(try (0..<kept.samples.count).map { try kept.samples.sample($0).id } == ["2", "3"] && problems == 1)
    }

    @Test("the index finds what a search through all would find")
    func index() {
        var generator = SeededGenerator(seed: 6)
        var index = FingerprintIndex()
        let all = (0..<300).map { _ in PictureFingerprint(bits: generator.next()) }
        for (place, fingerprint) in all.enumerated() { index.add(fingerprint, place) }
        for round in 0..<600 {
            var bits = all[generator.below(300)].bits
            for _ in 0..<(round % 6) { bits ^= 1 << UInt64(generator.below(64)) }
            let wanted = PictureFingerprint(bits: bits)
            let near = all.indices.filter { all[$0].distance(to: wanted) <= 3 }.min {
                all[$0].distance(to: wanted) < all[$1].distance(to: wanted)
            }
            #expect(index.nearest(to: wanted) == near)
        }
    }
}
