import BlipData

extension SceneTask {
    /// Like TextCaps: captions that tell what is written. What is written is given, as the paper gives it.
    static let readingCaptions = heldIn(
        "scenes_textcaps", "Scene TextCaps", .readingCaptioning, train: 8_000, pairs: 3, metric: "CIDEr", "A short image description:"
    ) { generator in
        var style = SceneStyle.training
        (style.text, style.signs, style.objects) = (1, 0.8, 1...4)
        let scene = SceneGenerator(style).scene(&generator)
        let captions = SceneCaptions(scene).readingCaptions(3, &generator)
        return captions.count == 3 ? SceneContent([scene], .caption(Captions(captions, ocrTokens: scene.texts))) : nil
    }
}
