/// Attributes that never meet in pictures of the training style, though each of them is met with others.
///
/// A model that names them together has not memorised, but put together.
public enum HeldOutCombinations {
    /// Every ordinary kind is kept from one colour; every colour from two kinds.
    public static let colors: [(kind: ObjectKind, color: ObjectColor)] = [
        (.circle, .purple), (.square, .orange), (.triangle, .turquoise), (.diamond, .green), (.pentagon, .pink), (.hexagon, .red),
        (.star, .brown), (.heart, .blue), (.ring, .black), (.cross, .yellow), (.crescent, .grey), (.arrow, .white),
        (.drop, .orange), (.bolt, .pink), (.house, .turquoise), (.tree, .red), (.car, .green), (.fish, .purple),
        (.cup, .yellow), (.flower, .black), (.mushroom, .blue), (.boat, .grey), (.umbrella, .brown), (.balloon, .white),
    ]

    public static let textures: [(kind: ObjectKind, texture: ObjectTexture)] = [
        (.circle, .striped), (.square, .dotted), (.heart, .checkered), (.star, .outlined), (.fish, .checkered), (.car, .striped),
        (.balloon, .dotted), (.cup, .outlined),
    ]

    /// Words that are on no sign of the training style.
    public static let words = ["PIZZA", "ART", "DOCK", "RIVER", "JAM", "LUCK", "VAN", "QUIZ", "GOLD", "HUT", "NEWS", "BOX"]

    public static func contains(_ object: SceneObject) -> Bool {
        contains(object.kind, object.color) || contains(object.kind, object.texture)
    }

    static func contains(_ kind: ObjectKind, _ color: ObjectColor) -> Bool {
        colors.contains { $0.kind == kind && $0.color == color }
    }

    static func contains(_ kind: ObjectKind, _ texture: ObjectTexture) -> Bool {
        textures.contains { $0.kind == kind && $0.texture == texture }
    }
}
