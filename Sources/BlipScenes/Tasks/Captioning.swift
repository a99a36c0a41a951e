import BlipData

extension SceneTask {
    /// Like COCO Caption: four captions of each picture.
    static let captions = heldIn(
        "scenes_caption", "Scene Caption", .captioning, train: 40_000, pairs: captionCount, metric: "CIDEr", "A short image description:"
    ) { generator in
        content(SceneGenerator(.training).scene(&generator), &generator)
    }

    /// Like NoCaps: the same style of drawing, and combinations of attributes that training has never shown.
    static let unseenCaptions = heldOut(
        "scenes_unseen_caption", "Unseen Combinations", .captioning, test: 1_000, pairs: captionCount, metric: "CIDEr",
        "A short image description:",
        notes: ["Every scene has at least one combination of HeldOutCombinations."]
    ) { generator in
        content(SceneGenerator(.unseenCombinations).scene(&generator), &generator)
    }

    /// Like Flickr30K: another style of drawing.
    static let sketchCaptions = heldOut(
        "scenes_sketch_caption", "Sketch Caption", .captioning, test: 1_000, pairs: captionCount, metric: "CIDEr",
        "A short image description:",
        notes: ["Drawn with pencil or chalk, which training never shows; the combinations of attributes are those of training."]
    ) { generator in
        content(SceneGenerator(.sketches).scene(&generator), &generator)
    }

    private static let captionCount = 4

    private static func content(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneContent? {
        let captions = SceneCaptions(scene).captions(captionCount, &generator)
        return captions.count == captionCount ? SceneContent([scene], .caption(Captions(captions))) : nil
    }
}
