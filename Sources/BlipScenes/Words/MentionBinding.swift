/// Which objects a caption's mentions mean: the choice that makes most of what it says right.
///
/// New things are different objects; a thing that is spoken of as known may be any. Only an object of the right kind is meant.
struct MentionBinding {
    /// For each mention the objects it means; fewer than it speaks of, or none, where there are not so many.
    let objects: [[Int]]

    init(_ claims: CaptionClaims, _ scene: Scene) {
        var objects = [[Int]](repeating: [], count: claims.mentions.count)
        for group in Self.groups(claims) {
            var search = MentionSearch(claims, group, scene)
            search.run()
            for (unit, object) in zip(search.units, search.best) {
                if let object { objects[unit.mention].append(object) }
            }
        }
        self.objects = objects
    }

    /// Mentions that have to be chosen for together: new ones, and those that are said to lie beside each other.
    private static func groups(_ claims: CaptionClaims) -> [[Int]] {
        var group = Array(claims.mentions.indices)
        func join(_ one: Int, _ other: Int) {
            let (from, to) = (group[other], group[one])
            for place in group.indices where group[place] == from { group[place] = to }
        }
        let new = claims.mentions.indices.filter { claims.mentions[$0].isNew }
        for (one, other) in zip(new, new.dropFirst()) { join(one, other) }
        for side in claims.sides { join(side.content.one, side.content.other) }
        return Set(group).sorted().map { name in group.indices.filter { group[$0] == name } }
    }
}

/// A search by depth for the best choice in one group.
private struct MentionSearch {
    /// One object that a mention speaks of: "two stars" are two units.
    struct Unit {
        let mention: Int
        /// Whether it is like the unit before it.
        let isCopy: Bool
        /// Objects of the right kind with how much of what is said fits each, the best first.
        let choices: [(object: Int, value: Int)]
        let isNew: Bool
        /// What is said of where it lies to units that were chosen for before.
        var sides: [(unit: Int, relation: Relation, isFirst: Bool)] = []

        var most: Int { (choices.first?.value ?? 0) + sides.count }
    }

    /// Captions that repeat themselves have very many choices; the first ones are good ones.
    private static let maximumSteps = 50_000
    /// So many objects are no scene's; what is beyond them means none.
    private static let maximumUnits = 256

    private let scene: Scene
    private(set) var units: [Unit] = []
    private(set) var best: [Int?]
    private var bestValue = -1
    private var chosen: [Int?]
    private var isTaken: [Bool]
    private var steps = 0
    /// The most that units from each on can add.
    private var rest: [Int] = []

    init(_ claims: CaptionClaims, _ group: [Int], _ scene: Scene) {
        self.scene = scene
        var first: [Int: Int] = [:]
        for place in group {
            let mention = claims.mentions[place]
            let wanted =
                switch mention.count {
                case .one: 1
                case .exactly(let count): min(count, scene.objects.count)
                case .several: 2
                }
            let choices = scene.objects.indices.filter { mention.noun.fits(scene.objects[$0]) }.map { object in
                (object: object, value: 1 + mention.attributes.count { $0.content.fits(scene.objects[object]) })
            }.sorted { ($1.value, $0.object) < ($0.value, $1.object) }
            if wanted > 0, units.count < Self.maximumUnits { first[place] = units.count }
            for copy in 0..<max(0, wanted) where units.count < Self.maximumUnits {
                units.append(Unit(mention: place, isCopy: copy > 0, choices: choices, isNew: mention.isNew))
            }
        }
        for side in claims.sides {
            guard let one = first[side.content.one], let other = first[side.content.other], one != other else { continue }
            let isFirst = one > other
            units[max(one, other)].sides.append((unit: min(one, other), relation: side.content.relation, isFirst: isFirst))
        }
        best = units.map { _ in nil }
        chosen = best
        isTaken = scene.objects.map { _ in false }
        rest = [Int](repeating: 0, count: units.count + 1)
        for place in units.indices.reversed() { rest[place] = rest[place + 1] + units[place].most }
    }

    mutating func run() { choose(0, 0) }

    private mutating func choose(_ place: Int, _ value: Int) {
        steps += 1
        guard place < units.count else {
            if value > bestValue { (best, bestValue) = (chosen, value) }
            return
        }
        // Nothing better can come; but one whole choice is always made.
        if value + rest[place] <= bestValue || (steps > Self.maximumSteps && bestValue >= 0) { return }
        let unit = units[place]
        // Units that are alike are chosen for in the order of the choices, and none behind none.
        let before = unit.isCopy ? chosen[place - 1] : nil
        let start = before.flatMap { object in unit.choices.firstIndex { $0.object == object } }.map { $0 + 1 } ?? 0
        if !unit.isCopy || before != nil {
            for choice in unit.choices[start...] where !unit.isNew || !isTaken[choice.object] {
                chosen[place] = choice.object
                if unit.isNew { isTaken[choice.object] = true }
                choose(place + 1, value + choice.value + sides(unit, choice.object))
                if unit.isNew { isTaken[choice.object] = false }
            }
        }
        chosen[place] = nil
        choose(place + 1, value)
    }

    private func sides(_ unit: Unit, _ object: Int) -> Int {
        unit.sides.count { side in
            guard let other = chosen[side.unit], other != object else { return false }
            let (one, second) = side.isFirst ? (object, other) : (other, object)
            return scene.relations(of: one, to: second).contains(side.relation)
        }
    }
}
