import BlipJSON
import Foundation

extension DatasetDefinition {
    static let iconqa = DatasetDefinition(
        DatasetCard(
            name: "iconqa", title: "IconQA", category: .visualReasoning, role: .heldOut,
            source: "Lu et al., \"IconQA\", NeurIPS 2021 Datasets and Benchmarks, https://iconqa.github.io",
            licence: "CC BY-NC-SA 4.0",
            splits: [
                SplitFacts(.train, 18_946, note: "questions with a choice of texts"), SplitFacts(.validation, 6_316),
                SplitFacts(.test, 6_316),
            ],
            evaluation: .test, metric: "top-1 accuracy",
            files: ["problems.json", "pid_splits.json"].map {
                OfficialFile("iconqa/iconqa_data/\($0)", from: IconQAProblems.url, note: "unpack it in iconqa")
            } + [OfficialFile("iconqa/iconqa_data/iconqa", from: IconQAProblems.url, .images, note: "unpack it in iconqa")],
            notes: [
                "Only the questions with a choice of texts (choose_txt), as in the paper; those with a choice of pictures and those to "
                    + "fill in are left out.",
                "Without problems.json and pid_splits.json the data.json beside each picture is read.",
            ]),
        prompt: EvaluationPrompt(
            "Question: {question} Options: {options}. Short answer:", .rank,
            evidence:
                "evaluation code of others that cites appendix E of the paper; section 2.5 of the paper names it among the sets it ranks")
    ) { folder, split in try IconQAProblems.open(folder, split) }
}

enum IconQAProblems {
    static let url = "https://iconqa2021.s3.us-west-1.amazonaws.com/iconqa_data.zip"
    private static let base = "iconqa/iconqa_data"

    static func open(_ folder: DatasetFolder, _ split: Split) throws -> any SampleCollection {
        let pictures = "\(base)/iconqa/\(split.rawValue)/choose_txt"
        if !folder.has("\(base)/problems.json"), folder.has(pictures) { return try IconQAFolders(pictures, folder) }
        let skills = folder.has("\(base)/pid2skills.json") ? KeyedMembers(try .jsonMembers(folder.file("\(base)/pid2skills.json"))) : nil
        return ProblemFiles(
            problems: KeyedMembers(try .jsonMembers(folder.file("\(base)/problems.json"))),
            ids: try .jsonArray(folder.file("\(base)/pid_splits.json"), at: ["choose_txt_\(split.rawValue)"])
        ) { id, problem in
            var sample = try sample(id, problem, image: folder.image("\(pictures)/\(id)/image.png"))
            if let skills = try skills?.record(id) { sample.facts["skills"] = try names(skills) }
            return sample
        }
    }

    static func sample(_ id: String, _ problem: RecordFields, image: SampleImage) throws -> Sample {
        var facts = ["image_id": id]
        for key in ["ques_type", "label"] { facts[key] = try problem.optionalText(key) }
        facts["grade"] = try problem.optionalIdentifier("grade")
        return Sample(id: id, images: [image], task: .question(try ProblemFiles.question(problem)), facts: facts)
    }

    /// The skills that a problem needs, by which the official evaluation breaks down.
    private static func names(_ skills: RecordFields) throws -> String {
        let names = skills.value.array?.map(\.string) ?? [nil]
        guard !names.contains(nil) else { throw skills.bad("it is not a list of texts") }
        return names.compactMap(\.self).joined(separator: ",")
    }
}

/// One folder for each problem, named by its id.
struct IconQAFolders: SampleCollection {
    private let pictures: String
    private let folder: DatasetFolder
    private let ids: [String]

    init(_ pictures: String, _ folder: DatasetFolder) throws {
        self.pictures = pictures
        self.folder = folder
        ids = try FileManager.default.contentsOfDirectory(atPath: folder.path(pictures)).filter { Int($0) != nil }
            .sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
    }

    var count: Int { ids.count }

    func sample(_ index: Int) throws -> Sample {
        let path = "\(pictures)/\(ids[index])/data.json"
        guard let problem = try RecordFile.jsonValue(folder.file(path), at: []) else {
            throw DataError.badRecord(place: folder.path(path), reason: "it is empty")
        }
        return try IconQAProblems.sample(
            ids[index], RecordFields(problem, place: folder.path(path)), image: folder.image("\(pictures)/\(ids[index])/image.png"))
    }
}
