import BlipJSON
import BlipModels
import BlipTensors
import Foundation

/// Every tensor of a folder, gathered so far as its files can be read: `WeightFiles` stops at the first thing that is wrong.
struct TensorInventory: Sendable {
    struct Entry: Sendable {
        let info: TensorInfo
        let file: SafetensorsFile
    }

    /// What a file that cannot be used has wrong, in one sentence each.
    private(set) var fileProblems: [String] = []
    /// Tensors that index and shards disagree on.
    private(set) var indexProblems: [String] = []
    private(set) var files: [SafetensorsFile] = []
    /// By name; of one that stands in several files the last.
    private(set) var entries: [String: Entry] = [:]
    /// Whether there is a single file beside an index, which is not read then.
    private(set) var hasBoth = false
    let isSharded: Bool
    /// Names and shapes that the config calls for; nil without a config.
    let wanted: Wanted?
    private let shapes: [String: [Int]]

    struct Wanted: Sendable {
        let shapes: [(name: String, shape: [Int])]
        let matrices: Set<String>
        let tables: Set<String>
        /// Names that a file may leave out because they equal others.
        let tieable: Set<String>
    }

    init(folder: URL, _ config: InstructBLIPConfig?) {
        let single = folder.appendingPathComponent(WeightFiles.singleName)
        let index = folder.appendingPathComponent(WeightFiles.indexName)
        func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
        hasBoth = exists(single) && exists(index)
        isSharded = !exists(single) && exists(index)
        var problems: [String] = []
        wanted = config.flatMap { config in
            do {
                let shapes = try ShapeWeights(of: config)
                return Wanted(
                    shapes: shapes.shapes, matrices: shapes.matrices, tables: shapes.tables, tieable: config.language.tieableNames)
            } catch {
                problems.append("the tensors that config.json calls for cannot be told: \(error)")
                return nil
            }
        }
        shapes = Dictionary((wanted?.shapes ?? []).map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
        fileProblems = problems
        if exists(single) {
            open(single)
        } else if exists(index) {
            openShards(index, folder)
        } else {
            // The loader's own words, which say what stands there instead.
            do { _ = try WeightFiles(folder: folder) } catch { fileProblems.append("\(error)") }
        }
    }

    @discardableResult
    private mutating func open(_ url: URL) -> SafetensorsFile? {
        do {
            let file = try SafetensorsFile(url)
            files.append(file)
            for info in file.infos { entries[info.name] = Entry(info: info, file: file) }
            return file
        } catch {
            fileProblems.append("\(error)")
            return nil
        }
    }

    private mutating func openShards(_ url: URL, _ folder: URL) {
        let index: SafetensorsIndex
        do { index = try SafetensorsIndex(url) } catch {
            fileProblems.append("\(error)")
            return
        }
        var promised: [String: Set<String>] = [:]
        var order: [String] = []
        for (tensor, shard) in index.weightMap {
            let name = shard.description
            if promised[name] == nil { order.append(name) }
            promised[name, default: []].insert(tensor.description)
        }
        for name in order {
            let shard = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: shard.path) else {
                fileProblems.append("\(name) is not in the folder, and \(promised[name]?.count ?? 0) tensors are to be in it")
                continue
            }
            guard let file = open(shard) else { continue }
            let held = Set(file.names)
            let told = promised[name] ?? []
            indexProblems += told.subtracting(held).sorted().map { "\($0) is not in \(name)" }
            indexProblems += held.subtracting(told).sorted().map { "\($0) is in \(name), where the index does not place it" }
        }
    }

    /// A tensor as it is stored, or packed.
    func find(_ name: String) -> (entry: Entry, packed: PackedFormat?)? {
        for format in PackedFormat.allCases {
            if let entry = entries[Quantization.storedName(name, format)] { return (entry, format) }
        }
        return entries[name].map { ($0, nil) }
    }

    /// Parameters of the network that the files hold, by the beginning of their names.
    func parameters(_ prefix: String) -> Int {
        (wanted?.shapes ?? []).filter { $0.name.hasPrefix(prefix) && find($0.name) != nil }.map { $0.shape.reduce(1, *) }.reduce(0, +)
    }

    /// Elements stored in a type.
    var elements: [ElementType: Int] {
        var found: [ElementType: Int] = [:]
        for entry in entries.values { found[entry.info.type, default: 0] += entry.info.shape.reduce(1, *) }
        return found
    }

    var byteCount: Int { entries.values.map(\.info.byteCount).reduce(0, +) }

    /// How a tensor of the files should look: nil where the config has no use for it.
    func purpose(of name: String) -> (name: String, shape: [Int], packed: PackedFormat?)? {
        for format in PackedFormat.allCases where name.hasSuffix(".\(format.rawValue)") {
            let plain = String(name.dropLast(format.rawValue.count + 1))
            if let shape = shapes[plain] { return (plain, shape, format) }
        }
        return shapes[name].map { (name, $0, nil) }
    }
}
