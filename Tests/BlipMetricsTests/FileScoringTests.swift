import Foundation
import Testing

@testable import BlipMetrics

/// Files in official forms, scored as `instructblip score` scores them.
@Suite("Files of predictions and references")
struct FileScoringTests {
    @Test("Results and annotations of COCO captions, and plain lines, give the same scores")
    func captions() throws {
        let annotations = """
            {"info": {}, "images": [{"id": 7}, {"id": 9}], "annotations": [
              {"image_id": 7, "id": 1, "caption": "A dog runs."}, {"image_id": 9, "id": 2, "caption": "Two cats sleep."},
              {"image_id": 7, "id": 3, "caption": "The dog is running fast."}]}
            """
        let official = try score(
            .caption, #"[{"image_id": 9, "caption": "Two cats."}, {"image_id": 7, "caption": "A dog is running."}]"#, [annotations])
        let lines = """
            {"id": 7, "references": ["A dog runs.", "The dog is running fast."]}
            {"id": "9", "caption": "Two cats sleep."}
            """
        let plain = try score(
            .caption, "{\"id\": \"9\", \"caption\": \"Two cats.\"}\n{\"id\": \"7\", \"caption\": \"A dog is running.\"}\n", [lines],
            suffix: "jsonl")
        #expect(official == plain)
        // TextCaps has all of a picture's captions beside each one.
        let textCaps = """
            {"data": [{"image_id": 7, "caption_str": "A dog runs.", "reference_strs": ["A dog runs.", "The dog is running fast."]},
              {"image_id": 9, "caption_str": "Two cats sleep.", "reference_strs": ["Two cats sleep."]},
              {"image_id": 7, "caption_str": "The dog is running fast.", "reference_strs": ["A dog runs.", "The dog is running fast."]}]}
            """
        let published = try score(
            .caption, #"[{"image_id": 9, "caption": "Two cats."}, {"image_id": 7, "caption": "A dog is running."}]"#, [textCaps])
        #expect(published == official)
        #expect(official.scores.map(\.name) == ScoringTask.caption.metrics.map(\.name))
        #expect(official.scores.allSatisfy { $0.count == 2 })
    }

    @Test("NoCaps is scored by domain where its file tells them, each domain as if there were no other")
    func domains() throws {
        let captions = ["A dog runs.", "Two cats sleep.", "A red bus.", "An old man sings.", "The sea is blue."]
        let names = ["out-domain", "in-domain", "out-domain", "in-domain", ""]
        func annotations(_ places: [Int]) -> String {
            let images = places.map { "{\"id\": \($0)" + (names[$0].isEmpty ? "}" : ", \"domain\": \"\(names[$0])\"}") }
            let texts = places.map { "{\"image_id\": \($0), \"caption\": \"\(captions[$0])\"}" }
            return "{\"images\": [\(images.joined(separator: ","))], \"annotations\": [\(texts.joined(separator: ","))]}"
        }
        func predictions(_ places: [Int]) -> String {
            let texts = places.map { "{\"image_id\": \($0), \"caption\": \"\(captions[$0].dropLast(3))\"}" }
            return "[\(texts.joined(separator: ","))]"
        }
        let all = try score(.caption, predictions([0, 1, 2, 3, 4]), [annotations([0, 1, 2, 3, 4])]).scores
        let metrics = ScoringTask.caption.metrics.map(\.name)
        #expect(all.map(\.name) == metrics + metrics.map { "\($0)_in_domain" } + metrics.map { "\($0)_out_domain" })
        for (domain, places) in [("in_domain", [1, 3]), ("out_domain", [0, 2])] {
            let alone = try score(.caption, predictions(places), [annotations(places)]).scores
            for metric in metrics {
                let (one, other) = (all.first { $0.name == "\(metric)_\(domain)" }, alone.first { $0.name == metric })
                #expect(one?.value == other?.value && one?.standardError == other?.standardError && one?.interval == other?.interval)
                #expect(one?.count == 2)
            }
        }
        // COCO's pictures have no domains.
        let plain = annotations([4, 1, 3])
        #expect(try score(.caption, predictions([4, 1, 3]), [plain]).scores.map(\.name) == metrics)
        // One that is broken is told with its place.
        #expect { try score(.caption, predictions([1]), [annotations([1]).replacing("\"in-domain\"", with: "7")]) } throws: {
            "\($0)".contains("domain")
        }
    }

    @Test(
        "VQA's annotations of every dataset are read",
        arguments: [
            #"{"annotations": [{"question_id": 1, "answer_type": "yes/no", "question_type": "is this", "answers": [ANSWERS]}]}"#,
            #"{"data": [{"question_id": 1, "answers": [TEXTS]}]}"#, #"[{"question_id": "1", "direct_answers": [TEXTS]}]"#,
            #"[{"image": "1", "answers": [ANSWERS], "answer_type": "yes/no"}]"#,
        ])
    func vqa(_ form: String) throws {
        let texts = ["yes", "yes", "yes", "no", "no", "no", "no", "no", "no", "no"]
        let objects = texts.enumerated().map { "{\"answer\": \"\($1)\", \"answer_id\": \($0)}" }.joined(separator: ",")
        let references = form.replacing("ANSWERS", with: objects).replacing("TEXTS", with: texts.map { "\"\($0)\"" }.joined(separator: ","))
        let report = try score(.vqa, #"[{"question_id": 1, "answer": "Yes!"}]"#, [references])
        #expect(isClose(report.scores[0].value, 0.9))
        #expect(report.scores.last?.name == "vqa_unanswerable_rate")
        if form.contains("yes/no") { #expect(report.scores[1].name == "vqa_accuracy_yes_no") }
    }

    @Test("GQA's questions are told apart, and unbalanced ones left out")
    func gqa() throws {
        let questions = """
            {"a": {"answer": "dog", "types": {"structural": "query"}, "isBalanced": true}, "c": {"answer": "x", "isBalanced": false},
             "b": {"answer": "yes", "types": {"structural": "verify"}, "isBalanced": true}}
            """
        let predictions = """
            [{"questionId": "a", "prediction": "the dog"}, {"questionId": "b", "prediction": "yes"}, {"questionId": "c", "prediction": "y"}]
            """
        let scores = try score(.gqa, predictions, [questions]).scores
        #expect(scores.map(\.name) == ["gqa_accuracy", "gqa_accuracy_binary", "gqa_accuracy_open", "gqa_accuracy_normalized"])
        #expect(scores.map(\.value) == [0.5, 1, 0, 1])
    }

    @Test("A-OKVQA's answers are read from its own form and as lines, and difficult questions left out of direct answers")
    func aokvqa() throws {
        let annotations = """
            [{"question_id": "q", "choices": ["a", "b"], "correct_choice_idx": 1, "direct_answers": ["x", "x", "y"],
              "difficult_direct_answer": false},
             {"question_id": "r", "choices": ["c", "d"], "correct_choice_idx": 0, "direct_answers": ["z"], "difficult_direct_answer": true}]
            """
        let predictions = """
            {"q": {"direct_answer": "x", "multiple_choice": "b"}, "r": {"direct_answer": "z", "multiple_choice": "d"}}
            """
        let direct = try score(.aokvqaDirectAnswer, predictions, [annotations]).scores
        #expect(isClose(direct[0].value, 2 / 3.0) && direct[0].count == 1)
        #expect(try score(.aokvqaMultipleChoice, predictions, [annotations]).scores[0].value == 0.5)
        #expect(try score(.aokvqaMultipleChoice, #"{"q": 1, "r": "c"}"#, [annotations]).scores[0].value == 1)
    }

    @Test("Rankings of dialogs are scored against dialogs, ratings, or both")
    func dialogs() throws {
        let dialogs = #"{"data": {"dialogs": [{"image_id": 5, "dialog": [{"gt_index": 1}, {"gt_index": 0}]}]}}"#
        let ratings = #"[{"image_id": 5, "round_id": 2, "gt_relevance": [1, 0.5, 0]}]"#
        let ranks = #"[{"image_id": 5, "round_id": 1, "ranks": [1, 2, 3]}, {"image_id": 5, "round_id": 2, "ranks": [1, 2, 3]}]"#
        let both = try score(.visdial, ranks, [dialogs, ratings]).scores
        #expect(both.map(\.name) == ["mrr", "recall_at_1", "recall_at_5", "recall_at_10", "mean_rank", "ndcg"])
        #expect(both.map(\.value) == [0.75, 0.5, 1, 1, 1.5, 1])
        #expect(both.map(\.count) == [2, 2, 2, 2, 2, 1])
        #expect(try score(.visdial, ranks, [dialogs]).scores.count == 5)
        let rated = #"[{"image_id": 5, "round_id": 2, "ranks": [3, 2, 1]}]"#
        #expect(try score(.visdial, rated, [ratings]).scores.map(\.name) == ["ndcg"])
    }

    @Test("Scores of positive and negative samples are read from JSON lines and from tables")
    func areas() throws {
        let labels = "{\"id\": 1, \"label\": 1}\n{\"id\": 2, \"label\": 0}\n{\"id\": 3, \"label\": true}\n"
        let lines = "{\"id\": 1, \"score\": 0.5}\n{\"id\": 2, \"score\": 0.4}\n{\"id\": \"3\", \"score\": 0.3}\n"
        let report = try score(.auc, lines, [labels], suffix: "jsonl")
        #expect(report.scores.map(\.name) == ["roc_auc", "average_precision"] && report.scores[0].value == 0.5)
        try withFolder { folder in
            try write("id,proba,label\n1,0.5,1\n2,0.4,0\n3,0.3,1\n", "p.csv", folder)
            try write(labels, "r.jsonl", folder)
            #expect(
                try FileScoring(.auc).score(folder.appending(path: "p.csv"), against: [folder.appending(path: "r.jsonl")]).scores[0].value
                    == 0.5)
            try write("id,proba\n1,high\n", "p.csv", folder)
            #expect(throws: MetricError.self) {
                try FileScoring(.auc).score(folder.appending(path: "p.csv"), against: [folder.appending(path: "r.jsonl")])
            }
        }
    }

    @Test("Plain lines are scored for exact matches, choices and iVQA")
    func plain() throws {
        let references = """
            {"id": 1, "answers": ["dog", "puppy", "dog"], "options": ["cat", "dog"]}
            {"id": 2, "answer": "two cats", "options": ["a cat", "two cats"]}
            """
        let predictions = "{\"id\": 1, \"answer\": \"dog\"}\n{\"id\": 2, \"answer\": \"2 cats\"}\n"
        #expect(try score(.exactMatch, predictions, [references], suffix: "jsonl").scores.map(\.value) == [0.5, 1])
        #expect(try score(.ivqa, predictions, [references], suffix: "jsonl").scores.map(\.value) == [0.5])
        let choices = "{\"id\": 1, \"answer\": 1}\n{\"id\": 2, \"answer\": \"0\"}\n"
        #expect(try score(.multipleChoice, choices, [references], suffix: "jsonl").scores.map(\.value) == [0.5])
    }

    @Test("Missing, unknown and repeated ids are told, and a partial scoring leaves the first two out")
    func ids() throws {
        let references = #"[{"id": 1, "answer": "a"}, {"id": 2, "answer": "b"}, {"id": 3, "answer": "c"}]"#
        #expect(throws: MetricError.self) { try score(.exactMatch, #"[{"id": 1, "answer": "a"}]"#, [references]) }
        do {
            _ = try score(.exactMatch, #"[{"id": 3, "answer": "a"}]"#, [references])
        } catch MetricError.missingPredictions(_, let count, let total, let examples) {
            #expect(count == 2 && total == 3 && examples == ["1", "2"])
        }
        let odd = #"[{"id": 1, "answer": "a"}, {"id": 2, "answer": "x"}, {"id": 8, "answer": "a"}]"#
        do {
            _ = try score(.exactMatch, odd, [references])
        } catch MetricError.unknownPredictions(_, let count, let total, let examples) {
            #expect(count == 1 && total == 3 && examples == ["8"])
        }
        let partial = try score(.exactMatch, odd, [references], isPartial: true)
        #expect(partial.missing == 1 && partial.unknown == 1 && partial.scores[0].value == 0.5 && partial.scores[0].count == 2)
        #expect(throws: MetricError.self) { try score(.exactMatch, #"[{"id": 8, "answer": "a"}]"#, [references], isPartial: true) }
        do {
            _ = try score(.exactMatch, #"[{"id": 1, "answer": "a"}, {"id": "1", "answer": "b"}]"#, [references])
            Issue.record("an id that stands twice was taken")
        } catch MetricError.duplicate(let id, _, _) {
            #expect(id == "1")
        }
    }

    @Test(
        "Files of another form are refused with what was expected",
        arguments: [
            (#"{"foo": 1}"#, "[]"), ("[]", "[]"), (#"[{"id": 1}]"#, #"[{"id": 1, "answer": "a"}]"#),
            ("[1]", #"[{"id": 1, "answer": "a"}]"#),
            (#"[{"id": 1, "answer": "a"}]"#, #"{"x": []}"#), (#"[{"id": 1, "error": "broken"}]"#, #"[{"id": 1, "answer": "a"}]"#),
            (#"[{"id": 1.5, "answer": "a"}]"#, #"[{"id": 1, "answer": "a"}]"#), ("", ""), ("[", "["), (#"[{"id": 1, "answer": []}]"#, "[]"),
        ])
    func refusals(_ predictions: String, _ references: String) {
        for task in ScoringTask.allCases {
            #expect(throws: (any Error).self, "\(task)") { try score(task, predictions, [references]) }
        }
    }

    @Test("Ranks that are no permutation, and references twice where one is meant, are errors")
    func oddities() {
        let ratings = #"[{"image_id": 5, "round_id": 2, "gt_relevance": [1, 0.5]}]"#
        for ranks in ["[1, 1]", "[0, 1]", "[1.5, 2]", "[1]", "[1e300, 2]"] {
            #expect(throws: MetricError.self) { try score(.visdial, #"[{"image_id": 5, "round_id": 2, "ranks": \#(ranks)}]"#, [ratings]) }
        }
        #expect(throws: MetricError.wrongCount(what: "files of references", expected: 1, found: 2)) { try score(.vqa, "[]", ["[]", "[]"]) }
    }

    private func score(
        _ task: ScoringTask, _ predictions: String, _ references: [String], suffix: String = "json", isPartial: Bool = false
    ) throws -> FileScoring.Report {
        try withFolder { folder in
            try write(predictions, "predictions.\(suffix)", folder)
            for (number, text) in references.enumerated() { try write(text, "references\(number).\(suffix)", folder) }
            var scoring = FileScoring(task)
            scoring.bootstrap = quick
            scoring.isPartial = isPartial
            return try scoring.score(
                folder.appending(path: "predictions.\(suffix)"),
                against: references.indices.map { folder.appending(path: "references\($0).\(suffix)") })
        }
    }

    private func write(_ text: String, _ name: String, _ folder: URL) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    private func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}
