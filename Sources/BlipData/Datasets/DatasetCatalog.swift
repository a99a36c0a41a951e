/// Every dataset that this package reads by name. To add one, write its file and put its name here.
public enum DatasetCatalog {
    /// The paper's 26, in the order of its table of datasets.
    public static let paper: [DatasetDefinition] = [
        .cocoCaption, .capfilt, .nocaps, .flickr30k,
        .textcaps,
        .gqa, .vsr, .iconqa,
        .vqav2, .vizwiz,
        .okvqa, .aokvqa, .scienceqa,
        .ocrvqa, .textvqa,
        .vqav2QuestionGeneration, .okvqaQuestionGeneration, .aokvqaQuestionGeneration,
        .llavaDetail, .llavaReasoning, .llavaConversation,
        .msvdQA, .msrvttQA, .ivqa,
        .visdial,
        .hatefulMemes,
    ]

    /// Other forms of these, and sets of BLIP-2's pre-training.
    public static let extras: [DatasetDefinition] = [
        .aokvqaMultipleChoice,
        .vsrRandom, .hatefulMemesUnseen,
        .visualGenomeCaption, .visualGenomeQuestions,
        .sbu, .cc3m, .cc12m, .laion,
        .lavisCaption, .lavisVQA,
    ]

    public static let all = paper + extras

    /// - Throws: ``DataError/unknownDataset(name:nearest:)``.
    public static func dataset(_ name: String) throws(DataError) -> DatasetDefinition {
        if let found = all.first(where: { $0.name == name }) { return found }
        throw .unknownDataset(name: name, nearest: Spelling.nearest(to: name, among: all.map(\.name)))
    }
}
