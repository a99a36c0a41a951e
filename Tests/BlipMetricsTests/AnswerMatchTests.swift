import Testing

@testable import BlipMetrics

@Suite("Single answers")
struct AnswerMatchTests {
    @Test("A-OKVQA counts a third for each person, iVQA a half, byte for byte")
    func shares() throws {
        let people = ["dog", "dog", "puppy", "Dog", "cat", "dogs", "dog ", "wolf", "fox", "hound"]
        #expect(isClose(try AnswerMatch.aokvqa("dog", people), 2 / 3.0))
        #expect(isClose(try AnswerMatch.aokvqa("puppy", people), 1 / 3.0))
        #expect(try AnswerMatch.aokvqa("dog", Array(repeating: "dog", count: 10)) == 1)
        #expect(try AnswerMatch.ivqa("puppy", people) == 0.5)
        #expect(try AnswerMatch.ivqa("dog", people) == 1)
        #expect(try AnswerMatch.ivqa("bird", people) == 0)
    }

    @Test("An exact match is the same bytes but for white space around them; a normalised one may differ as VQA's answers may")
    func exact() throws {
        #expect(try AnswerMatch.exact(" two dogs\n", ["cat", "two dogs"]) == 1)
        #expect(try AnswerMatch.exact("Two dogs", ["two dogs"]) == 0)
        #expect(try AnswerMatch.normalized("The two dogs.", ["2 dogs"]) == 1)
        #expect(try AnswerMatch.exact("cafe\u{301}", ["café"]) == 0, "canonically equal texts are different answers")
        #expect(try AnswerMatch.normalized("cafe\u{301}", ["café"]) == 0)
        #expect(throws: MetricError.self) { try AnswerMatch.exact("a", []) }
        #expect(throws: MetricError.self) { try AnswerMatch.ivqa("a", []) }
    }
}
