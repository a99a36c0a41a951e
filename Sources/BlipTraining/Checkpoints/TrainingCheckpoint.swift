public import BlipTensors
public import Foundation

/// What a run needs to go on, in a folder `checkpoint-<step>` that appears whole or not at all:
///
/// * `model.safetensors`: what is trained, in float32, under the names of the checkpoint
/// * `optimizer.safetensors`: AdamW's means (`mean.<name>`) and squares (`square.<name>`)
/// * `average.safetensors`: the moving average of what is trained, where the plan has one
/// * `trainer_state.json`: ``TrainerState``
/// * `plan.yaml`: the plan with its overrides
///
/// Everything is written into a folder under another name and brought to the disk; then the folder is renamed. So a process that is killed, or
/// a disk that is full, leaves the checkpoints before as they were.
public struct TrainingCheckpoint: Sendable {
    /// Writes the tensors of one file; tests put a full disk here.
    typealias Write = (_ tensors: [(name: String, tensor: Tensor)], _ file: URL) throws -> Void

    public let folder: URL
    public let step: Int

    static let weightsName = "model.safetensors"
    static let optimizerName = "optimizer.safetensors"
    static let averageName = "average.safetensors"
    static let stateName = "trainer_state.json"
    static let planName = "plan.yaml"
    private static let prefix = "checkpoint-"

    // MARK: Finding

    /// The complete checkpoints of a run, oldest first.
    public static func all(in output: URL) throws -> [TrainingCheckpoint] {
        guard FileManager.default.fileExists(atPath: output.path) else { return [] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: output.path) } catch {
            throw TrainingError.badCheckpoint(path: output.path, reason: error.localizedDescription)
        }
        return names.compactMap { name -> TrainingCheckpoint? in
            guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)), step >= 0, name == "\(prefix)\(step)" else {
                return nil
            }
            let folder = output.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(stateName).path) else { return nil }
            return TrainingCheckpoint(folder: folder, step: step)
        }.sorted { $0.step < $1.step }
    }

    /// A folder of one's own, or the best checkpoint of a run, or its newest.
    public static func find(_ place: URL) throws -> TrainingCheckpoint {
        if FileManager.default.fileExists(atPath: place.appendingPathComponent(stateName).path) {
            let state = try TrainingCheckpoint(folder: place, step: 0).state()
            return TrainingCheckpoint(folder: place, step: state.step)
        }
        let all = try all(in: place)
        guard let newest = all.last else { throw TrainingError.nothingToResume(path: place.path) }
        let best = try newest.state().best?.step
        return all.first { $0.step == best } ?? newest
    }

    // MARK: Reading

    public func state() throws -> TrainerState {
        let file = folder.appendingPathComponent(Self.stateName)
        do {
            let state = try JSONDecoder().decode(TrainerState.self, from: Data(contentsOf: file))
            guard state.format == 1 else {
                throw TrainingError.badCheckpoint(path: folder.path, reason: "its form is \(state.format), and this program knows 1")
            }
            return state
        } catch let error as TrainingError {
            throw error
        } catch {
            throw TrainingError.badCheckpoint(path: folder.path, reason: "\(Self.stateName) cannot be read (\(error.localizedDescription))")
        }
    }

    /// Whether a moving average was kept.
    public var hasAverage: Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(Self.averageName).path) }

    /// What was trained: its moving average where there is one, unless the weights themselves are wanted.
    public func weights(averaged: Bool = true) throws -> SafetensorsFile {
        try SafetensorsFile(folder.appendingPathComponent(averaged && hasAverage ? Self.averageName : Self.weightsName))
    }

    /// Sets parameters, optimizer and average to what is stored; an average that is not stored begins anew.
    func restore(_ optimizer: AdamW, _ average: MovingAverage? = nil) throws -> TrainerState {
        let state = try state()
        let weights = try SafetensorsFile(folder.appendingPathComponent(Self.weightsName))
        let moments = try SafetensorsFile(folder.appendingPathComponent(Self.optimizerName))
        let names = Set(optimizer.parameters.map(\.name))
        let odd = Set(weights.names).symmetricDifference(names).sorted()
        guard odd.isEmpty else {
            throw TrainingError.badCheckpoint(
                path: folder.path,
                reason: "it holds other trained tensors than the plan trains, for example \(odd[0]); train the same parts")
        }
        let averages = hasAverage ? try self.weights() : nil
        for (place, parameter) in optimizer.parameters.enumerated() {
            var pairs = [
                (weights, parameter.name, parameter.tensor), (moments, "mean.\(parameter.name)", optimizer.means[place]),
                (moments, "square.\(parameter.name)", optimizer.squares[place]),
            ]
            if let averages, let average { pairs.append((averages, parameter.name, average.averages[place])) }
            for (file, name, target) in pairs {
                guard let info = file.info(of: name), info.shape == target.shape, info.type.dtype == target.dtype else {
                    throw TrainingError.badCheckpoint(path: folder.path, reason: "\(name) is missing, or of another shape or type")
                }
                let stored = try file.tensor(name)
                try withoutGradients { try target.copy(from: stored) }
            }
        }
        if averages == nil { try average?.reset() }
        optimizer.step = state.optimizerStep
        return state
    }

    // MARK: Writing

    /// Writes a checkpoint into the folder of a run.
    static func write(
        _ state: TrainerState, _ optimizer: AdamW, _ average: MovingAverage? = nil, to output: URL,
        write: Write = { try SafetensorsWriter.write($0, to: $1) }
    ) throws -> TrainingCheckpoint {
        let files = FileManager.default
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let partial = output.appendingPathComponent(".\(prefix)\(state.step).\(unique).partial")
        let final = output.appendingPathComponent("\(prefix)\(state.step)")
        do {
            try files.createDirectory(at: partial, withIntermediateDirectories: true)
            try write(optimizer.parameters.map { ($0.name, $0.tensor) }, partial.appendingPathComponent(weightsName))
            let moments = optimizer.parameters.enumerated().flatMap { place, parameter in
                [("mean.\(parameter.name)", optimizer.means[place]), ("square.\(parameter.name)", optimizer.squares[place])]
            }
            try write(moments.map { (name: $0.0, tensor: $0.1) }, partial.appendingPathComponent(optimizerName))
            if let average {
                let tensors = zip(optimizer.parameters, average.averages).map { (name: $0.name, tensor: $1) }
                try write(tensors, partial.appendingPathComponent(averageName))
            }
            try AtomicFile.writeWhole(Data(state.plan.utf8), to: partial.appendingPathComponent(planName))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try AtomicFile.writeWhole(encoder.encode(state), to: partial.appendingPathComponent(stateName))
            // A run that was resumed earlier than its last checkpoint comes by the same steps again.
            if files.fileExists(atPath: final.path) { try files.removeItem(at: final) }
            try files.moveItem(at: partial, to: final)
            try AtomicFile.syncFolder(output)
        } catch {
            remove(partial)
            if let error = error as? SafetensorsError { throw TrainingError.unwritable(path: final.path, reason: "\(error)") }
            throw TrainingError.unwritable(path: final.path, reason: error.localizedDescription)
        }
        return TrainingCheckpoint(folder: final, step: state.step)
    }

    /// Removes all but the newest and the best.
    static func prune(_ output: URL, keeping count: Int, best: Int?) throws {
        let all = try all(in: output)
        for old in all.dropLast(max(1, count)) where old.step != best {
            // Renamed first: a folder half removed must not look like a checkpoint.
            let gone = output.appendingPathComponent(".\(prefix)\(old.step).removed.partial")
            remove(gone)
            do { try FileManager.default.moveItem(at: old.folder, to: gone) } catch {
                throw TrainingError.unwritable(path: old.folder.path, reason: error.localizedDescription)
            }
            remove(gone)
        }
    }

    /// Removes what killed processes left.
    static func clean(_ output: URL) throws {
        guard FileManager.default.fileExists(atPath: output.path) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: output.path)
        where name.hasPrefix(".\(prefix)") && name.hasSuffix(".partial") { remove(output.appendingPathComponent(name)) }
    }

    private static func remove(_ folder: URL) {
        guard FileManager.default.fileExists(atPath: folder.path) else { return }
        do { try FileManager.default.removeItem(at: folder) } catch {
            // It is in nobody's way, and the next run tries again.
        }
    }
}
