import Foundation
import Testing

@testable import BlipData

@Suite("Data is checked before it is trained on")
struct SampleCheckerTests {
    private func problems(_ samples: any SampleCollection, _ checker: SampleChecker = SampleChecker()) throws -> [SampleChecker.Problem] {
        var found: [SampleChecker.Problem] = []
        try checker.check(samples) { found.append($0) }
        return found
    }

    private func instruction(_ id: String, _ text: String, _ response: String?, images: [SampleImage] = [.file("/a.jpg")]) -> Sample {
        Sample(id: id, images: images, task: .instruction(WrittenInstruction(text, response: response)))
    }

    @Test("empty words, broken records and pictures, and ids that come twice are found, with their samples")
    func kinds() throws {
        let list = ListedSamples([
            instruction("a", "Say", "Net"), instruction("b", " ", " \n", images: []), instruction("a", "Say", nil),
            Sample(id: "c", images: [.file("/gone.jpg"), .file("/a.jpg")], task: .caption(Captions([]))),
            Sample(id: "broken", images: [], task: .caption(Captions(["x"]))),
            Sample(id: "d", images: [.file("/bad.jpg")], task: .question(VisualQuestion("", options: ["x", "y"], correct: 1))),
        ])
        let brittle = MappedSamples(list) { sample in
            if sample.id == "broken" { throw DataError.badRecord(place: "f, record 5", reason: "no") }
            return sample
        }
        let checker = SampleChecker { pictures in
            pictures.map { picture in
                switch picture.label {
                case "/gone.jpg": (.missingImage, "not there")
                case "/bad.jpg": (.brokenImage, "cut")
                default: nil
                }
            }
        }
        let found = try problems(brittle, checker).map { "\($0.index) \($0.kind.rawValue)" }
        #expect(
            Set(found) == [
                "1 empty_instruction", "1 empty_answer", "2 empty_answer", "3 missing_image", "3 empty_answer", "4 broken_record",
                "5 broken_image", "5 empty_instruction", "2 duplicate_id",
            ])
        #expect(found.count == 9)
    }

    @Test("a picture of many samples is looked at once in a group")
    func pictures() throws {
        var asked = 0
        var checker = SampleChecker { pictures in
            asked += pictures.count
            return pictures.map { _ in nil }
        }
        checker.groupSize = 10
        let list = ListedSamples((0..<25).map { instruction("\($0)", "Say", "Net") })
        #expect(try problems(list, checker).isEmpty && asked == 3)
    }

    @Test("secret answers are no mistake where they are allowed")
    func secret() throws {
        var checker = SampleChecker()
        checker.allowsSecretAnswers = true
        let list = ListedSamples([Sample(id: "1", images: [], task: .question(VisualQuestion("What?")))])
        #expect(try problems(list, checker).isEmpty)
        #expect(try problems(list).map(\.kind) == [.emptyAnswer])
    }

    @Test("an answer that is none of the options is worth a remark")
    func strangeAnswers() throws {
        let questions = [
            VisualQuestion("?", answers: [WeightedAnswer("1")], options: ["x", "y"]),
            VisualQuestion("?", answers: [WeightedAnswer("x")], options: ["x", "y"]),
            VisualQuestion("?", answers: [WeightedAnswer("z")], options: ["x", "y"], correct: 0),
        ]
        let samples = questions.enumerated().map { Sample(id: "\($0)", images: [], task: .question($1)) }
        let found = try problems(ListedSamples(samples))
        #expect(found.map(\.kind) == [.strangeAnswer] && found[0].index == 0 && found[0].kind.isRemark)
        #expect(found[0].message.contains("none of its options"))
    }

    @Test("among a hundred thousand ids exactly the ones that come twice are found")
    func duplicates() throws {
        struct Numbered: SampleCollection {
            let count = 100_000
            func sample(_ index: Int) throws -> Sample {
                Sample(id: "\(index % 99_990)", images: [], task: .instruction(WrittenInstruction("Say", response: "Net")))
            }
        }
        #expect(try problems(Numbered()).map(\.index) == Array(99_990..<100_000))
    }

    @Test("the filter suspects every repeated id and few others")
    func filter() {
        var ids = SimilarIDs()
        for number in 0..<200_000 { ids.add("\(number)") }
        #expect(ids.suspects.count < 20)
        ids.add("77")
        #expect(ids.suspects.contains(SeededGenerator.key("77")))
    }

    @Test(
        "words stand between white space of any kind",
        arguments: [
            ("", 0), (" ", 0), ("a", 1), ("two words", 2), (" a\tb\u{B}c\u{C}d\r\ne\n", 5), ("a\u{1C}b", 1), ("a-b, c.", 2),
            ("caf\u{E9} cr\u{E8}me", 2),
            ("e\u{301} e", 2), ("a\u{A0}b\u{3000}c\u{2028}d", 4), ("\u{65E5}\u{672C}", 1),
        ])
    func words(text: String, count: Int) {
        #expect(SampleStatistics.words(text) == count)
        #expect(text.split(whereSeparator: \.isWhitespace).count == count)
    }

    @Test("statistics count samples, words, answers and different pictures")
    func statistics() throws {
        var statistics = SampleStatistics()
        let maker = ExampleMaker(dataset: "x", category: "c", title: "X", style: .plain)
        for number in 0..<5_000 {
            let sample = Sample(
                id: "\(number)", images: [.file("/\(number % 2_000).jpg")],
                task: .question(
                    VisualQuestion(
                        "What is it now", answers: [WeightedAnswer(number % 4 == 0 ? "a net" : "no")],
                        options: number < 7 ? ["a", "b"] : [])))
            var generator = SeededGenerator(seed: 1)
            statistics.add(sample, try maker.example(sample, &generator))
        }
        #expect(
            statistics.samples == 5_000 && statistics.kinds == ["questions": 5_000] && statistics.options == [2: 7]
                && statistics.pictures == [1: 5_000])
        #expect(
            statistics.frequentAnswers(2).map(\.text) == ["no", "a net"] && statistics.frequentAnswers(2).map(\.count) == [3_750, 1_250])
        #expect(
            statistics.answerWords.mean == 1.25 && statistics.answerWords.quantile(0.5) == 1 && statistics.answerWords.quantile(0.95) == 2)
        #expect(statistics.instructionWords.longest == 9 && statistics.instructionWords.quantile(0.5) == 4)
        #expect(abs(statistics.distinctPictures - 2_000) < 40)
    }

    @Test("conversations of which nothing is to be learned are told of, in the middle and at the end")
    func nothingToLearn() throws {
        func line(_ learned: Bool) -> String {
            #"{"messages": [{"role": "user", "content": "One"}, {"role": "assistant", "content": "1", "loss": \#(learned)}]}"#
        }
        try withFile([line(true), line(false), line(true), line(false), line(false)].joined(separator: "\n")) { url in
            let samples = try OwnData.open(url.path, format: .messages).samples
            #expect(samples.count == 2)
            let found = try problems(samples)
            #expect(found.map(\.kind) == [.nothingToLearn, .nothingToLearn, .nothingToLearn])
            #expect(found.map(\.index) == [1, 2, 2] && found.allSatisfy(\.kind.isRemark))
            #expect(found.map(\.message) == [2, 4, 5].map { "file, line \($0): none of its answers is to be learned" })
        }
        try withFile(line(false)) { url in
            let found = try problems(OwnData.open(url.path, format: .messages).samples)
            #expect(found.map(\.kind) == [.nothingToLearn])
        }
    }

    @Test("records that cannot be read are counted as they go, so that the work can be stopped")
    func brokenProgress() throws {
        let broken = MappedSamples(ListedSamples((0..<600).map { instruction("\($0)", "Say", "Net") })) { _ in
            throw DataError.badRecord(place: "f", reason: "no")
        }
        var told: [Int] = []
        try SampleChecker().check(broken) {
            told.append($0)
        } found: { _ in
        }
        #expect(told == [256, 512, 600])
    }

    @Test("pictures inside of records are not gathered until they fill the memory")
    func heldPictures() throws {
        var groups: [Int] = []
        var checker = SampleChecker { pictures in
            groups.append(pictures.count)
            return pictures.map { _ in nil }
        }
        #expect(checker.heldLimit == 64 << 20)
        checker.heldLimit = 10
        let list = ListedSamples(
            ((0 as UInt8)..<5).map { instruction("\($0)", "Say", "Net", images: [SampleImage(.bytes([$0, 2, 3, 4, 5]))]) })
        #expect(try problems(list, checker).isEmpty)
        #expect(groups == [2, 2, 1])
    }
}
