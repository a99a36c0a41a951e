import BlipImages
import BlipModels

extension ImageCache {
    /// The looks at several pictures. Those that are not kept are made by `look` in one pass, equal ones once.
    ///
    /// - Parameter look: makes one look of M pictures out of M pictures.
    func looks(at pictures: [PixelPlanes], _ look: ([PixelPlanes]) throws -> Look) throws -> [Look] {
        var found = try pictures.map { try kept($0) }
        var unseen: [PixelPlanes] = []
        let places = pictures.indices.map { index -> Int? in
            if found[index] != nil { return nil }
            if let place = unseen.firstIndex(of: pictures[index]) { return place }
            unseen.append(pictures[index])
            return unseen.count - 1
        }
        guard !unseen.isEmpty else { return found.compactMap(\.self) }
        let all = try look(unseen)
        let made = try unseen.indices.map { index in
            // Joining copies: a slice alone would keep the whole batch in memory.
            unseen.count == 1 ? all : try Look(joining: [all.picture(index)])
        }
        for (planes, look) in zip(unseen, made) { keep(look, of: planes) }
        for (index, place) in places.enumerated() {
            if let place { found[index] = made[place] }
        }
        return found.compactMap(\.self)
    }
}
