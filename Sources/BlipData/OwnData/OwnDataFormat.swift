/// The forms in which people keep their own data.
public enum OwnDataFormat: String, Sendable, CaseIterable {
    /// A list of `{"id", "image", "conversations": [{"from": "human", "value": …}]}`, as LLaVA is trained on.
    case llava
    /// `{"messages": [{"role": "user", "content": …}], "images": […]}`, one a line or in a list; also query and response, and alpaca rows.
    case messages
    /// An entry of LLaMA-Factory's register of datasets: `folder/dataset_info.json#name`.
    case datasetInfo = "dataset-info"
    /// Pictures with a `metadata.jsonl` or `metadata.csv` beside them, or pictures alone.
    case folder
    /// Captions as COCO has them: `images` and `annotations` in one file.
    case coco
    /// Questions in one file, annotators' answers in another, as VQAv2 has them.
    case vqa
    /// VLMEvalKit's tables, pictures in base64.
    case tsv
    /// Tar shards in which files with one base name are one sample.
    case webdataset
    /// One JSON object a line: this package's own lossless form, and the plain rows that people write.
    case jsonl

    /// What to look for, in a few words.
    public var summary: String {
        switch self {
        case .llava: "LLaVA conversations: a JSON list with \"conversations\""
        case .messages: "messages and images: JSON lines or a JSON list with \"messages\", \"query\" or \"instruction\" and \"output\""
        case .datasetInfo: "an entry of a register: dataset_info.json#name"
        case .folder: "a folder of pictures with metadata.jsonl or metadata.csv"
        case .coco: "COCO captions: a JSON object with \"images\" and \"annotations\""
        case .vqa: "VQA questions: a JSON object with \"questions\", the annotations in a file beside it"
        case .tsv: "a VLMEvalKit table: .tsv with index, image, question and answer"
        case .webdataset: "tar shards: name-{000000..000099}.tar"
        case .jsonl: "one JSON object a line with \"task\", \"question\", \"caption\", \"text_input\" or \"instruction\""
        }
    }
}
