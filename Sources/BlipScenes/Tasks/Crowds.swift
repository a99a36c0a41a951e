import BlipData

extension SceneTask {
    /// Full pictures for teaching an image encoder: much to tell in each.
    static let crowds = SceneTask(
        name: "scenes_crowd", title: "Scene Crowd", category: .captioning, role: .extra,
        sizes: [(.train, 1_000_000), (.validation, 1_000)], metric: "CIDEr", prompt: nil,
        notes: ["Full scenes of the training style and some charts, for teaching an image encoder what is where."]
    ) { generator in
        var style = SceneStyle.training
        (style.objects, style.text, style.charts) = (3...7, 0.55, 0.04)
        let scene = SceneGenerator(style).scene(&generator)
        return SceneContent([scene], .caption(Captions(SceneCaptions(scene).captions(1, &generator))))
    }
}
