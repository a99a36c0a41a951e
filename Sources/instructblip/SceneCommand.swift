import ArgumentParser
import BlipData
import BlipImages
import BlipScenes
import Foundation

struct SceneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scene", abstract: "Draw a picture of the built-in world, to ask about, and say what is in it.",
        discussion: """
            The same seed, style and size give the same picture on every machine. The datasets scenes_* (data list) are made of such pictures.

              instructblip scene --seed 7 --out scene.png --describe
              instructblip scene --seed 7 --style held-out --size 448 --out scene.png --json
              instructblip scene --seed 0 --sheet 6x4 --out sheet.png
              instructblip scene --seed 3 --frames --out clip
            """)

    enum Style: String, ExpressibleByArgument, CaseIterable {
        case training, unseen, sketch
        case heldOut = "held-out"
        case chart, blurred

        var style: SceneStyle {
            switch self {
            case .training: .training
            case .unseen: .unseenCombinations
            case .sketch: .sketches
            case .heldOut: .heldOut
            case .chart: .charts
            case .blurred: .blurredPictures
            }
        }
    }

    @Option(help: ArgumentHelp("What the scene depends on.", valueName: "n"))
    var seed: UInt64

    @Option(name: [.short, .long], help: ArgumentHelp("The PNG file to write; of frames the folder.", valueName: "file.png"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "What is drawn: \(Style.allCases.map(\.rawValue).joined(separator: ", ")). Unseen are combinations of attributes that training lacks, held-out has another way of drawing too.",
            valueName: "style"))
    var style = Style.training

    @Option(help: ArgumentHelp("Width and height in pixels.", valueName: "n"))
    var size = 224

    @Option(
        help: ArgumentHelp("Many scenes on one picture, of this and the following seeds, for example 6x4.", valueName: "columns x rows"))
    var sheet: String?

    @Flag(help: "Draw a clip in which something happens: frame1.png to frame4.png in a folder.")
    var frames = false

    @Flag(help: "Describe it in sentences.")
    var describe = false

    @Flag(help: "Write one JSON object a scene: seed, style, size, files, scene, and of a clip action and actor.")
    var json = false

    func validate() throws {
        if !SceneRenderer.sides.contains(size) {
            throw ValidationError(
                "--size must be between \(SceneRenderer.sides.lowerBound) and \(SceneRenderer.sides.upperBound), found \(size).")
        }
        if sheet != nil, frames { throw ValidationError("--sheet shows pictures, --frames a clip; leave one out.") }
        if sheet != nil, sheetSize == nil {
            throw ValidationError("--sheet must be columns x rows, each from 1 to 100, for example 6x4; found \(sheet ?? "").")
        }
    }

    private var sheetSize: (columns: Int, rows: Int)? {
        let parts = (sheet ?? "").split(separator: "x").map { Int($0) }
        guard parts.count == 2, let columns = parts[0], let rows = parts[1], (1...100).contains(columns), (1...100).contains(rows) else {
            return nil
        }
        return (columns, rows)
    }

    func run() throws {
        let renderer = try SceneRenderer(side: size)
        if frames { return try drawClip(renderer) }
        let count = sheetSize.map { $0.columns * $0.rows } ?? 1
        let scenes = (0..<count).map { place in
            let seed = seed &+ UInt64(place)
            var generator = SeededGenerator(seed: seed)
            return (seed, SceneGenerator(style.style).scene(&generator))
        }
        let file = try PNGOutput.file(out, option: "--out")
        if let sheetSize {
            // The size is checked before anything is drawn.
            try SceneSheet.check(columns: sheetSize.columns, rows: sheetSize.rows, side: size)
            try SceneSheet.picture(scenes.map { renderer($0.1) }, columns: sheetSize.columns).write(png: file)
        } else if let scene = scenes.first?.1 {
            try renderer(scene).write(png: file)
        }
        for (seed, scene) in scenes { try tell(seed, scene, files: [out]) }
    }

    private func drawClip(_ renderer: SceneRenderer) throws {
        var clips = ClipGenerator()
        (clips.style.drawings, clips.style.combinations) = (style.style.drawings, style.style.combinations)
        var generator = SeededGenerator(seed: seed)
        guard let clip = clips.clip(&generator) else {
            throw ValidationError("--seed \(seed) gives no clip in this style; try another one.")
        }
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch { throw ImageError.unwritableFile(path: out, reason: error.localizedDescription) }
        let files = try clip.frames.enumerated().map { number, frame in
            let file = folder.appendingPathComponent("frame\(number + 1).png")
            try renderer(frame).write(png: file)
            return (out as NSString).appendingPathComponent(file.lastPathComponent)
        }
        try tell(seed, clip.scene, files: files, clip)
    }

    private struct Telling: Encodable {
        let seed: UInt64
        let style: String
        let size: Int
        let files: [String]
        let scene: SceneFacts
        let action: String?
        /// Counted from 1.
        let actor: Int?
    }

    private func tell(_ seed: UInt64, _ scene: Scene, files: [String], _ clip: SceneClip? = nil) throws {
        if json {
            return try writeJSON(
                Telling(
                    seed: seed, style: style.rawValue, size: size, files: files, scene: SceneFacts(scene), action: clip?.action.name,
                    actor: clip.map { $0.actor + 1 }))
        }
        guard describe else { return }
        let head = sheet == nil ? "" : "\(seed): "
        let tail = clip.map { " Object \($0.actor + 1) \($0.action.name)." } ?? ""
        try writeOutput(head + SceneDescription(scene).text + tail + "\n")
    }
}
