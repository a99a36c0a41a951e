extension Figure {
    /// The figures of all kinds but signs, whose width depends on what is written on them.
    static let ofKinds: [ObjectKind: Figure] = [
        .circle: Figure(.circle(0, 0, 0.95)),
        .square: Figure(.box(0, 0, 0.84, 0.84)),
        .triangle: Figure(.polygon((0, -0.95), (1, 0.8), (-1, 0.8))),
        .diamond: Figure(.polygon((0, -1.05), (0.72, 0), (0, 1.05), (-0.72, 0))),
        .pentagon: Figure(.regular(5, radius: 1.02, y: 0.06)),
        .hexagon: Figure(.polygon((-0.5, -0.87), (0.5, -0.87), (1, 0), (0.5, 0.87), (-0.5, 0.87), (-1, 0))),
        .star: Figure(.regular(5, radius: 1.1, inner: 0.45, y: 0.08)),
        .heart: heart, .ring: Figure(.ring(x: 0, y: 0, radius: 0.72, halfWidth: 0.26)),
        .cross: Figure(.box(0, 0, 0.32, 0.98), .box(0, 0, 0.98, 0.32)),
        .crescent: Figure(.circle(-0.05, 0, 0.98), cut: [.circle(0.42, -0.12, 0.74)]),
        .arrow: Figure(.polygon((-1, -0.3), (0.1, -0.3), (0.1, -0.85), (1.05, 0), (0.1, 0.85), (0.1, 0.3), (-1, 0.3))),
        .drop: Figure(.circle(0, 0.34, 0.64), .polygon((0, -1.08), (0.6, 0.12), (-0.6, 0.12))),
        .bolt: Figure(.polygon((0.3, -1.05), (-0.62, 0.16), (-0.08, 0.16), (-0.3, 1.05), (0.62, -0.22), (0.08, -0.22))),
        .house: house, .tree: tree, .car: car, .fish: fish, .cup: cup, .flower: flower, .mushroom: mushroom, .boat: boat,
        .umbrella: umbrella, .balloon: balloon,
    ]

    private static let heart = Figure(
        .circle(-0.46, -0.34, 0.52), .circle(0.46, -0.34, 0.52), .polygon((-0.86, 0), (0, -0.4), (0.86, 0), (0, 0.96)))

    private static let house = Figure([
        Layer([.box(0, 0.36, 0.74, 0.6)]),
        Layer(.dark, [.polygon((0, -1), (1, -0.2), (-1, -0.2))]),
        Layer(.wood, isOutside: false, [.box(-0.3, 0.64, 0.19, 0.32)]),
        Layer(.glass, isOutside: false, [.box(0.34, 0.36, 0.2, 0.2)]),
    ])

    private static let tree = Figure([
        Layer(.wood, [.box(0, 0.72, 0.15, 0.32)]),
        Layer([.circle(0, -0.48, 0.55), .circle(-0.42, 0.04, 0.5), .circle(0.42, 0.04, 0.5), .circle(0, 0.12, 0.4)]),
    ])

    private static let car = Figure([
        Layer([.box(0, 0.2, 1.04, 0.3, round: 0.14), .polygon((-0.62, 0), (-0.4, -0.48), (0.32, -0.48), (0.66, 0))]),
        Layer(.glass, isOutside: false, [.polygon((-0.42, -0.06), (-0.28, -0.36), (-0.05, -0.36), (-0.05, -0.06))]),
        Layer(.glass, isOutside: false, [.polygon((0.07, -0.06), (0.07, -0.36), (0.24, -0.36), (0.44, -0.06))]),
        Layer(.tire, [.circle(-0.55, 0.48, 0.25), .circle(0.55, 0.48, 0.25)]),
        Layer(.white, isOutside: false, [.circle(-0.55, 0.48, 0.1), .circle(0.55, 0.48, 0.1)]),
    ])

    private static let fish = Figure([
        Layer(.dark, [.polygon((0.42, 0), (1.05, -0.55), (0.86, 0), (1.05, 0.55))]),
        Layer([
            .polygon(
                (-1, 0), (-0.74, -0.33), (-0.3, -0.54), (0.1, -0.5), (0.46, -0.24), (0.66, 0), (0.46, 0.24), (0.1, 0.5), (-0.3, 0.54),
                (-0.74, 0.33))
        ]),
        Layer(.white, isOutside: false, [.circle(-0.6, -0.13, 0.15)]),
        Layer(.tire, isOutside: false, [.circle(-0.62, -0.13, 0.08)]),
    ])

    private static let cup = Figure([
        Layer([.ring(x: 0.62, y: 0.06, radius: 0.3, halfWidth: 0.11)], cut: [.box(0.1, 0, 0.4, 1)]),
        Layer([.polygon((-0.9, -0.72), (0.6, -0.72), (0.42, 0.84), (-0.72, 0.84))]),
        Layer(.dark, [.box(-0.15, -0.72, 0.8, 0.12, round: 0.1)]),
    ])

    private static let flower = Figure([
        Layer(
            (0..<6).map { petal in
                let (sine, cosine) = Exact.sineAndCosine(degrees: 60 * Double(petal))
                return .circle(sine * 0.64, -cosine * 0.64, 0.37)
            } + [.circle(0, 0, 0.5)]),
        Layer(.glass, isOutside: false, [.circle(0, 0, 0.27)]),
        Layer(.tire, isOutside: false, [.circle(0, 0, 0.12)]),
    ])

    private static let mushroom = Figure([
        Layer(.white, [.box(0, 0.5, 0.27, 0.48, round: 0.12)]),
        Layer([.circle(0, 0.12, 0.98)], kept: [.above(y: 0.14)]),
    ])

    private static let boat = Figure([
        Layer(.wood, [.box(0, -0.18, 0.06, 0.72)]),
        Layer(.white, [.polygon((0.05, -0.9), (0.8, 0.24), (0.05, 0.24))]),
        Layer([.polygon((-1.05, 0.34), (1.05, 0.34), (0.66, 0.92), (-0.66, 0.92)), .polygon((-0.05, -0.78), (-0.05, 0.24), (-0.7, 0.24))]),
    ])

    private static let umbrella = Figure([
        Layer(.wood, [.line(0, -0.1, 0, 0.86, 0.06), .line(0, 0.9, 0.24, 0.9, 0.06), .line(0.26, 0.9, 0.26, 0.76, 0.06)]),
        Layer([.circle(0, 0, 1)], kept: [.above(y: 0.04)]),
    ])

    private static let balloon = Figure([
        Layer(.tire, [.line(0, 0.6, 0.06, 0.82, 0.035), .line(0.06, 0.82, -0.04, 1.1, 0.035)]),
        Layer([.circle(0, -0.24, 0.8), .polygon((-0.62, 0.2), (0.62, 0.2), (0.1, 0.66), (-0.1, 0.66))]),
    ])

    /// A board, half as high as its own unit, with a dark border.
    static func sign(halfWidth: Float) -> Figure {
        Figure(
            [Layer([.box(0, 0, halfWidth, 1, round: 0.16)])],
            reach: SIMD2(halfWidth + 0.1, 1.1))
    }
}
