import ArgumentParser
import BlipImages
import BlipPictures
import BlipTraining
import Foundation

struct DataBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how many pictures a second can be made ready for training here.",
        discussion: """
            Every picture of a folder is read, decoded, resized and normalised as for a published checkpoint, in several rounds; the first one,
            which brings the files into memory, does not count. One more round on one thread shows where the time goes.

              instructblip data bench photos --workers 2 --augment
            """)

    @Argument(help: ArgumentHelp("A folder of JPEG, PNG and WebP pictures; folders in it are not looked into.", valueName: "dir"))
    var folder: String

    @Option(name: [.short, .long], help: ArgumentHelp("Threads. Default: one per core.", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("Pictures kept ready at most.", valueName: "n"))
    var depth = 64

    @Flag(help: "Cut out half of each picture to all of it, as in training.")
    var augment = false

    @Option(help: ArgumentHelp("What the parts that are cut out depend on.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Width and height in pixels.", valueName: "n"))
    var size = 224

    @Option(help: "The arithmetic of resizing: torchvision or pillow.")
    var resize: ResizeBackend = .torchvision

    @Option(help: ArgumentHelp("Rounds that count.", valueName: "n"))
    var rounds = 3

    @Option(
        help: ArgumentHelp("Write what became of the pictures, by name, to this file: float32 values, red, green, blue.", valueName: "file")
    )
    var planes: String?

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if let workers, !(1...1024).contains(workers) { throw ValidationError("--workers must be between 1 and 1024, found \(workers).") }
        if !(1...4096).contains(depth) { throw ValidationError("--depth must be between 1 and 4096, found \(depth).") }
        if !(1...1000).contains(rounds) { throw ValidationError("--rounds must be between 1 and 1000, found \(rounds).") }
    }

    func run() throws {
        let files = try Self.pictures(in: folder)
        var processor = ImageProcessor()
        (processor.width, processor.height, processor.backend) = (size, size, resize)
        let loader = PictureLoader(processor, augment ? .paper : .none)
        let threads = workers ?? ProcessInfo.processInfo.activeProcessorCount
        if let planes { try write(files, loader, threads, to: planes) }
        var seconds: [Double] = []
        for _ in 0...rounds { seconds.append(try round(files, loader, threads) { _ in }) }
        seconds.removeFirst()
        let stages = try stages(files, loader)
        let figures = DataBenchFigures(
            pictures: files.count, workers: threads, augmented: augment, resize: resize.rawValue, seconds: seconds.sorted(), stages: stages)
        if json { try writeJSON(figures) } else { try writeOutput(figures.table + "\n") }
    }

    /// The seconds for all pictures. The first one that cannot be read ends it.
    private func round(_ files: [URL], _ loader: PictureLoader, _ threads: Int, _ use: (PixelPlanes) throws -> Void) throws -> Double {
        let (clock, seed) = (ContinuousClock(), seed)
        let start = clock.now
        let prefetch = try OrderedPrefetch(0..<files.count, workers: threads, depth: max(depth, threads)) { index in
            var generator = PictureGenerator(seed: seed, index: index)
            return try loader.planes(of: .file(files[index]), using: &generator)
        }
        for planes in prefetch { try use(planes.get()) }
        return (clock.now - start) / .seconds(1)
    }

    private func write(_ files: [URL], _ loader: PictureLoader, _ threads: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path) else {
            throw ImageError.unwritableFile(path: path, reason: "it cannot be made")
        }
        do {
            _ = try round(files, loader, threads) { planes in
                try handle.write(contentsOf: planes.values.withUnsafeBytes { Data($0) })
            }
            try handle.close()
        } catch let error as ImageError {
            throw error
        } catch { throw ImageError.unwritableFile(path: path, reason: error.localizedDescription) }
    }

    /// The parts of the time on one thread, in seconds for all pictures.
    private func stages(_ files: [URL], _ loader: PictureLoader) throws -> DataBenchFigures.Stages {
        let clock = ContinuousClock()
        var stages = DataBenchFigures.Stages()
        for (index, file) in files.enumerated() {
            var generator = PictureGenerator(seed: seed, index: index)
            let start = clock.now
            let bytes = try ImageSource.file(file).read()
            let read = clock.now
            let image = try ImageSource.bytes(bytes).load()
            let decoded = clock.now
            let plan = loader.augmentation.plan(width: image.width, height: image.height, using: &generator)
            let picture = try loader.processor.picture(image, plan)
            let resized = clock.now
            let planes = loader.processor.planes(of: picture)
            let end = clock.now
            guard planes.values.count == picture.pixels.count else { continue }
            stages.read += (read - start) / .seconds(1)
            stages.decode += (decoded - read) / .seconds(1)
            stages.resize += (resized - decoded) / .seconds(1)
            stages.normalize += (end - resized) / .seconds(1)
        }
        return stages
    }

    private static func pictures(in path: String) throws -> [URL] {
        let folder = URL(fileURLWithPath: path, isDirectory: true)
        let found: [URL]
        do {
            found = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        } catch { throw ImageError.missingFile(path: path) }
        let endings: Set = ["jpg", "jpeg", "png", "webp"]
        let files = found.filter { endings.contains($0.pathExtension.lowercased()) }.sorted { $0.path < $1.path }
        guard !files.isEmpty else { throw ImageError.noPictures(path: path) }
        return files
    }
}

/// SplitMix64, begun from a seed and the number of a picture.
private struct PictureGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, index: Int) {
        state = seed &* 0xD134_2543_DE82_EF95 &+ UInt64(truncatingIfNeeded: index)
        state = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// What `data bench` writes.
struct DataBenchFigures: Encodable {
    /// Seconds on one thread, for all pictures.
    struct Stages: Encodable {
        var read = 0.0
        var decode = 0.0
        var resize = 0.0
        var normalize = 0.0
    }

    let pictures, workers: Int
    let augmented: Bool
    let resize: String
    let picturesPerS, picturesPerSMin, picturesPerSMax: Double
    let stages: Stages
    let peakMemoryBytes = peakMemory()

    enum CodingKeys: String, CodingKey {
        case pictures, workers, augmented, resize, stages
        case picturesPerS = "pictures_per_s"
        case picturesPerSMin = "pictures_per_s_min"
        case picturesPerSMax = "pictures_per_s_max"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    /// - Parameter seconds: of each round, sorted; at least one.
    init(pictures: Int, workers: Int, augmented: Bool, resize: String, seconds: [Double], stages: Stages) {
        func rate(_ seconds: Double?) -> Double { Double(pictures) / (seconds ?? .infinity) }
        (self.pictures, self.workers, self.augmented, self.resize, self.stages) = (pictures, workers, augmented, resize, stages)
        picturesPerS = rate(seconds[seconds.count / 2])
        (picturesPerSMin, picturesPerSMax) = (rate(seconds.last), rate(seconds.first))
    }

    var table: String {
        func row(_ name: String, _ value: String) -> String { name.padding(toLength: 12, withPad: " ", startingAt: 0) + value }
        func each(_ name: String, _ seconds: Double) -> String {
            row(name, String(format: "%.3f ms a picture, on one thread", seconds / Double(pictures) * 1000))
        }
        let range = String(format: "%.4g pictures/s (%.4g to %.4g)", picturesPerS, picturesPerSMin, picturesPerSMax)
        return [
            row("pictures", "\(grouped(pictures)), \(augmented ? "cut out at random" : "whole"), \(workers) threads"), row("rate", range),
            each("read", stages.read), each("decode", stages.decode), each("resize", stages.resize), each("normalise", stages.normalize),
        ].joined(separator: "\n")
    }
}
