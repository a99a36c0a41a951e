import BlipTestSupport
import Foundation
import Testing

@Suite("The doctor verb") struct DoctorProgramTests {
    @Test("a whole checkpoint is fine, in words and in JSON")
    func whole() throws {
        let model = ["--model", Fixtures.checkpoint("flan-t5").path]
        let text = try Program.run(["doctor"] + model)
        #expect(text.status == 0, "\(text.output) \(text.errors)")
        for said in ["known traps", "nothing is wrong", "does not apply: ", "two questions got the same answers alone and together"] {
            #expect(text.output.contains(said), "\(text.output)")
        }
        let json = try Program.run(["doctor", "--json", "--quick", "--no-answer"] + model).json()
        #expect(json["fine"] as? Bool == true)
        let findings = try #require(json["findings"] as? [[String: Any]])
        #expect(findings.count > 40 && findings.allSatisfy { $0["name"] is String && $0["verdict"] is String && $0["reason"] is String })
        #expect(findings.contains { $0["verdict"] as? String == "not_run" })
        #expect((json["published"] as? [String: Any])?["same_architecture"] as? Bool == false)
    }

    @Test("nothing is wrong with the model that is built in")
    func builtIn() throws {
        let run = try Program.run(["doctor"])
        #expect(run.status == 0 && run.output.contains("dense_act_fn is gelu_new by name"), "\(run.output) \(run.errors)")
    }

    @Test("one that is broken exits with 65, names the place and the remedy, and one that is not there with 66")
    func broken() async throws {
        try await withCopy(of: "vicuna") { folder in
            let file = folder.appendingPathComponent("config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try text.replacingOccurrences(of: "\"image_token_index\": 373", with: "\"image_token_index\": 372").write(
                to: file, atomically: true, encoding: .utf8)
            let run = try Program.run(["doctor", "--model", folder.path, "--no-answer"])
            #expect(run.status == 65 && run.output.contains("WRONG") && run.output.contains("-> set the index in config.json to 373"))
            let json = try Program.run(["doctor", "--model", folder.path, "--json", "--no-answer"])
            #expect(json.status == 65)
            #expect(try json.json()["fine"] as? Bool == false)
        }
        #expect(try Program.run(["doctor", "--model", "/nowhere/at/all"]).status == 66)
        let both = try Program.run(["doctor", "--model", "m", "--image", "x.png", "--no-answer"])
        #expect(both.status == 64)
    }
}
