/// Finds the longest token that any rule matches; of rules that match as much the first one counts.
///
/// A deterministic automaton whose states are built when they are first reached: most texts reach a few hundred of them.
struct TokenAutomaton: Sendable {
    struct Match {
        let start: Int
        /// Behind the last unit of the token and of what had to follow.
        let end: Int
        let rule: Int
    }

    private let nodes: [Node]
    private let classes: UnitClasses
    private let classCount: Int
    private var states: [State] = []
    private var stateNumbers: [[Int32]: Int32] = [:]
    /// For each state and class of units the next state; ``unknown`` until it is reached.
    private var transitions: [Int32] = []

    private static let unknown: Int32 = -2
    private static let dead: Int32 = -1

    private struct State {
        let nodes: [Int32]
        let rule: Int32?
    }

    /// Of the non-deterministic automaton: goes on with a unit of a set, or without reading.
    private enum Node {
        case reading(set: Int, next: Int32)
        case splitting([Int32])
        case accepting(rule: Int32)
    }

    init(_ rules: [TokenRule]) {
        var builder = Builder()
        let first = rules.enumerated().map { number, rule in
            let last = builder.add(.accepting(rule: Int32(number)))
            let following = rule.following.map { builder.add($0, before: last) } ?? last
            return builder.add(rule.pattern, before: following)
        }
        let start = builder.add(.splitting(first))
        nodes = builder.nodes
        classes = UnitClasses(builder.sets)
        classCount = classes.count
        _ = state(closing: [start])
    }

    /// The longest match that begins at a place; nil if none does.
    mutating func match(_ units: UnsafeBufferPointer<UInt16>, from start: Int) -> Match? {
        var best: Match?
        var state: Int32 = 0
        var place = start
        while place < units.count {
            let slot = Int(state) * classCount + Int(classes[units[place]])
            var next = transitions[slot]
            if next == Self.unknown {
                next = follow(state, classOfUnits: slot - Int(state) * classCount)
                transitions[slot] = next
            }
            if next == Self.dead { break }
            state = next
            place += 1
            if let rule = states[Int(state)].rule { best = Match(start: start, end: place, rule: Int(rule)) }
        }
        return best
    }

    private mutating func follow(_ number: Int32, classOfUnits: Int) -> Int32 {
        let reached = states[Int(number)].nodes.compactMap { node -> Int32? in
            guard case .reading(let set, let next) = nodes[Int(node)], classes.has(classOfUnits, set) else { return nil }
            return next
        }
        return reached.isEmpty ? Self.dead : state(closing: reached)
    }

    /// The state of these nodes and all that are reached from them without reading.
    private mutating func state(closing begin: [Int32]) -> Int32 {
        var seen = Set<Int32>()
        var open = begin
        while let node = open.popLast() {
            guard seen.insert(node).inserted, case .splitting(let others) = nodes[Int(node)] else { continue }
            open += others
        }
        var rule: Int32?
        var kept: [Int32] = []
        for node in seen.sorted() {
            switch nodes[Int(node)] {
            case .reading: kept.append(node)
            case .accepting(let accepted):
                rule = min(rule ?? accepted, accepted)
                kept.append(node)
            case .splitting: break
            }
        }
        if let known = stateNumbers[kept] { return known }
        let number = Int32(states.count)
        states.append(State(nodes: kept, rule: rule))
        stateNumbers[kept] = number
        transitions += repeatElement(Self.unknown, count: classCount)
        return number
    }

    /// Thompson's construction, from the end of each pattern to its beginning.
    private struct Builder {
        var nodes: [Node] = []
        var sets: [UnitSet] = []
        private var setNumbers: [UnitSet: Int] = [:]

        mutating func add(_ node: Node) -> Int32 {
            nodes.append(node)
            return Int32(nodes.count - 1)
        }

        /// The first node of a pattern after which `next` comes.
        mutating func add(_ pattern: TokenPattern, before next: Int32) -> Int32 {
            switch pattern {
            case .unit(let set): return add(.reading(set: number(of: set), next: next))
            case .sequence(let parts): return parts.reversed().reduce(next) { add($1, before: $0) }
            case .choice(let parts): return add(.splitting(parts.map { add($0, before: next) }))
            case .repeated(let part, let least, let most):
                var last = next
                if let most {
                    for _ in least..<most { last = add(.splitting([add(part, before: last), next])) }
                } else {
                    let loop = add(.splitting([]))
                    nodes[Int(loop)] = .splitting([add(part, before: loop), next])
                    last = loop
                }
                for _ in 0..<least { last = add(part, before: last) }
                return last
            }
        }

        private mutating func number(of set: UnitSet) -> Int {
            if let known = setNumbers[set] { return known }
            setNumbers[set] = sets.count
            sets.append(set)
            return sets.count - 1
        }
    }
}

/// Units that are in the same sets, and so need not be told apart.
private struct UnitClasses: Sendable {
    private let numbers: [UInt16]
    private let members: [[Bool]]

    init(_ sets: [UnitSet]) {
        var borders: Set<Int> = [0]
        for set in sets {
            for range in set.ranges { borders.formUnion([Int(range.lowerBound), Int(range.upperBound) + 1]) }
        }
        var numbers = [UInt16](repeating: 0, count: Int(UInt16.max) + 1)
        var members: [[Bool]] = []
        var known: [[Bool]: UInt16] = [:]
        let sorted = borders.filter { $0 <= Int(UInt16.max) }.sorted()
        for (place, first) in sorted.enumerated() {
            let signature = sets.map { $0.contains(UInt16(first)) }
            let number = known[signature] ?? UInt16(members.count)
            if known.updateValue(number, forKey: signature) == nil { members.append(signature) }
            let next = place + 1 < sorted.count ? sorted[place + 1] : numbers.count
            for unit in first..<next { numbers[unit] = number }
        }
        (self.numbers, self.members) = (numbers, members)
    }

    var count: Int { members.count }

    subscript(unit: UInt16) -> UInt16 { numbers[Int(unit)] }

    /// Whether the units of a class are in a set.
    func has(_ classOfUnits: Int, _ set: Int) -> Bool { members[classOfUnits][set] }
}
