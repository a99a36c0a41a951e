import BlipData

extension SceneTask {
    /// Like LLaVA's complex reasoning: an answer that takes a step beyond what is seen, with the step said.
    static let reasoning = heldIn(
        "scenes_reasoning", "Scene Reasoning", .instructions, train: 3_000, metric: "ROUGE-L"
    ) { generator in
        let hasChart = generator.unit() < 0.25
        let writers = hasChart ? [chart] : [removal, order, corners, nearest]
        let writer = writers[generator.below(writers.count)]
        guard let (scene, exchange) = found(SceneStyle(objects: 2...5, charts: hasChart ? 1 : 0), &generator, writer) else { return nil }
        return SceneContent([scene], .instruction(WrittenInstruction(exchange.question, response: exchange.answer)))
    }

    private static func removal(_ scene: Scene, _ generator: inout SeededGenerator) -> Exchange? {
        guard let place = generator.element(of: scene.referable()), let name = scene.reference(to: place) else { return nil }
        let (all, left) = (scene.objects.count, scene.objects.count - 1)
        return Exchange(
            "If \(name) were taken away, how many objects would be left?",
            "There are \(Phrases.number(all)) objects. Without \(name), \(Phrases.number(left)) would be left.")
    }

    private static func order(_ scene: Scene, _ generator: inout SeededGenerator) -> Exchange? {
        let places = scene.objects.indices.sorted { scene.objects[$0].x < scene.objects[$1].x }
        let gaps = zip(places, places.dropFirst()).map { scene.objects[$1].x - scene.objects[$0].x }
        let names = places.compactMap { scene.reference(to: $0) }
        // Two objects one above the other have no order.
        guard names.count == scene.objects.count, gaps.allSatisfy({ $0 > 0.06 }) else { return nil }
        let isReversed = generator.below(2) == 0
        let (from, to) = isReversed ? ("right", "left") : ("left", "right")
        return Exchange(
            "In which order do the objects stand from \(from) to \(to)?",
            "From \(from) to \(to) there are \(Phrases.list(isReversed ? names.reversed() : names)).")
    }

    private static func corners(_ scene: Scene, _ generator: inout SeededGenerator) -> Exchange? {
        let shapes = generator.shuffled(scene.referable().filter { [3, 4, 5, 6].contains(scene.objects[$0].kind.sides ?? 0) })
        guard shapes.count >= 2, let first = scene.reference(to: shapes[0]), let second = scene.reference(to: shapes[1]),
            let one = scene.objects[shapes[0]].kind.sides, let other = scene.objects[shapes[1]].kind.sides
        else { return nil }
        return Exchange(
            "How many corners do \(first) and \(second) have together?",
            Phrases.capitalized(first) + " has \(Phrases.number(one)) corners and \(second) has \(Phrases.number(other)), which makes "
                + "\(Phrases.number(one + other)).")
    }

    /// What is nearest to an object, with how one can tell.
    private static func nearest(_ scene: Scene, _ generator: inout SeededGenerator) -> Exchange? {
        guard scene.objects.count >= 3, let place = generator.element(of: scene.referable()), let name = scene.reference(to: place) else {
            return nil
        }
        let others = scene.objects.indices.filter { $0 != place }
            .sorted { scene.objects[$0].distance(to: scene.objects[place]) < scene.objects[$1].distance(to: scene.objects[place]) }
        let distances = others.map { scene.objects[$0].distance(to: scene.objects[place]) }
        guard distances[1] > distances[0] * 1.3, let nearest = scene.reference(to: others[0]) else { return nil }
        return Exchange(
            "Which object is nearest to \(name)?",
            "\(Phrases.capitalized(name)) is \(scene.objects[place].place.phrase) and \(nearest) is \(scene.objects[others[0]].place.phrase), so \(nearest) "
                + "is nearest.")
    }

    private static func chart(_ scene: Scene, _ generator: inout SeededGenerator) -> Exchange? {
        guard let chart = scene.chart, let largest = chart.largest, let smallest = chart.smallest else { return nil }
        let part = chart.partName
        let asksLargest = generator.below(2) == 0
        let wanted = asksLargest ? largest : smallest
        let word = chart.form == .bars ? (asksLargest ? "tallest" : "shortest") : (asksLargest ? "largest" : "smallest")
        return Exchange(
            "Which \(part) is the \(word) one, and what color is it?",
            "The chart has \(Phrases.number(chart.parts.count)) \(part)s. The \(word) one is \(part) \(wanted.label), which is \(wanted.color)."
        )
    }
}
