import BlipTestSupport
import Testing

@testable import BlipTensors

/// Steps of several answers at once against the same in libtorch's own operations, answer by answer.
@Suite("Joint steps") struct JointStepTests {
    private func withEachSet(_ body: (String) throws -> Void) throws {
        defer { _ = Kernels.choose(nil) }
        for name in ["avx512vnni", "avxvnni", "avx2", "neon", "portable"] where Kernels.choose(name) { try body(name) }
    }

    enum Mask: CaseIterable { case none, seen, added }

    /// One answer before a step: what is kept, its tokens, and its mask.
    private struct Answer {
        let keys, values: Tensor  // [1, K, capacity, d]
        let length, count: Int
        let queries, newKeys, newValues: Tensor  // [1, T, H·d], [1, T, K·d]
        let angles: (cosines: Tensor, sines: Tensor)?
        let mask: Tensor?  // [1, 1 or H, T, positions]

        init(_ random: RandomStream, heads: Int, shared: Int, size: Int, length: Int, count: Int, mask: Mask, turns: Bool) throws {
            (self.length, self.count) = (length, count)
            keys = try random.normal([1, shared, length + count + 3, size])
            values = try random.normal([1, shared, length + count + 3, size])
            queries = try random.normal([1, count, heads * size])
            (newKeys, newValues) = try (random.normal([1, count, shared * size]), random.normal([1, count, shared * size]))
            angles = turns ? try (random.normal([1, 1, count, size]), random.normal([1, 1, count, size])) : nil
            let total = length + count
            switch mask {
            case .none: self.mask = nil
            case .added: self.mask = try random.normal([1, heads, count, total])
            case .seen:
                let seen = (0..<count * total).map { $0 % 3 != 1 || $0 % total == total - 1 }
                self.mask = try Tensor.of(seen, [1, 1, count, total])
            }
        }

        /// In operations of libtorch.
        func expected(heads: Int, shared: Int, size: Int) throws -> Tensor {
            func parted(_ x: Tensor, _ heads: Int) throws -> Tensor { try x.reshape([1, count, heads, size]).transpose(1, 2) }
            func turned(_ x: Tensor) throws -> Tensor {
                guard let angles else { return x }
                let half = size / 2
                let other = try Tensor.concatenate([-x.slice(3, half..<size), x.slice(3, 0..<half)], 3)
                return try x * angles.cosines + other * angles.sines
            }
            let allKeys = try Tensor.concatenate([keys.slice(2, 0..<length), turned(parted(newKeys, shared))], 2)
            let allValues = try Tensor.concatenate([values.slice(2, 0..<length), parted(newValues, shared)], 2)
            let scores = try turned(parted(queries, heads)).matmul(allKeys.repeatEach(heads / shared, 1).transpose(2, 3)) * 0.3
            var masked = scores
            if let mask { masked = mask.dtype == .bool ? try scores.filling(mask.not(), with: -Double.infinity) : try scores + mask }
            return try masked.softmax().matmul(allValues.repeatEach(heads / shared, 1)).transpose(1, 2).reshape([1, count, heads * size])
        }
    }

    private func joint(_ answers: [Answer], adding: Bool = true) throws -> Tensor {
        var (seen, added) = ([Bool](), [Float]())
        let rows = try answers.map { answer in
            var row = JointAnswer(
                keys: try answer.keys.clone(), values: try answer.values.clone(), length: answer.length, count: answer.count)
            if let mask = answer.mask, mask.dtype == .bool {
                row.seen = seen.count
                seen += try mask.to(.int64).integers().map { $0 != 0 }
            } else if let mask = answer.mask {
                row.added = added.count
                added += try mask.floats()
            }
            return row
        }
        func all(_ parts: [Tensor], _ dimension: Int = 1) throws -> Tensor { try Tensor.concatenate(parts, dimension) }
        let angles =
            answers[0].angles == nil
            ? nil : try (all(answers.compactMap { $0.angles?.cosines }, 2), all(answers.compactMap { $0.angles?.sines }, 2))
        return try withoutGradients {
            try all(answers.map(\.queries)).attendJointly(
                adding ? (all(answers.map(\.newKeys)), all(answers.map(\.newValues))) : nil, angles: angles, answers: rows,
                seen: seen.isEmpty ? nil : Tensor.of(seen), added: added.isEmpty ? nil : Tensor.of(added), scale: 0.3)
        }
    }

    @Test(
        "answers of all lengths and masks attend as each would alone, in libtorch's operations",
        arguments: [(1, 1), (3, 3), (4, 2), (6, 1)], [8, 40, 64])
    func all(_ heads: (Int, Int), _ size: Int) throws {
        let random = try RandomStream(seed: 3)
        for turns in [false, true] {
            var answers: [Answer] = []
            for (length, count) in [(7, 1), (0, 1), (60, 5), (1, 2), (133, 1), (0, 16), (20, 17), (5, 40)] {
                for mask in Mask.allCases {
                    answers.append(
                        try Answer(
                            random, heads: heads.0, shared: heads.1, size: size, length: length, count: count, mask: mask, turns: turns))
                }
            }
            let expected = try Tensor.concatenate(answers.map { try $0.expected(heads: heads.0, shared: heads.1, size: size) }, 1)
            try withEachSet { set in
                let found = try joint(answers)
                #expect(try relativeDifference(found, expected) < 5e-6, "\(set)")
            }
        }
    }

    @Test("which others take part does not change a single bit")
    func alone() throws {
        let random = try RandomStream(seed: 4)
        let answers = try (0..<9).map { index in
            try Answer(
                random, heads: 4, shared: 2, size: 24, length: 11 * index, count: 1 + index % 4, mask: Mask.allCases[index % 3], turns: true
            )
        }
        let together = try joint(answers)
        var start = 0
        for answer in answers {
            let alone = try joint([answer])
            #expect(try together.slice(1, start..<start + answer.count).floats() == alone.floats())
            start += answer.count
        }
    }

    @Test("new keys and values are kept behind the others, and nothing else is touched")
    func keeps() throws {
        let random = try RandomStream(seed: 5)
        let (keys, values) = try (random.normal([1, 2, 6, 4]), random.normal([1, 2, 6, 4]))
        let (newKeys, newValues) = try (random.normal([1, 2, 8]), random.normal([1, 2, 8]))
        let (beforeKeys, beforeValues) = try (keys.clone(), values.clone())
        _ = try withoutGradients {
            try random.normal([1, 2, 8]).attendJointly(
                (newKeys, newValues), angles: nil, answers: [JointAnswer(keys: keys, values: values, length: 3, count: 2)], seen: nil,
                added: nil,
                scale: 1)
        }
        for (after, before, new) in [(keys, beforeKeys, newKeys), (values, beforeValues, newValues)] {
            #expect(try after.slice(2, 3..<5).floats() == new.reshape([1, 2, 2, 4]).transpose(1, 2).floats())
            #expect(try after.slice(2, 0..<3).floats() == before.slice(2, 0..<3).floats())
            #expect(try after.slice(2, 5..<6).floats() == before.slice(2, 5..<6).floats())
        }
    }

    @Test("where nothing is new, what is kept is looked at alone")
    func crossing() throws {
        let random = try RandomStream(seed: 6)
        let rows = try [5, 1, 30].map { length in
            JointAnswer(
                keys: try random.normal([1, 3, length, 8]), values: try random.normal([1, 3, length, 8]), length: length, count: length % 4)
        }
        let queries = try random.normal([1, rows.map(\.count).reduce(0, +), 24])
        let found = try withoutGradients { try queries.attendJointly(nil, angles: nil, answers: rows, seen: nil, added: nil, scale: 1) }
        var start = 0
        for row in rows {
            let mine = try queries.slice(1, start..<start + row.count).reshape([1, row.count, 3, 8]).transpose(1, 2)
            let expected = try mine.attention(row.keys, row.values, scale: 1).transpose(1, 2).reshape([1, row.count, 24])
            #expect(try relativeDifference(found.slice(1, start..<start + row.count), expected) < 5e-6)
            start += row.count
        }
    }

    @Test("what does not fit together is an error, and no memory is touched")
    func refusals() throws {
        let (queries, cache) = (try Tensor.zeros([1, 2, 8]), try Tensor.zeros([1, 2, 4, 4]))
        func attend(
            _ queries: Tensor, _ rows: [JointAnswer], keys: Tensor? = nil, seen: Tensor? = nil, added: Tensor? = nil
        ) throws {
            let keys = try keys ?? Tensor.zeros([1, 2, 8])
            _ = try withoutGradients {
                try queries.attendJointly((keys, keys), angles: nil, answers: rows, seen: seen, added: added, scale: 1)
            }
        }
        let fine = JointAnswer(keys: cache, values: cache, length: 2, count: 2)
        try attend(queries, [fine])
        func changed(_ change: (inout JointAnswer) throws -> Void) rethrows -> [JointAnswer] {
            var row = fine
            try change(&row)
            return [row]
        }
        let narrow = try Tensor.zeros([1, 2, 4, 4]).slice(2, 0..<3)
        let wrong: [[JointAnswer]] = [
            [], changed { $0.length = 3 }, changed { $0.length = -1 }, changed { $0.length = .max }, changed { $0.count = 1 },
            changed { $0.count = 3 }, changed { $0.count = -1 }, changed { $0.seen = 0 }, changed { $0.added = 0 }, [fine, fine],
            changed { $0.keys = narrow }, try changed { $0.values = try Tensor.zeros([1, 1, 4, 4]) },
            try changed { $0.keys = try Tensor.zeros([2, 4, 4]) }, try changed { ($0.keys, $0.values) = try (cache.to(.bfloat16), cache) },
        ]
        for rows in wrong { #expect(throws: TensorError.self) { try attend(queries, rows) } }
        let flags = try Tensor.of([Bool](repeating: true, count: 8))
        try attend(queries, changed { $0.seen = 0 }, seen: flags)
        #expect(throws: TensorError.self) { try attend(queries, changed { $0.seen = 1 }, seen: flags) }
        #expect(throws: TensorError.self) { try attend(queries, changed { $0.seen = 0 }, seen: Tensor.zeros([8])) }
        #expect(throws: TensorError.self) { try attend(queries, changed { $0.added = 1 }, added: Tensor.zeros([16])) }
        #expect(throws: TensorError.self) { try attend(Tensor.zeros([1, 2, 7]), [fine]) }
        #expect(throws: TensorError.self) { try attend(queries, [fine], keys: Tensor.zeros([1, 1, 8])) }
        #expect(throws: TensorError.self) { try queries.attendJointly(nil, angles: nil, answers: [fine], seen: nil, added: nil, scale: 1) }
    }
}
