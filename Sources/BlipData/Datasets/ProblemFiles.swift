import BlipJSON

/// School problems: all of them in `problems.json`, an object keyed by id, and the ids of each split in `pid_splits.json`. ScienceQA and
/// IconQA are
/// published so.
struct ProblemFiles: SampleCollection {
    private let problems: KeyedMembers
    private let ids: RecordFile
    private let read: @Sendable (_ id: String, _ problem: RecordFields) throws -> Sample

    /// - Parameters:
    ///   - ids: the array of a split's ids.
    ///   - read: makes the sample of a problem.
    init(
        problems: KeyedMembers, ids: RecordFile, read: @escaping @Sendable (_ id: String, _ problem: RecordFields) throws -> Sample
    ) {
        self.problems = problems
        self.ids = ids
        self.read = read
    }

    var count: Int { ids.count }

    func sample(_ index: Int) throws -> Sample {
        let (id, problem) = try problem(index)
        return try read(id, problem)
    }

    /// Those that fulfil a condition. One that cannot be read stays, so that it says so when it is its turn.
    func filtered(_ condition: (RecordFields) throws -> Bool) -> ChosenSamples {
        ChosenSamples(
            self,
            (0..<count).filter { index in
                do { return try condition(problem(index).problem) } catch { return true }
            })
    }

    private func problem(_ index: Int) throws -> (id: String, problem: RecordFields) {
        guard let id = try ids.json(index).string else {
            throw DataError.badRecord(place: ids.place(index), reason: "it is no id in quotes")
        }
        guard let problem = try problems.record(id) else {
            throw DataError.badRecord(place: ids.place(index), reason: "no problem of \(problems.path) has the id \(id)")
        }
        return (id, problem)
    }

    /// A question with options, of which one is right.
    static func question(_ problem: RecordFields, context: String? = nil) throws -> VisualQuestion {
        let choices = try problem.texts("choices")
        let number = try problem.identifier("answer")
        guard let answer = Int(number), choices.indices.contains(answer) else {
            throw problem.bad("its \"answer\" \(number) is none of its \(choices.count) choices")
        }
        return VisualQuestion(
            try problem.text("question"), answers: [WeightedAnswer(choices[answer])], options: choices, correct: answer, context: context)
    }
}
