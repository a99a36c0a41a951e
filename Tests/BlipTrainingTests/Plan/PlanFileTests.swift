import BlipTraining
import Foundation
import Testing

@Suite("Plans are strict YAML")
struct PlanFileTests {
    private func plan(_ text: String, _ overrides: [String] = []) throws -> PlanFile {
        try PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/plans"), overrides: overrides)
    }

    @Test("values have types, and numbers may be written as people write them")
    func types() throws {
        var keys = try plan("steps: 60_000\nrate: 1e-5\nname: 'no'\nflag: yes\nlist: [1, 2]\nnothing: ~\n").root.mapping()
        #expect(try keys.need("steps").integer() == 60_000)
        #expect(try keys.need("rate").number() == 1e-5)
        #expect(try keys.need("name").text() == "no")
        #expect(try keys.need("flag").flag())
        #expect(try keys.need("list").list().map { try $0.integer() } == [1, 2])
        #expect(keys.take("nothing") == nil)
        try keys.finish()
    }

    @Test(
        "a wrong type names the line, the key and what was found",
        arguments: [
            ("a: [1]", "p.yaml line 1, a: expected a whole number, found a list"),
            ("\na: x", "p.yaml line 2, a: expected a whole number, found \"x\""),
            ("a: '1'", "p.yaml line 1, a: expected a whole number, found \"1\""),
            ("a: 1.5", "p.yaml line 1, a: expected a whole number, found \"1.5\""),
            ("a: -1", "p.yaml line 1, a is -1; expected 0 or more"),
            ("a: {b: 1}", "p.yaml line 1, a: expected a whole number, found a mapping"),
            ("a: 99999999999999999999", "p.yaml line 1, a: expected a whole number, found \"99999999999999999999\""),
            ("b: 1", "p.yaml line 1: the key \"a\" is missing"),
        ])
    func wrong(_ text: String, _ message: String) throws {
        #expect {
            var keys = try plan(text).root.mapping()
            _ = try keys.need("a").integer()
        } throws: { "\($0)" == message }
    }

    @Test("an unknown key names the nearest known one")
    func unknown() throws {
        #expect {
            var keys = try plan("learning_rate: 1\nwieght: 2").root.mapping()
            _ = (keys.take("learning_rate"), keys.take("weight"), keys.take("width"))
            try keys.finish()
        } throws: { "\($0)" == "p.yaml line 2, wieght: there is no key \"wieght\"; did you mean weight?" }
    }

    @Test("overrides change, add and reach into lists")
    func overrides() throws {
        let plan = try plan(
            "data:\n  sets:\n    - {name: a, weight: 1}\n    - b\n",
            ["data.sets[0].weight=2.5", "data.seed=7", "train.steps=9", "data.sets[1]=c"])
        var (root, data) = (try plan.root.mapping(), try plan.root.mapping())
        data = try root.need("data").mapping()
        let sets = try data.need("sets").list()
        var first = try sets[0].mapping()
        #expect(try first.need("weight").number() == 2.5)
        #expect(try first.need("name").text() == "a")
        #expect(try sets[1].text() == "c")
        #expect(try data.need("seed").integer() == 7)
        var train = try root.need("train").mapping()
        #expect(try train.need("steps").integer() == 9)
    }

    @Test("overrides that name nothing are refused", arguments: ["data", "=1", "a..b=1", "sets[x]=1", "sets[5]=1", "sets.b=1", "a[0]=1"])
    func badOverrides(_ override: String) {
        #expect(throws: PlanError.self) { try plan("a: 1\nsets: [1]\n", [override]) }
    }

    @Test("what is no YAML, no mapping, or names a key twice, is said in one line")
    func broken() {
        for text in ["a: [1", "a: 1\na: 2", "- 1", "just text", "a: &x [*x]", "\u{0}"] {
            #expect { _ = try plan(text) } throws: { "\($0)".contains("p.yaml") && !"\($0)".contains("\n") }
        }
    }
}
