/// Words that the official evaluation of VQA gives their apostrophes back, or takes one from.
///
/// Answers are in lower case when they are looked up, so of the script's entries those with a capital never apply; they are left out, as are
/// the ones that change nothing. "somebody'd", which loses its apostrophe, is an oddity of the script.
enum VQAContractions {
    static let all: [(String, String)] = negations + auxiliaries + persons + others

    /// "dont", "couldnt" and what they become before "have".
    private static let negations: [(String, String)] =
        [
            "ain", "aren", "can", "couldn", "didn", "doesn", "don", "hadn", "hasn", "haven", "isn", "mightn", "mustn", "needn", "oughtn",
            "shan", "shouldn", "wasn", "weren", "won", "wouldn",
        ].map { ("\($0)t", "\($0)'t") }
        + ["couldn", "hadn", "mightn", "shouldn", "wouldn"].flatMap { [("\($0)t've", "\($0)'t've"), ("\($0)'tve", "\($0)'t've")] }

    private static let auxiliaries: [(String, String)] = ["could", "might", "must", "not", "should", "would"].map {
        ("\($0)ve", "\($0)'ve")
    }

    /// Those of a word that are in the script; it has "hes" but not "shes", and "id've" only with a capital.
    private static let persons: [(String, String)] =
        endings("he", "d", "d've", "s") + endings("how", "d", "ll", "s") + endings("it", "d", "d've", "ll") + endings("she", "d've")
        + endings("somebody", "d've", "ll", "s") + endings("someone", "d", "d've", "ll", "s") + endings("something", "d", "d've", "ll")
        + endings("that", "s") + endings("there", "d", "d've", "re", "s") + endings("they", "d", "d've", "ll", "re", "ve")
        + endings("we", "d've", "ve") + endings("what", "ll", "re", "s", "ve") + endings("when", "s") + endings("where", "d", "s", "ve")
        + endings("who", "d", "d've", "ll", "s", "ve") + endings("why", "ll", "re", "s") + endings("you", "d", "d've", "ll", "re", "ve")

    private static let others: [(String, String)] = [
        ("maam", "ma'am"), ("oclock", "o'clock"), ("ow's'at", "'ow's'at"), ("'ows'at", "'ow's'at"), ("'ow'sat", "'ow's'at"),
        ("somebody'd", "somebodyd"), ("twas", "'twas"), ("yall", "y'all"), ("yall'll", "y'all'll"), ("y'allll", "y'all'll"),
        ("yall'd've", "y'all'd've"), ("y'alld've", "y'all'd've"), ("y'all'dve", "y'all'd've"),
    ]

    /// A word and its endings without the apostrophe between them; "d've" may have lost either of its two.
    private static func endings(_ word: String, _ endings: String...) -> [(String, String)] {
        endings.flatMap { ending in
            ending == "d've"
                ? [("\(word)d've", "\(word)'d've"), ("\(word)'dve", "\(word)'d've")] : [("\(word)\(ending)", "\(word)'\(ending)")]
        }
    }
}
