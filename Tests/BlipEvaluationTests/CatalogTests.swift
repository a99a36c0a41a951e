import BlipData
import BlipMetrics
import BlipScenes
import Foundation
import Testing

@testable import BlipEvaluation

@Suite("The catalog of benchmarks") struct CatalogTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Fixtures/datasets")
        .standardizedFileURL.path

    @Test("every benchmark has a dataset with that split, a known metric, and options that can be chosen")
    func all() throws {
        let benchmarks = try BenchmarkCatalog.all()
        #expect(BenchmarkCatalog.paper.count == 20 && BenchmarkCatalog.scenes.count == 22)
        #expect(benchmarks.count == 42 && Set(benchmarks.map(\.name)).count == 42)
        #expect(try BenchmarkGroup.heldOut.benchmarks.count == 13 && BenchmarkGroup.heldIn.benchmarks.count == 7)
        for benchmark in benchmarks {
            let card = try NamedDatasets.dataset(benchmark.dataset).card
            #expect(card.splits.contains { $0.split == benchmark.split }, "\(benchmark.name)")
            #expect(MetricCatalog.all.contains { $0.name == benchmark.headline }, "\(benchmark.name)")
            for option in benchmark.options {
                #expect(benchmark.chosen[option.name] == option.values.first?.name)
                for value in option.values {
                    #expect(try benchmark.setting(option.name, to: value.name).chosen[option.name] == value.name)
                }
            }
        }
    }

    @Test("samples of every official form become instructions and candidates", arguments: BenchmarkCatalog.paper)
    func items(_ name: String) throws {
        let benchmark = try BenchmarkCatalog.benchmark(name)
        let samples = try EvaluationSamples(benchmark, root: Self.root)
        // One of A-OKVQA's two is difficult, and left out.
        #expect(samples.count > 0 && samples.originalCount == samples.count + (name == "aokvqa" ? 1 : 0))
        var asked = 0
        for number in 0..<samples.count {
            let item: EvaluationItem
            // Fixtures have broken records too.
            do { item = try samples.item(number) } catch is DataError { continue } catch is RecordError { continue }
            asked += 1
            #expect(!item.instruction.isEmpty && !item.instruction.contains("{"))
            if case .rank = benchmark.answering { #expect(item.candidates?.isEmpty == false) } else { #expect(item.candidates == nil) }
        }
        #expect(asked > 0)
    }

    @Test("published numbers are the table's")
    func published() throws {
        for benchmark in try BenchmarkCatalog.benchmarks(named: ["held-out"]) {
            let scores = PublishedScores.scores(of: benchmark.name)
            #expect(scores.filter { $0.model.hasPrefix("InstructBLIP") && $0.source.contains("table 1") }.count == 4, "\(benchmark.name)")
            #expect(scores.filter { $0.model.hasPrefix("BLIP-2") && $0.source.contains("table 1") }.count == 4, "\(benchmark.name)")
        }
        #expect(PublishedScores.scores(of: "gqa").first { $0.model == "InstructBLIP Vicuna-13B" }?.value == 49.5)
        #expect(PublishedScores.scores(of: "nocaps").allSatisfy { !$0.model.hasPrefix("Flamingo") })
        #expect(PublishedScores.scores(of: "okvqa").first { $0.model == "InstructBLIP Vicuna-7B" }?.value == 62.1)
    }

    @Test("what is unknown is named, with what was meant")
    func unknown() throws {
        #expect { try BenchmarkCatalog.benchmark("okvga") } throws: { "\($0)".contains("did you mean okvqa") }
        let science = try BenchmarkCatalog.benchmark("scienceqa")
        #expect { try science.setting("contxt", to: "both") } throws: { "\($0)".contains("it has prompt, split, context, candidates") }
        #expect { try science.setting("context", to: "all") } throws: { "\($0)".contains("hint, lecture, both, none") }
        #expect { try science.setting("prompt", to: "{nothing}") } throws: { "\($0)".contains("cannot be used") }
        #expect { try science.setting("split", to: "tset") } throws: { "\($0)".contains("expected train") }
    }

    @Test("options change what is asked")
    func options() throws {
        func instruction(_ key: String, _ value: String) throws -> EvaluationItem {
            let benchmark = try BenchmarkCatalog.benchmark("scienceqa").setting(key, to: value)
            let question = VisualQuestion("Which?", options: ["a cat", "a dog"], correct: 0, context: "A hint.")
            let sample = Sample(id: "1", images: [], task: .question(question), facts: ["lecture": "A lecture."])
            return try EvaluationItem(#require(benchmark.prepare(sample)), benchmark)
        }
        let question = "Question: Which? Options: (a) a cat (b) a dog. Answer:"
        #expect(try instruction("context", "hint").instruction == "Context: A hint. \(question)")
        #expect(try instruction("context", "lecture").instruction == "Context: A lecture. \(question)")
        #expect(try instruction("context", "both").instruction == "Context: A hint. A lecture. \(question)")
        #expect(try instruction("context", "none").instruction == question)
        #expect(try instruction("candidates", "text").candidates == ["a cat", "a dog"])
        #expect(try instruction("candidates", "letter").candidates == ["(a)", "(b)"])
        #expect(try instruction("prompt", "{question}?").instruction.hasPrefix("Context: A hint. Which?"))
    }

    @Test("a limit takes samples spread over all of them")
    func limits() throws {
        let benchmark = try BenchmarkCatalog.benchmark("okvqa")
        let samples = ListedSamples((0..<10).map { Sample(id: "\($0)", images: [], task: .question(VisualQuestion("Q\($0)"))) })
        #expect(try EvaluationSamples(benchmark, samples, limit: .count(5)).places == [0, 2, 4, 6, 8])
        #expect(try EvaluationSamples(benchmark, samples, limit: .count(99)).count == 10)
        #expect(try EvaluationSamples(benchmark, samples, limit: .share(0.3)).places == [0, 3, 6])
        #expect(try EvaluationSamples(benchmark, samples, limit: .share(0.01)).places == [0])
        #expect(throws: EvaluationError.self) { try EvaluationSamples(benchmark, ListedSamples([])) }
        let vizwiz = try BenchmarkCatalog.benchmark("vizwiz").setting("questions", to: "answerable")
        let mixed = ListedSamples(
            (0..<4).map {
                Sample(id: "\($0)", images: [], task: .question(VisualQuestion("Q")), facts: ["answerable": $0 % 2 == 0 ? "1" : "0"])
            })
        #expect(try EvaluationSamples(vizwiz, mixed).places == [0, 2])
    }
}
