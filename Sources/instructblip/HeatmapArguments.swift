import ArgumentParser
import Blip
import BlipImages
import Foundation

/// Drawing where the Q-Former looked.
struct HeatmapArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Draw where the Q-Former looked for the instruction.", valueName: "out.png"))
    var heatmap: String?

    @Option(help: ArgumentHelp("Draw a second instruction's heat map to the right, or below those of a clip.", valueName: "instruction"))
    var compare: String?

    @Option(help: ArgumentHelp("One query instead of the mean of all, counted from 0.", valueName: "n"))
    var heatmapQuery: Int?

    @Option(help: ArgumentHelp("One of the layers that look at the image instead of the mean of all, counted from 0.", valueName: "n"))
    var heatmapLayer: Int?

    @Flag(help: "Draw where that was found what the answer rests on, in place of everything that the Q-Former looked at.")
    var heatmapAnswer = false

    @Flag(help: "Draw every query by itself, in a grid.")
    var heatmapGrid = false

    func validate() throws {
        let others = compare != nil || heatmapQuery != nil || heatmapLayer != nil || heatmapGrid || heatmapAnswer
        if heatmap == nil && others { throw ValidationError("--compare and the options of heat maps need --heatmap out.png.") }
        if heatmapAnswer && (heatmapGrid || heatmapQuery != nil) {
            throw ValidationError("--heatmap-answer draws all queries together; leave out --heatmap-grid and --heatmap-query.")
        }
        if heatmapGrid && heatmapQuery != nil { throw ValidationError("--heatmap-grid draws every query; leave out --heatmap-query.") }
    }

    /// A grid of every query shows one picture, and nothing is drawn over one that was given.
    func check(_ frames: [RGBImage], from pictures: [String]) throws {
        if let heatmap {
            if pictures.contains(where: { WholeFile.isSame($0, heatmap) }) {
                throw ValidationError("--heatmap is the picture asked about; choose another file.")
            }
            _ = try PNGOutput.file(heatmap, option: "--heatmap")
        }
        if heatmapGrid && frames.count > 1 {
            throw ValidationError("--heatmap-grid draws one picture, found \(frames.count) frames; leave it out, or give --frames 1.")
        }
    }

    /// Draws what was asked for; nothing when no heat map was. The frames of a clip stand in a row, a second instruction's below.
    ///
    /// - Parameter answer: gives an instruction's answer.
    func draw(
        _ assistant: Assistant, _ instruction: String, _ frames: [RGBImage], answer: (String) async throws -> String
    ) async throws {
        guard let heatmap else { return }
        var panels: [RGBImage] = []
        var queries = 0
        if compare != nil, try await !assistant.tellsQFormer {
            writeRemark(
                "note: this checkpoint's Q-Former is told nothing, as BLIP-2's, so its heat map is the same for every instruction\n")
        }
        for text in [instruction] + (compare.map { [$0] } ?? []) {
            let said = heatmapAnswer ? try await answer(text) : ""
            for frame in frames {
                let picture = try Self.sized(frame)
                let map = try await assistant.heatmap(text, about: frame, answer: said.isEmpty ? nil : said)
                queries = map.weights.first?.count ?? 0
                let chosen = heatmapGrid ? Array(0..<queries).map { Optional($0) } : [heatmapQuery]
                for query in chosen {
                    let weights = try map.mean(layer: heatmapLayer, query: query)
                    panels.append(HeatOverlay.draw(weights, rows: map.rows, columns: map.columns, over: picture))
                }
            }
        }
        let square = max(1, Int(Double(queries).squareRoot().rounded(.up)))
        let across = heatmapGrid ? square : frames.count > 1 ? frames.count : panels.count
        try HeatOverlay.sheet(panels, columns: across).write(png: URL(fileURLWithPath: heatmap))
    }

    /// Large pictures are drawn smaller: at most 640 pixels a side.
    private static func sized(_ image: RGBImage) throws -> RGBImage {
        let longest = max(image.width, image.height)
        guard longest > 640 else { return image }
        let (width, height) = (max(1, image.width * 640 / longest), max(1, image.height * 640 / longest))
        return try image.resized(height: height, width: width)
    }
}
