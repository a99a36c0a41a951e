import ArgumentParser
import BlipHub
import Foundation

struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch a model from the hub, or what is missing of it.",
        discussion: """
            Only the files that a checkpoint needs are fetched, into the cache folder of Python's huggingface_hub, which finds them there,
            and whose files are used in turn. An interrupted pull goes on where it stopped. The folder is written at the end.

            Environment: HF_TOKEN (else the file that hf auth login leaves), HF_ENDPOINT, HF_HUB_CACHE or HF_HOME, HF_HUB_OFFLINE;
            http_proxy, https_proxy, no_proxy.

              instructblip pull Salesforce/instructblip-flan-t5-xl
            """)

    @Argument(help: ArgumentHelp("The model's name, with @ and a branch, tag or commit if not main.", valueName: "org/name[@revision]"))
    var model: String

    @Flag(help: "Send nothing: only find what is here.")
    var offline = false

    @Flag(help: "Write one JSON object: name, commit, folder, files, bytes, fetched_bytes, needs_conversion.")
    var json = false

    func run() async throws {
        let name = try ModelName(model)
        var settings = try HubSettings()
        if offline { settings.isOffline = true }
        let bar = ProgressBar("pulling")
        let pull = ModelPull(settings)
        let report = try await interruptible {
            defer { bar.finish() }
            return try await pull(
                name, waiting: { note("another process is pulling \(name.repository); waiting for it") },
                progress: { bar.update($0.doneBytes, of: $0.totalBytes) })
        }
        if report.needsConversion {
            note("\(name.repository) has only pickled weights, which are never loaded as they are; instructblip convert makes safetensors")
        }
        if json {
            try writeJSON(report)
        } else {
            let (all, fetched) = (report.bytes.gigabytes, report.fetchedBytes.gigabytes)
            note(String(format: "%d files, %.2f GB, of which %.2f GB fetched now", report.files.count, all, fetched))
            try writeOutput(report.folder + "\n")
        }
    }
}

private func note(_ text: String) { writeRemark("note: \(text)\n") }

extension Int {
    var gigabytes: Double { Double(self) / 1e9 }
}
