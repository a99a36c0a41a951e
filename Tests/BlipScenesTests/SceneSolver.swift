import BlipData

@testable import BlipScenes

/// Understands the questions about scenes by their words alone, and answers them from the description; it shares no code with what writes them.
struct SceneSolver {
    let scene: Scene

    /// The objects that have every attribute named in a stretch of text.
    func objects(_ text: some StringProtocol) -> [SceneObject] {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "-" }.map(String.init)
        let colors = Set(ObjectColor.allCases.map(\.rawValue)).intersection(words)
        let kinds = Set(ObjectKind.allCases.filter { words.contains($0.name) || words.contains($0.plural) }.map(\.rawValue))
        let textures = Set(ObjectTexture.allCases.map(\.rawValue)).intersection(words)
        let directions = words.contains("pointing") ? Set(Direction.allCases.map(\.rawValue)).intersection(words) : []
        var sizes = Set(ObjectSize.allCases.map(\.rawValue)).intersection(words)
        if words.contains("medium-sized") { sizes.insert("medium") }
        return scene.objects.filter { object in
            (colors.isEmpty || colors.contains(object.color.rawValue)) && (kinds.isEmpty || kinds.contains(object.kind.rawValue))
                && (textures.isEmpty || textures.contains(object.texture.rawValue))
                && (sizes.isEmpty || sizes.contains(object.size.rawValue))
                && (directions.isEmpty || directions.contains(object.direction?.rawValue ?? ""))
        }
    }

    /// The right answer to a question of `scenes_vqa`; nil where the words mean no object, or several.
    func answer(_ question: String, _ kind: String) -> String? {
        let reference = question.split(separator: ":").first.map(String.init) ?? question
        switch kind {
        case "color": return only(reference)?.color.rawValue
        case "count": return String(objects(reference).count)
        case "existence": return objects(reference).isEmpty ? "no" : "yes"
        case "position": return only(reference)?.place.rawValue
        case "size": return only(reference)?.size.rawValue
        case "texture": return only(reference.replacing("plain, striped, dotted, checkered or outlined", with: ""))?.texture.rawValue
        case "text": return only(reference)?.text
        case "kind": return kindAnswer(reference)
        case "comparison": return comparison(question)
        case "surroundings": return scene.background.name
        default: return nil
        }
    }

    private func only(_ text: String) -> SceneObject? {
        let found = objects(text)
        return found.count == 1 ? found[0] : nil
    }

    private func kindAnswer(_ text: String) -> String? {
        let words = Set(text.split { !$0.isLetter }.map(String.init))
        if !words.isDisjoint(with: ObjectColor.allCases.map(\.rawValue)) { return only(text)?.kind.rawValue }
        // The place with the longest name that is said.
        let place = Place.allCases.filter { text.contains($0.rawValue) }.max { $0.rawValue.count < $1.rawValue.count }
        let found = scene.objects.filter { object in
            let (column, row) = (Int(object.x * 3), Int(object.y * 3))
            return switch place {
            case .top: row == 0
            case .bottom: row == 2
            case .left: column == 0
            case .right: column == 2
            default: object.place == place
            }
        }
        return found.count == 1 ? found[0].kind.rawValue : nil
    }

    private func comparison(_ question: String) -> String? {
        let isYesNo = question.hasPrefix("Is ")
        let parts = question.components(between: isYesNo ? " than " : " or ")
        guard let one = only(parts.0), let other = only(parts.1), one.size != other.size else { return nil }
        if isYesNo { return one.size > other.size ? "yes" : "no" }
        return ((one.size > other.size) == question.contains("larger") ? one : other).kind.rawValue
    }

    /// Whether a statement of `scenes_vsr` is true.
    func isTrue(_ statement: String) -> Bool? {
        for relation in Relation.allCases where statement.contains(" is \(relation.phrase) ") {
            let parts = statement.components(between: " is \(relation.phrase) ")
            guard let one = only(parts.0), let other = only(parts.1) else { return nil }
            switch relation {
            case .left: return one.x < other.x
            case .right: return one.x > other.x
            case .above: return one.y < other.y
            case .below: return one.y > other.y
            case .inFront, .behind:
                let (first, second) = (scene.objects.firstIndex(of: one) ?? 0, scene.objects.firstIndex(of: other) ?? 0)
                return one.overlaps(other) ? (first > second) == (relation == .inFront) : nil
            }
        }
        return nil
    }
}

extension String {
    /// What is before and behind the first occurrence of a text.
    func components(between separator: String) -> (String, String) {
        guard let range = self.firstRange(of: separator) else { return (self, "") }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
