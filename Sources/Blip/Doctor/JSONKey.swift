import BlipJSON

/// A key that is shown, too.
struct JSONKey: ExpressibleByStringLiteral {
    let text: String
    var json: JSONString { JSONString(bytes: Array(text.utf8)) }

    init(stringLiteral text: String) { self.text = text }
}
