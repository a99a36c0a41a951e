import BlipData

extension SceneTask {
    /// Like LLaVA's detailed descriptions.
    public static let details = heldIn(
        "scenes_detail", "Scene Detail", .instructions, train: 1_000, metric: "ROUGE-L"
    ) { generator in
        let scene = SceneGenerator(SceneStyle(objects: 2...5)).scene(&generator)
        guard let instruction = generator.element(of: instructions) else { return nil }
        return SceneContent([scene], .instruction(WrittenInstruction(instruction, response: SceneDescription(scene).text)))
    }

    private static let instructions = [
        "Describe the following image in detail.", "Give a detailed description of the picture.",
        "What do you see in the picture? Describe everything.",
        "Explain in full sentences what the image shows.", "Write a thorough description of this scene.",
        "Tell me everything that is in the picture and where it is.",
    ]
}
