/// The members of a JSON object, in file order. Names are unique: a duplicate is a parse error.
public struct JSONObject: Sendable, Equatable {
    /// An object with more members keeps a dictionary of their places; in a smaller one looking at all of them is faster.
    static let searchedLimit = 12

    public let members: Members
    private let places: [JSONString: Int]?

    /// - Precondition: names are unique, and of more than ``searchedLimit`` members the places are given (the parser sees to it).
    init(members: [Member], places: [JSONString: Int]?) {
        self.members = Members(list: members)
        self.places = places
    }

    /// An object with these members; of several with one name the last one counts, at the place of the first.
    public init(_ members: [(key: JSONString, value: JSONValue)] = []) {
        var kept: [Member] = []
        var places: [JSONString: Int] = [:]
        for (key, value) in members {
            if let place = places[key] {
                kept[place].value = value
            } else {
                places[key] = kept.count
                kept.append(Member(key: key, value: value))
            }
        }
        self.init(members: kept, places: kept.count > Self.searchedLimit ? places : nil)
    }

    /// The same with one member set: replaced where it stands, else at the end.
    public func setting(_ key: JSONString, to value: JSONValue) -> JSONObject { JSONObject(members + [(key, value)]) }

    public subscript(key: JSONString) -> JSONValue? {
        if let places { return places[key].map { members.list[$0].value } }
        for member in members.list where member.key == key { return member.value }
        return nil
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool { left.members.list == right.members.list }

    /// A struct and not a tuple, whose copies and destruction would go through the runtime.
    struct Member: Sendable, Equatable {
        let key: JSONString
        var value: JSONValue
    }

    /// Names and values, in file order.
    public struct Members: Sendable, RandomAccessCollection, ExpressibleByArrayLiteral {
        public typealias Element = (key: JSONString, value: JSONValue)

        fileprivate let list: [Member]

        fileprivate init(list: [Member]) { self.list = list }

        public init(arrayLiteral elements: Element...) { list = elements.map { Member(key: $0.key, value: $0.value) } }

        public var startIndex: Int { 0 }
        public var endIndex: Int { list.count }
        public subscript(position: Int) -> Element { (list[position].key, list[position].value) }
    }
}
