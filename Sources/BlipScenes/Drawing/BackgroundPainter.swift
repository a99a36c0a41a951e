/// Paints what is behind the objects.
struct BackgroundPainter {
    let background: Background
    let seed: UInt32

    func paint(on canvas: borrowing Canvas) {
        let side = canvas.side
        switch background {
        case .plain(let paper): canvas.fill(rows: 0..<side) { _ in paper.tint }
        case .gradient(let one, let other, let isVertical): gradient(one.tint, other.tint, isVertical, canvas)
        case .speckled(let paper): speckles(paper.tint, 26, canvas)
        case .room: room(canvas)
        case .meadow: meadow(canvas)
        case .beach: beach(canvas)
        case .street: street(canvas)
        case .paper: paper(canvas)
        case .board: speckles(SheetTints.board, 10, canvas)
        }
    }

    /// Where the ground begins, a little different from scene to scene: 0.54 to 0.7 of the height.
    private var horizon: Float { 0.54 + 0.16 * Exact.noise(1, 2, seed) }

    private func row(_ height: Float, _ canvas: borrowing Canvas) -> Int { Int((height * Float(canvas.side)).rounded()) }

    private func gradient(_ one: Tint, _ other: Tint, _ isVertical: Bool, _ canvas: borrowing Canvas) {
        if isVertical { return canvas.fill(rows: 0..<canvas.side) { y in one.mixed(with: other, y) } }
        for x in 0..<canvas.side {
            let tint = one.mixed(with: other, (Float(x) + 0.5) / Float(canvas.side))
            for y in 0..<canvas.side { canvas.set(x, y, tint) }
        }
    }

    /// Grains of a hundredth of the picture, so that they look the same at every size.
    private func speckles(_ tint: Tint, _ strength: Float, _ canvas: borrowing Canvas) {
        let scale = 100 / Float(canvas.side)
        for y in 0..<canvas.side {
            for x in 0..<canvas.side {
                let noise = Exact.noise(Int32(Float(x) * scale), Int32(Float(y) * scale), seed) - 0.5
                canvas.set(x, y, Tint(tint.red + noise * strength, tint.green + noise * strength, tint.blue + noise * strength))
            }
        }
    }

    private func room(_ canvas: borrowing Canvas) {
        let (floor, border) = (row(horizon, canvas), row(horizon + 0.025, canvas))
        canvas.fill(rows: 0..<floor) { y in RoomTints.wall.scaled(0.97 + 0.06 * y) }
        canvas.fill(rows: floor..<border) { _ in RoomTints.border }
        for y in border..<canvas.side {
            let depth = (Float(y) + 0.5) / Float(canvas.side)
            for x in 0..<canvas.side {
                // Boards that run towards whoever looks.
                let across = ((Float(x) + 0.5) / Float(canvas.side) - 0.5) / (0.25 + depth)
                let board = Exact.noise(Int32((across * 9).rounded(.down)), 7, seed)
                canvas.set(x, y, RoomTints.floor.scaled(0.95 + 0.09 * board))
            }
        }
    }

    private func meadow(_ canvas: borrowing Canvas) {
        let ground = row(horizon, canvas)
        let height = horizon
        canvas.fill(rows: 0..<ground) { y in MeadowTints.sky.mixed(with: MeadowTints.horizon, y / height) }
        let scale = 64 / Float(canvas.side)
        for y in ground..<canvas.side {
            for x in 0..<canvas.side {
                // Blades: grains three times as high as wide.
                let noise = Exact.noise(Int32(Float(x) * scale), Int32(Float(y) * scale / 3), seed)
                canvas.set(x, y, MeadowTints.grass.scaled(0.94 + 0.1 * noise))
            }
        }
    }

    private func beach(_ canvas: borrowing Canvas) {
        let (sea, sand) = (row(horizon - 0.18, canvas), row(horizon, canvas))
        canvas.fill(rows: 0..<sea) { y in BeachTints.sky.scaled(0.98 + 0.04 * y) }
        canvas.fill(rows: sea..<sand) { y in BeachTints.sea.scaled(0.92 + 0.16 * y) }
        let scale = 90 / Float(canvas.side)
        for y in sand..<canvas.side {
            for x in 0..<canvas.side {
                let noise = Exact.noise(Int32(Float(x) * scale), Int32(Float(y) * scale), seed)
                canvas.set(x, y, BeachTints.sand.scaled(0.96 + 0.06 * noise))
            }
        }
    }

    private func street(_ canvas: borrowing Canvas) {
        let (ground, line) = (row(horizon, canvas), row(horizon + 0.2, canvas))
        canvas.fill(rows: 0..<ground) { y in StreetTints.houses.scaled(1.04 - 0.08 * y) }
        canvas.fill(rows: ground..<canvas.side) { _ in StreetTints.asphalt }
        for y in line..<min(canvas.side, row(horizon + 0.222, canvas)) {
            for x in 0..<canvas.side where (x * 12 / canvas.side) % 2 == 0 { canvas.set(x, y, StreetTints.line) }
        }
    }

    private func paper(_ canvas: borrowing Canvas) {
        speckles(SheetTints.paper, 5, canvas)
        let first = 0.03 + 0.05 * Exact.noise(3, 4, seed)
        var height = first
        while height < 1 {
            let y = min(canvas.side - 1, row(height, canvas))
            for x in 0..<canvas.side { canvas.blend(x, y, SheetTints.lines, 0.5) }
            height += 0.09
        }
    }
}
