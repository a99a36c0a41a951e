import BlipModels
import BlipTensors

/// What was chosen for one answer in a step.
enum TokenChoice {
    /// A token for each sample.
    struct Sampled {
        var ids: [Int]
        /// Log-probabilities under the model, before any rule.
        var likelihoods: [Float]
        /// Empty where nobody asked.
        var likeliest: [[(id: Int, logProbability: Double)]] = []
    }

    /// The best continuations of all beams together, best first, or drawn ones.
    struct Candidates {
        /// Beam and token: beam · vocabulary + token.
        var places: ArraySlice<Int>
        /// Sums of scores under the rules.
        var values: ArraySlice<Float>
        /// Log-probabilities of the last tokens under the model.
        var likelihoods: ArraySlice<Float>
        var vocabulary: Int
    }
}

extension AnswerWriter {
    /// Chooses the next tokens of several answers.
    ///
    /// Answers under the same rules are chosen in one pass. Those that are done take part without change.
    ///
    /// - Parameter logits: after each branch's last token, answer after answer [branches, vocabulary]; for a first token of the prompt the same for
    ///   each branch.
    /// - Returns: for each answer what went wrong with it alone: numbers that are not finite, or what its own condition of an end throws.
    public static func advance(_ writers: [AnswerWriter], _ logits: Tensor) throws -> [(any Error)?] {
        let flat = try logits.to(.float32)
        var (starts, start) = ([Int](), 0)
        for writer in writers {
            starts.append(start)
            start += writer.count
        }
        var failures = [(any Error)?](repeating: nil, count: writers.count)
        for group in groups(writers) {
            // Rows that lie together already are not copied.
            let parts = group.map { starts[$0]..<starts[$0] + writers[$0].count }
            let rows = group.count == writers.count ? flat : try Tensor.concatenate(parts.map { try flat.slice(0, $0) }, 0)
            var choice = ChoiceGroup(group.map { writers[$0] }, rows)
            let found = try choice.choose()
            for (place, failure) in zip(group, found) { failures[place] = failure }
        }
        return failures
    }

    /// The places of answers that can be chosen together.
    private static func groups(_ writers: [AnswerWriter]) -> [[Int]] {
        var order: [GroupKey] = []
        var groups: [GroupKey: [Int]] = [:]
        for (place, writer) in writers.enumerated() {
            let key = GroupKey(
                settings: writer.settings, beams: writer.options.beams, isSampled: writer.options.sampling != nil)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(place)
        }
        return order.compactMap { groups[$0] }
    }

    private struct GroupKey: Hashable {
        let settings: LogitRules.Settings
        let beams: Int
        let isSampled: Bool
    }
}

/// Answers under the same rules.
private struct ChoiceGroup {
    let writers: [AnswerWriter]
    let logits: Tensor  // [branches, vocabulary]
    /// Where the branches of each answer stand.
    let parts: [Range<Int>]
    var failures: [(any Error)?]

    init(_ writers: [AnswerWriter], _ logits: Tensor) {
        (self.writers, self.logits) = (writers, logits)
        var start = 0
        parts = writers.map { writer in
            defer { start += writer.count }
            return start..<start + writer.count
        }
        failures = Array(repeating: nil, count: writers.count)
    }

    /// - Returns: what went wrong with each answer.
    mutating func choose() throws -> [(any Error)?] {
        if writers[0].options.beams > 1 { try chooseBeams() } else { try chooseSamples() }
        return failures
    }

    /// The scores under the rules.
    private func ruled(_ scores: Tensor) throws -> Tensor {
        let rules = LogitRules(writers[0].settings)
        return try rules(
            scores, said: rules.readsSaid ? writers.flatMap(\.said) : [],
            written: writers.flatMap { Array(repeating: $0.written, count: $0.count) })
    }

    private mutating func chooseSamples() throws {
        let scores = try ruled(logits)
        let isFinite = try scores.max(-1).floats().map(\.isFinite)
        let isFit = parts.map { isFinite[$0].allSatisfy(\.self) }
        check(isFit)
        let chosen: [Int]
        if writers[0].random == nil {
            chosen = try scores.argmax(-1).integers()
        } else {
            chosen = try draw(1, replacing: true, from: scores.softmax().to(.cpu), parts, isFit)
        }
        let plain = try logits.logSoftmax()
        let likelihoods = try plain.gather(Tensor.of(chosen, [chosen.count, 1]).to(logits.device), 1).floats()
        for (place, writer) in writers.enumerated() where failures[place] == nil {
            let mine = parts[place]
            var choice = TokenChoice.Sampled(ids: Array(chosen[mine]), likelihoods: Array(likelihoods[mine]))
            if writer.alternatives > 0, !writer.isDone { choice.likeliest = try likeliest(plain.slice(0, mine), writer.alternatives) }
            do { try writer.note(choice) } catch { failures[place] = error }
        }
    }

    private func likeliest(_ likelihoods: Tensor, _ wanted: Int) throws -> [[(id: Int, logProbability: Double)]] {
        let count = min(wanted, likelihoods.size(1))
        let (values, ids) = try likelihoods.top(count)
        let all = zip(try ids.integers(), try values.floats()).map { (id: $0, logProbability: Double($1)) }
        return stride(from: 0, to: all.count, by: count).map { Array(all[$0..<$0 + count]) }
    }

    private mutating func chooseBeams() throws {
        let (answers, vocabulary) = (writers.count, logits.size(1))
        // 1. Scores of every continuation under the rules.
        let plain = try logits.logSoftmax()
        let before = try Tensor.of(writers.flatMap(\.scores), [logits.size(0), 1]).to(logits.device)
        let scores = try (ruled(plain) + before).reshape([answers, -1])
        // 2. The best continuations: enough that as many beams stay open however many stop ids are among them.
        let count = min(writers[0].settings.keep * writers[0].options.beams, scores.size(1))
        let (places, values): ([Int], [Float])
        if writers[0].random == nil {
            let best = try scores.top(count)
            (places, values) = (try best.indices.integers(), try best.values.floats())
            check((0..<answers).map { values[$0 * count].isFinite })
        } else {
            let isFit = try scores.max(-1).floats().map(\.isFinite)
            check(isFit)
            let rows = (0..<answers).map { $0..<$0 + 1 }
            let drawn = try draw(count, replacing: false, from: scores.softmax().to(.cpu), rows, isFit)
            (places, values) = (drawn, try scores.gather(Tensor.of(drawn, [answers, count]).to(scores.device), 1).floats())
        }
        let likelihoods = try plain.reshape([answers, -1]).gather(Tensor.of(places, [answers, count]).to(scores.device), 1).floats()
        // 3. Each answer sorts its candidates into finished ones and open beams.
        for (place, writer) in writers.enumerated() where failures[place] == nil {
            let mine = place * count..<(place + 1) * count
            let candidates = TokenChoice.Candidates(
                places: places[mine], values: values[mine], likelihoods: likelihoods[mine], vocabulary: vocabulary)
            do { try writer.note(candidates) } catch { failures[place] = error }
        }
    }

    private mutating func check(_ isFit: [Bool]) {
        for (place, writer) in writers.enumerated() where !isFit[place] && !writer.isDone {
            failures[place] = GenerationError.notFinite(step: writer.written)
        }
    }

    /// Draws from rows of probabilities, each answer from its own stream. Answers that share a stream are drawn at once, or fail together.
    ///
    /// - Parameter rows: of each answer.
    private mutating func draw(
        _ count: Int, replacing: Bool, from probabilities: Tensor, _ rows: [Range<Int>], _ isFit: [Bool]
    ) throws -> [Int] {
        var order: [ObjectIdentifier] = []
        var sharing: [ObjectIdentifier: [Int]] = [:]
        for (place, writer) in writers.enumerated() {
            guard let random = writer.random else { continue }
            if sharing[ObjectIdentifier(random)] == nil { order.append(ObjectIdentifier(random)) }
            sharing[ObjectIdentifier(random), default: []].append(place)
        }
        var drawn = [Int](repeating: 0, count: probabilities.size(0) * count)
        for places in order.compactMap({ sharing[$0] }) {
            guard let random = writers[places[0]].random else { continue }
            guard places.allSatisfy({ isFit[$0] }) else {
                for place in places where failures[place] == nil && !writers[place].isDone {
                    failures[place] = GenerationError.notFinite(step: writers[place].written)
                }
                continue
            }
            let isAll = places.count == writers.count
            let mine = isAll ? probabilities : try Tensor.concatenate(places.map { try probabilities.slice(0, rows[$0]) }, 0)
            let found = try random.draw(count, from: mine, replacing: replacing).integers()
            var start = 0
            for place in places {
                let size = rows[place].count * count
                let target = rows[place].lowerBound * count
                drawn.replaceSubrange(target..<target + size, with: found[start..<start + size])
                start += size
            }
        }
        return drawn
    }
}
