import BlipTestSupport
import Foundation
import Testing

@Suite("data bench makes pictures ready for training") struct DataBenchTests {
    /// Some pictures in a folder of their own.
    private func folder(_ body: (_ pictures: String, _ other: URL) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let pictures = folder.appendingPathComponent("pictures")
            try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
            for (number, name) in ["shapes.png", "shapes.jpg", "tower.png", "shapes.jpg"].enumerated() {
                let target = pictures.appendingPathComponent("\(number)-\(name)")
                try FileManager.default.copyItem(at: Fixtures.picture(name), to: target)
            }
            try Data("not a picture".utf8).write(to: pictures.appendingPathComponent("notes.txt"))
            try body(pictures.path, folder)
        }
    }

    @Test("it writes a table, or one object") func figures() async throws {
        try await folder { pictures, _ in
            let bench = ["data", "bench", pictures, "--rounds", "2", "--workers", "2", "--size", "30"]
            let outcome = try Program.run(bench + ["--json", "--augment"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let json = try outcome.json()
            #expect(json["pictures"] as? Int == 4 && json["workers"] as? Int == 2 && json["augmented"] as? Bool == true)
            for key in ["pictures_per_s", "pictures_per_s_min", "pictures_per_s_max"] { #expect(try #require(json[key] as? Double) > 0) }
            #expect(try #require(json["stages"] as? [String: Double]).keys.sorted() == ["decode", "normalize", "read", "resize"])
            let table = try Program.run(bench).output
            #expect(table.contains("4, whole, 2 threads") && table.contains("pictures/s") && table.contains("normalise"))
        }
    }

    @Test("the number of workers changes no value; the seed changes which part is cut out") func deterministic() async throws {
        try await folder { pictures, folder in
            func planes(_ arguments: String...) throws -> Data {
                let file = folder.appendingPathComponent("planes")
                let outcome = try Program.run(
                    ["data", "bench", pictures, "--rounds", "1", "--size", "24", "--planes", file.path] + arguments)
                #expect(outcome.status == 0, "\(outcome.errors)")
                return try Data(contentsOf: file)
            }
            let whole = try planes("--workers", "1")
            #expect(whole.count == 4 * 3 * 24 * 24 * 4)
            let cut = try planes("--workers", "1", "--augment", "--seed", "3")
            #expect(try planes("--workers", "3") == whole && cut != whole)
            for workers in ["2", "4", "8"] {
                #expect(try planes("--workers", workers, "--augment", "--seed", "3", "--depth", "1") == cut)
            }
            #expect(try planes("--workers", "2", "--augment", "--seed", "4") != cut)
        }
    }

    @Test("what is missing, broken or makes no sense has its exit status") func refusals() async throws {
        try await folder { pictures, folder in
            func status(_ arguments: String...) throws -> Int32 { try Program.run(["data", "bench"] + arguments).status }
            #expect(try status(folder.appendingPathComponent("none").path) == 66)
            #expect(try status(folder.path) == 65)
            for option in ["--workers", "--depth", "--rounds"] { #expect(try status(pictures, option, "0") == 64) }
            #expect(try status(pictures, "--size", "0") == 65)
            #expect(try status(pictures, "--planes", folder.appendingPathComponent("none/file").path) == 70)
            try Data("broken".utf8).write(to: URL(fileURLWithPath: pictures).appendingPathComponent("2-broken.jpg"))
            let outcome = try Program.run(["data", "bench", pictures])
            #expect(outcome.status == 65 && outcome.errors.contains("2-broken.jpg"), "\(outcome.errors)")
        }
    }
}
