import Foundation

/// The three parts of LLaVA-Instruct-150K, each of which the paper counts as a dataset.
extension DatasetDefinition {
    static let llavaDetail = llava(
        name: "llava_detail", title: "LLaVA-Instruct detailed description", file: "detail_23k.json",
        size: SplitFacts(.train, 23_240, note: "conversations of one turn"))

    static let llavaReasoning = llava(
        name: "llava_reasoning", title: "LLaVA-Instruct complex reasoning", file: "complex_reasoning_77k.json",
        size: SplitFacts(.train, 76_643, note: "conversations of one turn; 77K in LLaVA's paper"))

    static let llavaConversation = llava(
        name: "llava_conversation", title: "LLaVA-Instruct conversation", file: "conversation_58k.json",
        size: SplitFacts(.train, nil, note: "turns of 56,681 conversations (58K in LLaVA's paper); the number of turns is not published"))

    private static func llava(name: String, title: String, file: String, size: SplitFacts) -> DatasetDefinition {
        DatasetDefinition(
            DatasetCard(
                name: name, title: title, category: .instructions, role: .heldIn,
                source: "Liu et al., \"Visual Instruction Tuning\", NeurIPS 2023, https://llava-vl.github.io",
                licence:
                    "CC BY 4.0 and OpenAI's terms of use, as its texts were written by GPT-4; pictures: those of COCO (Flickr's terms)",
                splits: [size],
                files: [
                    OfficialFile(
                        "llava/\(file)", from: "https://huggingface.co/datasets/liuhaotian/LLaVA-Instruct-150K/resolve/main/\(file)"),
                    OfficialFile(
                        "coco/train2017", from: "http://images.cocodataset.org/zips/train2017.zip", .images,
                        note: "the same pictures in coco/train2014 do as well"),
                ],
                notes: [
                    "No template is put around its instructions. Every turn of a conversation is a sample, with the turns before as its "
                        + "history; the published reader of the reference takes the first turn alone."
                ])
        ) { folder, _ in
            let year: COCOImages.Year = !folder.has("coco/train2017") && folder.has("coco/train2014") ? .train2014 : .train2017
            return LLaVAConversations.samples(try .jsonArray(folder.file("llava/\(file)"))) { name, record in
                guard let id = Int((name as NSString).deletingPathExtension) else {
                    throw record.bad("its \"image\" \(name) is not named by a COCO number")
                }
                return COCOImages.image(id, year, in: folder)
            }
        }
    }
}
