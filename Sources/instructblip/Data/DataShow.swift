import ArgumentParser
import BlipData
import Foundation

struct DataShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a dataset's card and some of its samples, as a model in training is told them.",
        discussion: """
            Templates and answers are drawn as training draws them. Where the files are not below --root, the card tells what to fetch from where.

              instructblip data show okvqa
              instructblip data show okvqa --root /data --split val --n 20 --html okvqa.html
            """)

    @OptionGroup var place: DataPlace

    @Option(help: ArgumentHelp("How many samples.", valueName: "n"))
    var n = 5

    @Option(help: ArgumentHelp("The first sample, counted from 1; without it they are drawn at random.", valueName: "n"))
    var from: Int?

    @Option(help: ArgumentHelp("What random choices depend on.", valueName: "n"))
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Write a page with pictures to look at.", valueName: "file.html"))
    var html: String?

    @Flag(help: "Write one JSON object a sample, in the form that data convert writes.")
    var json = false

    func validate() throws {
        if !(1...10_000).contains(n) { throw ValidationError("--n must be between 1 and 10000, found \(n).") }
        if let from, from < 1 { throw ValidationError("--from counts from 1, found \(from).") }
    }

    func run() throws {
        let definition = try place.definition()
        if let definition, !json { try writeOutput(CardText(definition, root: place.root.path).text) }
        let opened: DataPlace.Opened
        do { opened = try place.open() } catch let error as DataError {
            // The card has just said what to fetch; without files there is nothing more to show, but a page that was asked for.
            guard case .missingFile = error, definition != nil, html == nil, !json, place.split == nil else { throw error }
            return
        }
        if let html { try opened.checkOutput(html) }
        let shown = try shownSamples(opened)
        if json {
            for sample in shown.compactMap(\.sample) { try writeOutput(SampleLine.text(sample)) }
            for problem in shown.compactMap(\.problem) { writeRemark("note: \(printable(problem))\n") }
        } else {
            try writeOutput("\n\(opened.name): \(grouped(opened.samples.count)) samples\(Self.pairs(opened.samples))\n")
            for sample in shown { try writeOutput("\n" + printable(sample.text)) }
        }
        if let html {
            let page = try SamplePage(title: opened.name, samples: shown, definition: opened.definition).text
            let file = try OutputFile(URL(fileURLWithPath: html))
            try file.append(Array(page.utf8))
            try file.publish()
            writeRemark("wrote \(html)\n")
        }
        if shown.contains(where: { $0.problem != nil }) { throw ExitCode(65) }
    }

    private static func pairs(_ samples: any SampleCollection) -> String {
        samples.size == samples.count ? "" : ", \(grouped(samples.size)) pairs of picture and text"
    }

    private func shownSamples(_ opened: DataPlace.Opened) throws -> [ShownSample] {
        let count = opened.samples.count
        let places: [Int]
        if let from {
            guard from <= count else { throw ValidationError("--from \(from) is beyond the last of \(count) samples.") }
            places = Array(from - 1..<min(count, from - 1 + n))
        } else {
            let order = SeededOrder(count: max(1, count), SeededGenerator(seed: seed))
            places = (0..<min(n, count)).map { order[$0] }.sorted()
        }
        return places.map { ShownSample(opened, $0, seed: seed) }
    }
}
