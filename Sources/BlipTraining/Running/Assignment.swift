/// Which of several things goes to which of as many places, so that the sum of costs is the least: the Hungarian algorithm, in the form with
/// potentials and shortest augmenting paths, O(n³).
enum Assignment {
    /// - Parameter costs: square, of each place (row) what each thing (column) would cost there; finite.
    /// - Returns: for each place its thing.
    static func cheapest(_ costs: [[Double]]) -> [Int] {
        let count = costs.count
        // Place 0 is none: it holds the thing that is being placed.
        var (ofPlaces, ofThings) = ([Double](repeating: 0, count: count + 1), [Double](repeating: 0, count: count + 1))
        var placeOf = [Int](repeating: 0, count: count + 1)  // by thing, 1...
        for place in 1...max(1, count) where count > 0 {
            placeOf[0] = place
            var thing = 0
            var (least, from) = ([Double](repeating: .infinity, count: count + 1), [Int](repeating: 0, count: count + 1))
            var isDone = [Bool](repeating: false, count: count + 1)
            repeat {
                isDone[thing] = true
                let current = placeOf[thing]
                var (step, next) = (Double.infinity, 0)
                for other in 1...count where !isDone[other] {
                    let cost = costs[current - 1][other - 1] - ofPlaces[current] - ofThings[other]
                    if cost < least[other] { (least[other], from[other]) = (cost, thing) }
                    if least[other] < step { (step, next) = (least[other], other) }
                }
                for other in 0...count {
                    if isDone[other] {
                        ofPlaces[placeOf[other]] += step
                        ofThings[other] -= step
                    } else {
                        least[other] -= step
                    }
                }
                thing = next
            } while placeOf[thing] != 0
            while thing != 0 {
                placeOf[thing] = placeOf[from[thing]]
                thing = from[thing]
            }
        }
        var things = [Int](repeating: 0, count: count)
        for thing in 1...max(1, count) where count > 0 { things[placeOf[thing] - 1] = thing - 1 }
        return things
    }
}
