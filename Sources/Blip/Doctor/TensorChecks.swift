import BlipModels
import BlipTensors

extension DoctorCheck {
    /// Of names, shapes and files; no number is read.
    static let tensors: [DoctorCheck] = [files, index, missing, shapes, leftOver, types]

    private static let files = DoctorCheck(.tensors, "weight-files", "weight files open") { subject in
        let problems = subject.inventory.fileProblems
        guard problems.isEmpty else {
            return .wrong(problems[0], remedy: "fetch the file again, all of it", Diagnosis.shortened(Array(problems.dropFirst())))
        }
        let count = subject.inventory.files.count
        return .fine(
            "\(count == 1 ? "one file" : "\(count) files") with \(subject.inventory.entries.count) tensors, none of them cut short")
    }

    private static let index = DoctorCheck(.tensors, "weight-index", "index and shards agree") { subject in
        guard subject.inventory.isSharded else {
            return subject.inventory.hasBoth
                ? .notice(
                    "\(WeightFiles.singleName) stands beside an index; the single file counts, and the index is not read",
                    remedy: "remove what is left over, so that nobody takes the wrong one")
                : .doesNotApply("the weights are not in shards")
        }
        let problems = subject.inventory.indexProblems
        guard let first = problems.first else { return .fine("every tensor is in the shard where the index places it") }
        return .wrong(
            "index and shards disagree on \(problems.count) tensors: \(first)",
            remedy: "fetch the index and all shards of one revision again", Diagnosis.shortened(problems))
    }

    private static func wanted(_ subject: DoctorSubject) throws -> TensorInventory.Wanted {
        guard let wanted = subject.inventory.wanted else { throw DoctorSubject.Missing(description: "config.json cannot be read") }
        return wanted
    }

    private static let missing = DoctorCheck(.tensors, "missing-tensors", "no tensor is missing") { subject in
        let wanted = try wanted(subject)
        let absent = wanted.shapes.map(\.name).filter { subject.inventory.find($0) == nil && !wanted.tieable.contains($0) }
        guard let first = absent.first else { return .fine("all \(wanted.shapes.count) tensors that config.json calls for are there") }
        return .wrong(
            "\(absent.count) of \(wanted.shapes.count) tensors that config.json calls for are missing, as \(first)",
            remedy: "fetch the missing files, or convert the checkpoint again", Diagnosis.shortened(absent))
    }

    private static let shapes = DoctorCheck(.tensors, "shapes", "shapes are those of the config") { subject in
        var problems: [String] = []
        for (name, shape) in try wanted(subject).shapes {
            guard let (entry, format) = subject.inventory.find(name) else { continue }
            let expected = format.map { shape.count == 2 ? $0.byteCount(rows: shape[0], columns: shape[1]).map { [$0] } : nil } ?? shape
            if entry.info.shape != expected {
                problems.append("\(entry.info.name) has shape \(entry.info.shape), expected \(expected ?? [])")
            }
        }
        guard let first = problems.first else { return .fine("every shape is the one that config.json calls for") }
        return .wrong(first, remedy: "take config and weights of one checkpoint", Diagnosis.shortened(problems))
    }

    private static let leftOver = DoctorCheck(.tensors, "left-over-tensors", "no tensor is left over") { subject in
        _ = try wanted(subject)
        let unknown = subject.inventory.entries.keys.filter { subject.inventory.purpose(of: $0) == nil }.sorted()
        let odd = unknown.filter { !CheckpointWeights.isKnownLeftover($0) }
        if let first = odd.first {
            return .wrong(
                "\(odd.count) tensors have no use in this architecture, as \(first)", remedy: "take config and weights of one checkpoint",
                Diagnosis.shortened(odd))
        }
        guard unknown.isEmpty else {
            return .avoided(
                "\(unknown.count) tensors are leftovers of old uploads, as \(unknown[0]), which no model needs and nobody reads")
        }
        return .fine("every tensor has its use")
    }

    private static let types = DoctorCheck(.tensors, "element-types", "element types can be computed with") { subject in
        let allowed: Set<ElementType> = [.float32, .float16, .bfloat16, .float64]
        let odd = try wanted(subject).shapes.compactMap { name, _ -> String? in
            guard let (entry, format) = subject.inventory.find(name) else { return nil }
            let fits = format == nil ? allowed.contains(entry.info.type) : entry.info.type == .uint8
            return fits ? nil : "\(entry.info.name) is \(entry.info.type.rawValue)"
        }
        guard let first = odd.first else {
            let kinds = subject.inventory.elements.sorted { $0.value > $1.value }.map(\.key.rawValue)
            return .fine("elements are \(kinds.joined(separator: ", "))")
        }
        return .wrong(
            "\(odd.count) weights have a type that nothing can be computed with: \(first)",
            remedy: "convert the checkpoint to float32, float16 or bfloat16", Diagnosis.shortened(odd))
    }

    // MARK: Numbers

    /// Of the numbers; nil where they were not read.
    static func values(_ values: TensorValues?) -> [DoctorCheck] {
        [
            DoctorCheck(.tensors, "finite-values", "every number is finite") { subject in
                guard let values else { return .notRun("the numbers were not read, as was asked") }
                let bad = values.states.filter { $0.value.notFinite > 0 }.sorted { $0.key < $1.key }
                guard let first = bad.first else { return .fine("no NaN and no infinity in \(values.states.count) tensors") }
                return .wrong(
                    "\(bad.count) tensors hold NaN or infinity, as \(first.key) (\(first.value.notFinite))",
                    remedy: "fetch or convert the checkpoint again; a weight that overflowed in float16 needs bfloat16 or float32",
                    Diagnosis.shortened(bad.map { "\($0.key): \($0.value.notFinite)" }))
            },
            DoctorCheck(.tensors, "zero-matrices", "no matrix is constant") { subject in
                guard let values else { return .notRun("the numbers were not read, as was asked") }
                let constant = values.states.filter { name, state in
                    guard state.isConstant, let info = subject.inventory.entries[name]?.info else { return false }
                    return info.shape.count >= 2 && info.shape.reduce(1, *) > 1
                }.keys.sorted()
                // A norm whose weights are all zero passes nothing on; one of ones, or a bias of zeros, is as it was made.
                let silent = values.states.filter { name, state in
                    state.isZero && name.hasSuffix(".weight") && subject.inventory.entries[name]?.info.shape.count == 1
                }.keys.sorted()
                let odd = constant + silent
                guard let first = odd.first else { return .fine("no weight is the same number throughout") }
                return .wrong(
                    "\(odd.count) weights are one number throughout, as \(first): something was never loaded into them",
                    remedy: "fetch or convert the checkpoint again", Diagnosis.shortened(odd))
            },
        ]
    }
}
