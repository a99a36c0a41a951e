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

    // A device is waited for once in a step: what is read of it comes at once.

    private mutating func chooseSamples() throws {
        let scores = try ruled(logits)
        let (largest, plain) = (try scores.max(-1), try logits.logSoftmax())
        let wanted = writers.map { $0.isDone ? 0 : $0.alternatives }.max() ?? 0
        let top = wanted > 0 ? try plain.top(min(wanted, plain.size(1))) : nil
        let noted = top.map { [$0.values, $0.indices] } ?? []
        let (chosen, likelihoods, alternatives): ([Int], [Float], ArraySlice<Tensor>)
        if writers[0].random == nil {
            let best = try scores.argmax(-1, keep: true)
            let read = try Tensor.onHost([largest, best, plain.gather(best, 1)] + noted)
            _ = check(rowsOf: try read[0].floats())
            (chosen, likelihoods, alternatives) = (try read[1].integers(), try read[2].floats(), read[3...])
        } else {
            let read = try Tensor.onHost([largest, scores.softmax(), plain] + noted)
            let isFit = check(rowsOf: try read[0].floats())
            chosen = try draw(1, replacing: true, from: read[1], parts, isFit)
            (likelihoods, alternatives) = (try read[2].gather(Tensor.of(chosen, [chosen.count, 1]), 1).floats(), read[3...])
        }
        let likeliest = try Self.likeliest(alternatives)
        for (place, writer) in writers.enumerated() where failures[place] == nil {
            let mine = parts[place]
            var choice = TokenChoice.Sampled(ids: Array(chosen[mine]), likelihoods: Array(likelihoods[mine]))
            if writer.alternatives > 0, !writer.isDone { choice.likeliest = likeliest[mine].map { Array($0.prefix(writer.alternatives)) } }
            do { try writer.note(choice) } catch { failures[place] = error }
        }
    }

    /// Of values and ids [branches, n] each row's pairs.
    private static func likeliest(_ top: ArraySlice<Tensor>) throws -> [[(id: Int, logProbability: Double)]] {
        guard let values = top.first, let ids = top.last else { return [] }
        let (all, count) = (zip(try ids.integers(), try values.floats()).map { (id: $0, logProbability: Double($1)) }, values.size(1))
        return stride(from: 0, to: all.count, by: count).map { Array(all[$0..<$0 + count]) }
    }

    private mutating func chooseBeams() throws {
        let (answers, vocabulary) = (writers.count, logits.size(1))
        // 1. Scores of every continuation under the rules.
        let plain = try logits.logSoftmax()
        let before = try Tensor.of(writers.flatMap(\.scores), [logits.size(0), 1]).to(logits.device)
        let scores = try (ruled(plain) + before).reshape([answers, -1])
        let unruled = try plain.reshape([answers, -1])
        // 2. The best continuations: enough that as many beams stay open however many stop ids are among them.
        let count = min(writers[0].settings.keep * writers[0].options.beams, scores.size(1))
        let (places, values, likelihoods): ([Int], [Float], [Float])
        if writers[0].random == nil {
            let best = try scores.top(count)
            let read = try Tensor.onHost([best.indices, best.values, unruled.gather(best.indices, 1)])
            (places, values, likelihoods) = (try read[0].integers(), try read[1].floats(), try read[2].floats())
            check((0..<answers).map { values[$0 * count].isFinite })
        } else {
            let read = try Tensor.onHost([scores.max(-1), scores.softmax(), scores, unruled])
            let isFit = try read[0].floats().map(\.isFinite)
            check(isFit)
            places = try draw(count, replacing: false, from: read[1], (0..<answers).map { $0..<$0 + 1 }, isFit)
            let drawn = try Tensor.of(places, [answers, count])
            (values, likelihoods) = (try read[2].gather(drawn, 1).floats(), try read[3].gather(drawn, 1).floats())
        }
        // 3. Each answer sorts its candidates into finished ones and open beams.
        for (place, writer) in writers.enumerated() where failures[place] == nil {
            let mine = place * count..<(place + 1) * count
            let candidates = TokenChoice.Candidates(
                places: places[mine], values: values[mine], likelihoods: likelihoods[mine], vocabulary: vocabulary)
            do { try writer.note(candidates) } catch { failures[place] = error }
        }
    }

    /// - Parameter largest: scores of each branch.
    /// - Returns: whether each answer has a likeliest token in all branches.
    private mutating func check(rowsOf largest: [Float]) -> [Bool] {
        let isFit = parts.map { largest[$0].allSatisfy(\.isFinite) }
        check(isFit)
        return isFit
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
