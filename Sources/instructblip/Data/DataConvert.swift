import ArgumentParser
import BlipData
import BlipTraining
import Foundation

struct DataConvert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Write a dataset as JSON lines, or as tar shards with its pictures.",
        discussion: """
            JSON lines keep everything that is known of a sample but the words in which scenes are told to language models, and name its pictures relative
            to the file. Shards hold the pictures' bytes as they are, and can be read by other readers of webdataset. The file, or each shard, has its name
            when it is complete.

              instructblip data convert okvqa --root /data --split val --output okvqa.jsonl
              instructblip data convert my.json --output shards/my.tar --shard-megabytes 500
            """)

    @OptionGroup var place: DataPlace

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("A .jsonl file; or name.tar, from which shards name-000000.tar get their names.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("How large a shard becomes before the next begins.", valueName: "n"))
    var shardMegabytes = 1024

    @Option(help: ArgumentHelp("Samples that may be left out because they cannot be read; each is told of.", valueName: "n"))
    var maxBadSamples = 0

    func validate() throws {
        if !(1...1_000_000).contains(shardMegabytes) {
            throw ValidationError("--shard-megabytes must be between 1 and 1000000, found \(shardMegabytes).")
        }
        if maxBadSamples < 0 { throw ValidationError("--max-bad-samples must be 0 or more, found \(maxBadSamples).") }
        if !output.hasSuffix(".jsonl"), !output.hasSuffix(".tar") {
            throw ValidationError("--output must end in .jsonl or .tar, found \(output).")
        }
    }

    func run() async throws {
        let command = self
        let bad = BadSamples(limit: maxBadSamples)
        defer { for entry in bad.entries { writeRemark("note: left out sample \(entry.index + 1): \(entry.reason)\n") } }
        let line = try await interruptible { try command.convert(bad) }
        try writeOutput(line)
        if bad.count > 0 { throw ExitCode(65) }
    }

    private func convert(_ bad: BadSamples) throws -> String {
        let opened = try place.open()
        try opened.checkOutput(output)
        if output.hasSuffix(".tar") {
            let writer = try ShardWriter(String(output.dropLast(4)), shardSize: shardMegabytes << 20)
            return try write(opened, writer, bad)
        }
        let line = try write(opened, try LineWriter(output, images: opened.folder), bad)
        let home = URL(fileURLWithPath: output).deletingLastPathComponent().standardizedFileURL.path
        if opened.folder != home {
            writeRemark("note: its pictures are named relative to \(opened.folder); read it with --images \(opened.folder)\n")
        }
        return line
    }

    private func write(_ opened: DataPlace.Opened, _ writer: some SampleWriter, _ bad: BadSamples) throws -> String {
        let bar = ProgressBar("writing \(opened.name)", .items)
        defer { bar.finish() }
        let count = opened.samples.count
        let written = try writer.write(opened.samples, name: opened.name, bad: bad) { done in
            try Task.checkCancellation()
            bar.update(done, of: count, note: bad.count == 0 ? nil : "\(grouped(bad.count)) left out")
        }
        let files = written.files.count == 1 ? written.files[0] : "\(written.files.count) files, the last \(written.files.last ?? "")"
        return "\(grouped(written.count)) samples in \(files)\n"
    }
}
