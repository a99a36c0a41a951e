/// Candidate answers as a tree of tokens: what begins alike is computed once.
struct CandidateTrie {
    /// A token that the model has to read, because something follows it.
    struct Node {
        let token: Int
        /// The node it follows; -1 follows the prompt.
        let parent: Int
    }

    /// One factor of a candidate's probability: `token` after node `after` (-1: right after the prompt).
    struct Factor {
        let after: Int
        let token: Int
    }

    private(set) var nodes: [Node] = []
    /// The factors of each candidate, in the order of ``candidates``.
    private(set) var factors: [[Factor]] = []
    /// Which candidates these are.
    private(set) var candidates: [Int] = []
    private var children: [Node.Key: Int] = [:]

    /// Adds a candidate if the tree then has no more nodes than allowed; the first one always fits.
    mutating func add(_ index: Int, _ tokens: [Int], maximumNodes: Int) -> Bool {
        var (parent, added, path) = (-1, 0, [Factor]())
        var isNew = false
        for token in tokens.dropLast() {
            isNew = isNew || children[Node.Key(parent: parent, token: token)] == nil
            if isNew { added += 1 } else { parent = children[Node.Key(parent: parent, token: token)] ?? parent }
        }
        guard candidates.isEmpty || nodes.count + added <= maximumNodes else { return false }
        parent = -1
        for (place, token) in tokens.enumerated() {
            path.append(Factor(after: parent, token: token))
            if place < tokens.count - 1 { parent = node(token, after: parent) }
        }
        factors.append(path)
        candidates.append(index)
        return true
    }

    private mutating func node(_ token: Int, after parent: Int) -> Int {
        let key = Node.Key(parent: parent, token: token)
        if let known = children[key] { return known }
        nodes.append(Node(token: token, parent: parent))
        children[key] = nodes.count - 1
        return nodes.count - 1
    }
}

extension CandidateTrie.Node {
    struct Key: Hashable {
        let parent: Int
        let token: Int
    }
}
