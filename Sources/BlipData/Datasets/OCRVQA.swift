extension DatasetDefinition {
    static let ocrvqa = DatasetDefinition(
        DatasetCard(
            name: "ocrvqa", title: "OCR-VQA", category: .readingQuestions, role: .heldIn,
            source:
                "Mishra et al., \"OCR-VQA: visual question answering by reading text in images\", ICDAR 2019, https://ocr-vqa.github.io",
            licence: "annotations: none stated in the file; pictures: book covers of their publishers",
            splits: [
                SplitFacts(.train, 800_000, note: "questions, as the paper rounds them"),
                SplitFacts(.validation, 100_000, note: "questions, as the paper rounds them"),
                SplitFacts(.test, 100_000, note: "questions, as the paper rounds them"),
            ],
            evaluation: .test, metric: "accuracy",
            files: [
                OfficialFile("ocrvqa/dataset.json", from: "https://ocr-vqa.github.io"),
                OfficialFile(
                    "ocrvqa/images", from: "https://ocr-vqa.github.io", .images,
                    note: "loadDataset.py beside dataset.json fetches each book's \"imageURL\" and names it by the book's key"),
            ],
            notes: [
                "There are 1,002,146 questions about 207,572 books in all, which is the number that the paper's successor trains on: its list "
                    + "has the validation and test books in it. Here the file's own splits hold.",
                "No words read in the covers are published with it, so that the instructions have none. The paper had them, from a reader "
                    + "that it does not name.",
            ]),
        prompt: EvaluationPrompt("Question: {question} Short answer:", evidence: "as other questions are asked; held in here")
    ) { folder, split in
        let books = try RecordFile.jsonMembers(folder.file("ocrvqa/dataset.json"))
        return UnfoldedRecords(books) {
            try OCRVQABooks.split($0) == split ? .many(OCRVQABooks.questions($0).questions.count) : .nothing
        } sample: { book, index, part in
            _ = try OCRVQABooks.split(book)
            let (questions, answers) = try OCRVQABooks.questions(book)
            let key = try books.key(index) ?? ""
            var facts = ["image_id": key]
            for name in ["title", "authorName", "genre"] { facts[name] = try book.optionalText(name) }
            return Sample(
                id: "\(key)#\(part)", images: [folder.image("ocrvqa/images/\(key)\(try OCRVQABooks.ending(book))")],
                task: .question(VisualQuestion(questions[part], answers: [WeightedAnswer(answers[part])])), facts: facts)
        }
    }
}

private enum OCRVQABooks {
    static func split(_ book: RecordFields) throws -> Split {
        switch try book.integer("split") {
        case 1: return .train
        case 2: return .validation
        case 3: return .test
        case let other: throw book.bad("its split \(other) is none of 1, 2 and 3")
        }
    }

    static func questions(_ book: RecordFields) throws -> (questions: [String], answers: [String]) {
        let (questions, answers) = (try book.texts("questions"), try book.texts("answers"))
        guard questions.count == answers.count else {
            throw book.bad("it has \(questions.count) questions, but \(answers.count) answers")
        }
        return (questions, answers)
    }

    /// What the official script appends to a book's key: the ending of the last part of its picture's URL.
    static func ending(_ book: RecordFields) throws -> String {
        let name = try book.text("imageURL").split(separator: "/").last ?? ""
        return name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    }
}
