import ArgumentParser
import BlipHub
import Foundation

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a pulled model, or one revision of it.",
        discussion: "Nothing is asked. Files that other revisions use stay, and nothing outside the cache folder is touched.")

    @Argument(help: ArgumentHelp("The model's name; with @ and a revision, only that one.", valueName: "org/name[@revision]"))
    var model: String

    @Flag(help: "Write one JSON object: name, commits, freed_bytes.")
    var json = false

    func run() throws {
        let removal = try HubSettings().cache.remove(ModelName(model))
        if json { return try writeJSON(removal) }
        try writeOutput("removed \(removal.name), freed " + String(format: "%.2f GB\n", removal.freedBytes.gigabytes))
    }
}
