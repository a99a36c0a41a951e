import BlipData
import BlipTraining
import Foundation
import Testing

@Suite("A plan names its datasets and how they are mixed")
struct DataPlanTests {
    private func data(_ text: String) throws -> DataPlan {
        let file = try PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/plans"))
        var keys = try file.root.mapping()
        return try DataPlan(keys.need("data"), in: file)
    }

    @Test("names alone are enough; the rest is the paper's")
    func short() throws {
        let plan = try data("data:\n  root: sets\n  datasets: [okvqa]\n")
        #expect(plan.root.path == "/plans/sets")
        #expect(plan.sources == [DataPlan.Source(.named("okvqa"))])
        #expect(plan.balance == .squareRoot && plan.grain == .sample && plan.style == .templates(.paper) && plan.exclusion == .paper)
    }

    @Test("everything can be said")
    func long() throws {
        let plan = try data(
            """
            data:
              root: /data
              balance: proportional
              draw: batch
              seed: 7
              max_bad_samples: 5
              exclude: [okvqa/val, okvqa]
              templates: {add: true, questions: ["Tell me: {question}"]}
              datasets:
                - {name: okvqa, split: val, weight: 2, cap: 100, limit: 10}
                - {path: own/birds.json, format: llava, images: pictures}
            """)
        var (first, second) = (DataPlan.Source(.named("okvqa")), DataPlan.Source(.path("/plans/own/birds.json")))
        (first.split, first.weight, first.cap, first.limit) = (.validation, 2, 100, 10)
        (second.format, second.images) = (.llava, "/plans/pictures")
        #expect(plan.sources == [first, second])
        #expect(second.name == "birds")
        #expect(
            plan.balance == .proportional && plan.seed == 7 && plan.maximumBadSamples == 5
                && plan.exclusion == .named(["okvqa/val", "okvqa"]))
        #expect(
            plan.style
                == .templates(
                    TemplateSet(
                        captions: CaptionTemplates.paper, questions: QuestionTemplates.paper + ["Tell me: {question}"],
                        questionGeneration: QuestionGenerationTemplates.paper)))
    }

    @Test(
        "mistakes are said where they stand",
        arguments: [
            ("data: {datasets: []}", "at least one dataset"), ("data: {}", "the key \"datasets\" is missing"),
            ("data: {datasets: [okvqq]}", "did you mean okvqa or aokvqa?"),
            ("data: {datasets: [{weight: 1}]}", "a name of the catalog or a path"),
            ("data: {datasets: [{name: okvqa, format: llava}]}", "there is no key \"format\""),
            ("data: {datasets: [{path: birds.json, split: val}]}", "there is no key \"split\""),
            ("data: {datasets: [okvqa, okvqa]}", "\"okvqa\" twice"),
            ("data: {datasets: [okvqa], balance: square}", "sqrt, proportional, uniform, fixed"),
            ("data: {datasets: [{name: okvqa, weight: -1}]}", "weight is -1"),
            ("data: {datasets: [{name: okvqa, split: trian}]}", "train, val, test, test-dev"),
            ("data: {datasets: [okvqa], templates: {questions: [\"{quest}\"]}}", "no hole {quest}"),
            ("data: {datasets: [okvqa], templates: {questions: []}}", "at least one template"),
            ("data: {datasets: [okvqa], instructions: plain, templates: {questions: [a]}}", "no templates"),
            ("data: {datasets: [okvqa], draw: often}", "sample or batch"),
            ("data: {datasets: [okvqa], instructions: caption}", "templates, plain, prefixed, captions or split-captions"),
            ("data: {datasets: [coco_caption, okvqa], instructions: captions}", "prefixed for okvqa, which has no captions"),
            ("data: {datasets: [llava_detail], instructions: split-captions}", "prefixed for llava_detail"),
            ("data: {datasets: [coco_caption], instructions: captions, templates: {questions: [a]}}", "no templates"),
        ])
    func mistakes(_ text: String, _ message: String) {
        #expect { _ = try data(text) } throws: { "\($0)".contains(message) && "\($0)".contains("p.yaml") }
    }

    @Test(
        "captions as BLIP-2's second stage learns them",
        arguments: [("captions", InstructionStyle.captions), ("split-captions", .splitCaptions)])
    func captions(_ name: String, _ style: InstructionStyle) throws {
        #expect(try data("data: {datasets: [coco_caption, textcaps, cc3m, {path: own}], instructions: \(name)}").style == style)
    }

    @Test("data of one's own without captions is refused when it is opened")
    func ownData() throws {
        let file = Self.ownData.appendingPathComponent("llava/conversations.json").path
        let plan = try data("data: {datasets: [{path: \(file)}], instructions: captions, exclude: nothing}")
        #expect { _ = try TrainingData(plan) } throws: { "\($0)".contains("conversations") && "\($0)".contains("is no caption") }
    }

    private static let ownData = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fixtures/own-data").standardizedFileURL
}
