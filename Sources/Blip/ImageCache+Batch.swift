import BlipImages
import BlipModels

extension ImageCache {
    /// Pictures that the image encoder is shown at once: more are no quicker, and take memory.
    static let picturesAtOnce = 16

    /// The looks at several pictures. Those that are not kept are made by `look`, equal ones once.
    ///
    /// - Parameter look: makes one look of M pictures out of M pictures, at most `atOnce`.
    func looks(
        at pictures: [PixelPlanes], atOnce: Int = picturesAtOnce, _ look: ([PixelPlanes]) throws -> Look
    ) throws -> [Look] {
        var found = try pictures.map { try kept($0) }
        var unseen: [PixelPlanes] = []
        let places = pictures.indices.map { index -> Int? in
            if found[index] != nil { return nil }
            if let place = unseen.firstIndex(of: pictures[index]) { return place }
            unseen.append(pictures[index])
            return unseen.count - 1
        }
        count(pictures.count, found: pictures.count - unseen.count)
        guard !unseen.isEmpty else { return found.compactMap(\.self) }
        var made: [Look] = []
        for start in stride(from: 0, to: unseen.count, by: atOnce) {
            let piece = Array(unseen[start..<min(start + atOnce, unseen.count)])
            let all = try look(piece)
            // Joining copies: a slice alone would keep all of them in memory.
            made += try piece.count == 1 ? [all] : piece.indices.map { try Look(joining: [all.picture($0)]) }
        }
        for (planes, look) in zip(unseen, made) { keep(look, of: planes) }
        for (index, place) in places.enumerated() {
            if let place { found[index] = made[place] }
        }
        return found.compactMap(\.self)
    }
}
