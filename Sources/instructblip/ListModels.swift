import ArgumentParser
import BlipHub
import Foundation

struct ListModels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the models that are here, their revisions and sizes.",
        discussion: "Models that Python's huggingface_hub fetched are listed too, whatever they are.", aliases: ["list"])

    @Flag(help: "Write one JSON object: cache, bytes, models.")
    var json = false

    func run() throws {
        let cache = try HubSettings().cache
        let models = try cache.models()
        if json { return try writeJSON(Listing(cache: cache.folder.path, bytes: cache.byteCount(), models: models)) }
        if !models.isEmpty { try writeOutput(Self.table(models) + "\n") }
    }

    struct Listing: Encodable {
        let cache: String
        /// On the disk: files that revisions share count once, partial ones too.
        let bytes: Int
        let models: [CachedModel]
    }

    static func table(_ models: [CachedModel]) -> String {
        let rows = models.map { model in
            [
                model.name, String(model.commit.prefix(8)), model.references.joined(separator: ","),
                String(format: "%.2f GB", model.bytes.gigabytes) + (model.isComplete ? "" : "  (incomplete)"),
            ]
        }
        let all = [["NAME", "COMMIT", "REVISION", "SIZE"]] + rows
        let widths = (0..<3).map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).map { $0.padding(toLength: $1 + 2, withPad: " ", startingAt: 0) }.joined() + row[3]
        }.joined(separator: "\n")
    }
}
