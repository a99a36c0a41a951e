import BlipTensors

/// Makes tokens said before less likely: a score above zero is divided by the penalty, one below multiplied. Source: CTRL (Keskar et al.,
/// 2019), section 4.1.
struct RepetitionPenalty: LogitRule {
    let penalty: Double

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        let longest = said.map(\.count).max() ?? 0
        guard longest > 0 else { return scores }
        // Rows of unequal length are filled with an id that is in them; a row that said nothing is put back below.
        let filled = said.map { $0 + Array(repeating: $0.last ?? 0, count: longest - $0.count) }
        let places = try Tensor.of(filled.flatMap(\.self), [said.count, longest]).to(scores.device)
        let found = try scores.gather(places, 1)
        let penalised = try Tensor.choose(found.less(0), found * penalty, found / penalty)
        let changed = try scores.scatter(penalised, at: places, 1)
        guard said.contains(where: \.isEmpty) else { return changed }
        let hasSaid = try Tensor.of(said.map { !$0.isEmpty }, [said.count, 1]).to(scores.device)
        return try Tensor.choose(hasSaid, changed, scores)
    }
}
