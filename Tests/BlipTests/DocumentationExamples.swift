import Blip
import BlipData
import BlipJSON
import BlipSceneModel
import BlipScenes
import BlipTraining
import Foundation

// The Swift of README.md and of the modules' landing pages, so that the compiler reads it; `ReadmeTests` compares them line by line.

func askingExample() async throws {
    let assistant = try await Assistant.open(URL(fileURLWithPath: "instructblip-flan-t5-xl"))
    let picture = ImageSource.file(URL(fileURLWithPath: "photo.jpg"))
    let answer = try await assistant.answer("What is unusual about this image?", about: picture)
    print(answer.text)
    for try await piece in assistant.stream("Describe the picture.", about: picture) { print(piece, terminator: "") }
}

func batchExample(_ assistant: Assistant) async throws {
    let questions = try BatchQuestions(file: URL(fileURLWithPath: "questions.jsonl"))
    let session = try BatchRun(questions, to: .file(URL(fileURLWithPath: "answers.jsonl"), .resume)).begin()
    try await session.answer(with: assistant)
    print(try session.finish().answers)
}

func servingExample(_ assistant: Assistant, _ picture: ImageSource) async throws {
    let scheduler = AnswerScheduler(assistant)
    let question = ServedQuestion(pictures: [try picture.load()], instruction: "What is unusual about this image?")
    for try await event in try scheduler.submit(question) {
        if case .piece(_, let text) = event { print(text, terminator: "") }
    }
}

func dataExample() throws {
    let okvqa = try DatasetCatalog.dataset("okvqa").open("/data", .train)
    let maker = ExampleMaker(dataset: "okvqa", category: "Knowledge-grounded question answering", title: "OKVQA")
    var generator = SeededGenerator(seed: 42, 0, 7)
    let example = try maker.example(okvqa.sample(7), &generator)
    print(example.instruction, "->", example.answer)
}

func sceneExample() throws {
    var generator = SeededGenerator(seed: 7)
    let scene = SceneGenerator(.training).scene(&generator)
    let picture = try SceneRenderer(side: 224)(scene)
    print(SceneDescription(scene).text)
    print(picture.width)

    let questions = try NamedDatasets.dataset("scenes_vqa").open("", .train)
    print(try questions.sample(0).task)
}

func sceneModelExample() async throws {
    let interview = try SceneInterview(seed: 7)
    let scene = try SceneRenderer(side: SceneCatalog.side)(interview.scene)
    let assistant = try await Assistant.open(SceneModel.folder())
    let answer = try await assistant.answer("A short image description:", about: [scene])
    print(answer.text)
}

func trainingDataExample() throws {
    let file = try PlanFile(URL(fileURLWithPath: "plan.yaml"))
    var keys = try file.root.mapping()
    let data = try TrainingData(DataPlan(keys.need("data"), in: file))
    let batches = try ShardedBatches(data.set.mixture, seed: data.plan.seed, globalBatch: 64)
    let loader = try ExampleLoader(data.set, batches, PictureLoader(ImageProcessor(), .paper), workers: 2, depth: 128)
    let batch = try loader.batch()
    print(batch.map(\.example.instruction))
}

func networkExample(_ folder: URL, _ batch: Batch) throws -> [[TokenRow]] {
    let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
    let weights = CheckpointWeights(try WeightFiles(folder: folder), precision: Precision(.float32))
    let network = try InstructBLIP(Scope(weights), config)
    try weights.finish()

    var options = DecodingOptions(maximumTokens: 20, stopIDs: [1])
    options.beams = 5
    let loop = try TokenLoop(network.language, options)
    let rows = try withoutGradients { try loop.run(network.prompt(for: batch)) }
    return rows
}

func tensorExample() throws {
    let x = try Tensor.of([1, 2, 3, 4] as [Float], [2, 2])
    let y = try (x.matmul(x) + 1).gelu()
    print(try y.floats())
}

func tokenizerExample(_ folder: URL) throws {
    let tokenizer = try Tokenizer(folder: folder)
    let ids = tokenizer.encode("What is in the picture?")
    print(tokenizer.decode(ids))
}

func imageExample(_ folder: URL) throws -> PixelPlanes {
    let image = try ImageSource.file(URL(fileURLWithPath: "photo.jpg")).load()
    let planes = try ImageProcessor(checkpoint: folder)(image)
    return planes
}

func clipExample() throws -> [RGBImage] {
    let frames = try ImageSource.file(URL(fileURLWithPath: "clip.gif")).frames(4)
    return frames
}

func documentExample() throws -> Int? {
    let document = try JSONValue(parsing: Array(#"{"vocab": {"é": 7}}"#.utf8))
    let id = document["vocab"]?["é"]?.integer
    return id
}
