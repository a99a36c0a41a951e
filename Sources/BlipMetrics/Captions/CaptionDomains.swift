/// Captions of pictures that are sorted into domains: NoCaps's in-domain, near-domain and out-domain pictures.
///
/// Each domain is a corpus of its own, whose words are as rare as they are in its references alone: so the official server scores it, and the scores of
/// the domains do not add up to that of all. Source: Agrawal et al., "nocaps", ICCV 2019, section 5.
public struct CaptionDomains: Sendable {
    /// As NoCaps writes them, from what COCO's captions know to what they do not.
    public static let official = ["in-domain", "near-domain", "out-domain"]

    private let parts: [(domain: String, corpus: CaptionCorpus)]

    /// - Parameter domains: of each sample its picture's domain, nil where it has none.
    /// - Throws: ``MetricError``, as `CaptionCorpus` does.
    public init(_ samples: [CaptionSample], _ domains: [String?]) throws {
        guard samples.count == domains.count else {
            throw MetricError.wrongCount(what: "domains", expected: samples.count, found: domains.count)
        }
        let found = Set(domains.compactMap(\.self))
        let names = Self.official.filter(found.contains) + found.subtracting(Self.official).sorted()
        parts = try names.map { name in
            (name, try CaptionCorpus(zip(samples, domains).filter { $0.1 == name }.map(\.0)))
        }
    }

    /// All metrics of captions in each domain, as `cider_near_domain`.
    public func scores(_ bootstrap: Bootstrap = Bootstrap()) throws -> [MetricScore] {
        try parts.flatMap { domain, corpus in
            try corpus.scores(bootstrap).map { score in
                MetricScore(
                    "\(score.name)_\(MetricCard.snakeCase(domain))", score.value, standardError: score.standardError,
                    interval: score.interval,
                    count: score.count)
            }
        }
    }
}
