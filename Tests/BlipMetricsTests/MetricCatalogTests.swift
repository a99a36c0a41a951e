import Testing

@testable import BlipMetrics

@Suite("The list of metrics")
struct MetricCatalogTests {
    @Test("Every metric has a name of its own in snake case, a meaning and a source, and belongs to a task of files or to scenes")
    func cards() throws {
        let names = MetricCatalog.all.map(\.name)
        #expect(Set(names).count == names.count)
        for card in MetricCatalog.all {
            #expect(card.name == MetricCard.snakeCase(card.name))
            #expect(!card.summary.isEmpty && !card.source.isEmpty)
            let isOfFiles = ScoringTask.allCases.contains { $0.metrics.contains(card) }
            #expect(isOfFiles != MetricCatalog.ofScenes.contains(card), "\(card.name)")
        }
        #expect(ScoringTask.allCases.allSatisfy { task in task.metrics.allSatisfy(MetricCatalog.all.contains) })
    }

    @Test("Tasks and metrics are found by name, and a mistyped one is told with those near it")
    func names() throws {
        #expect(try ScoringTask.named("caption").task == .caption)
        #expect(try ScoringTask.named("cider").task == .caption)
        #expect(try ScoringTask.named("cider").metric == MetricCatalog.cider)
        #expect(try ScoringTask.named("mrr").task == .visdial)
        #expect(
            throws: MetricError.unknownMetric(
                name: "ciderr", nearest: ["cider", "cider_d"], available: ScoringTask.allCases.map(\.rawValue))
        ) {
            try ScoringTask.named("ciderr")
        }
    }

    @Test(
        "Groups are called in snake case",
        arguments: [("yes/no", "yes_no"), ("What color is the", "what_color_is_the"), ("--é 2!", "é_2"), ("", "")])
    func snakeCase(_ text: String, _ expected: String) { #expect(MetricCard.snakeCase(text) == expected) }

    @Test("Every error is one sentence that says what to do")
    func errors() {
        let errors: [MetricError] = [
            .nothingToScore(what: "x"), .wrongCount(what: "x", expected: 1, found: 2), .badNumber(place: "x", expected: "y", found: "z"),
            .badRanks(place: "x", expected: "y", found: "z"), .oneClass(found: "positive"),
            .missingPredictions(place: "x", count: 4, of: 5, examples: ["1", "2", "3"]),
            .unknownPredictions(place: "x", count: 1, of: 5, examples: ["1"]), .duplicate(id: "1", first: "a", second: "b"),
            .badRecord(place: "x", expected: "y", found: "z"), .unknownForm(path: "x", expected: "y", found: "z"),
            .unknownMetric(name: "x", nearest: [], available: ["vqa"]), .unknownMetric(name: "x", nearest: ["vqa"], available: []),
        ]
        for error in errors {
            #expect(!error.description.isEmpty && !error.description.contains("\n") && error.errorDescription == error.description)
        }
        #expect(errors[5].description.contains("1, 2, 3, ..."))
    }
}
