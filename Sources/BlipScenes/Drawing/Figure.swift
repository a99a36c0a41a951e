/// What an object looks like: layers of simple forms, in coordinates of its own, where it reaches about from -1 to 1 and y points down.
struct Figure: Sendable {
    /// A form that knows how far every point is from its edge.
    enum Form: Sendable {
        case circle(x: Float, y: Float, radius: Float)
        case ring(x: Float, y: Float, radius: Float, halfWidth: Float)
        /// Half the sides; corners of `round` are within them.
        case box(x: Float, y: Float, halfWidth: Float, halfHeight: Float, round: Float)
        case line(from: SIMD2<Float>, to: SIMD2<Float>, halfWidth: Float)
        /// Any polygon that does not cross itself.
        case polygon([SIMD2<Float>])
        /// Everything above a height.
        case above(y: Float)
    }

    enum Joining: Sendable {
        case added, cut, kept
    }

    struct Part: Sendable {
        var form: Form
        var joining: Joining
    }

    /// What a layer is painted with.
    enum Tone: Sendable {
        /// The object's own colour and texture.
        case own
        /// Its colour, darker or lighter.
        case dark, light
        case wood, glass, tire, white
    }

    struct Layer: Sendable {
        var tone: Tone
        var parts: [Part]
        /// Whether it reaches beyond the layers below it, and so throws a shadow and has an edge.
        var isOutside: Bool

        /// In the object's own colour.
        init(_ forms: [Form], cut: [Form] = [], kept: [Form] = []) { self.init(.own, forms, cut: cut, kept: kept) }

        init(_ tone: Tone, isOutside: Bool = true, _ forms: [Form], cut: [Form] = [], kept: [Form] = []) {
            self.tone = tone
            self.isOutside = isOutside
            parts =
                forms.map { Part(form: $0, joining: .added) } + cut.map { Part(form: $0, joining: .cut) }
                + kept.map { Part(form: $0, joining: .kept) }
        }
    }

    var layers: [Layer]
    /// Half the width and height of a box around it.
    var reach: SIMD2<Float>

    init(_ layers: [Layer], reach: SIMD2<Float> = SIMD2(1.1, 1.1)) {
        self.layers = layers
        self.reach = reach
    }

    init(_ forms: Form..., cut: [Form] = [], kept: [Form] = []) { self.init([Layer(forms, cut: cut, kept: kept)]) }
}

extension Figure.Form {
    static func circle(_ x: Float, _ y: Float, _ radius: Float) -> Self { .circle(x: x, y: y, radius: radius) }

    static func box(_ x: Float, _ y: Float, _ halfWidth: Float, _ halfHeight: Float, round: Float = 0) -> Self {
        .box(x: x, y: y, halfWidth: halfWidth, halfHeight: halfHeight, round: round)
    }

    static func line(_ x: Float, _ y: Float, _ toX: Float, _ toY: Float, _ halfWidth: Float) -> Self {
        .line(from: SIMD2(x, y), to: SIMD2(toX, toY), halfWidth: halfWidth)
    }

    static func polygon(_ points: (Float, Float)...) -> Self { .polygon(points.map { SIMD2($0.0, $0.1) }) }

    /// Corners on one circle, or in turn on two; the first one is at the top.
    static func regular(_ corners: Int, radius: Float, inner: Float? = nil, y: Float = 0) -> Self {
        let count = inner == nil ? corners : 2 * corners
        return .polygon(
            (0..<count).map { place in
                let (sine, cosine) = Exact.sineAndCosine(degrees: 360 * Double(place) / Double(count))
                let distance = place % 2 == 1 ? inner ?? radius : radius
                return SIMD2(sine * distance, y - cosine * distance)
            })
    }
}
