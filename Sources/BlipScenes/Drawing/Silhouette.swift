/// Which pixels of a small picture an object covers, for knowing how much of it another one hides.
struct Silhouette {
    private static let side = 64

    private let covered: [Bool]

    init(_ object: SceneObject) {
        let canvas = Canvas(side: Self.side)
        let row = DistanceRow(capacity: Self.side)
        ObjectPainter(scene: Scene()).paintSolid(object, on: canvas, row)
        covered = (0..<Self.side * Self.side).map { canvas.values[$0 * 3] > 0.5 }
    }

    /// The share of this object, from 0 to 1, that lies behind another one.
    func share(behind other: Silhouette) -> Double {
        let all = covered.count { $0 }
        let hidden = zip(covered, other.covered).count { $0 && $1 }
        return all == 0 ? 0 : Double(hidden) / Double(all)
    }
}
