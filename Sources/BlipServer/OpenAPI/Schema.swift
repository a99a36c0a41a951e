import BlipJSON

/// Pieces of JSON Schema, as OpenAPI 3.1 takes it.
enum Schema {
    static func reference(_ name: String) -> JSONValue { .record(["$ref": .text("#/components/schemas/\(name)")]) }

    /// - Parameter required: the members that must be there; the others may also be null, which says the same as leaving them out.
    static func object(
        _ members: KeyValuePairs<JSONString, JSONValue>, required: [String] = [], _ description: String? = nil
    ) -> JSONValue {
        .record([
            "type": .text("object"), "description": description.map(JSONValue.text),
            "properties": .object(JSONObject(members.map { (key: $0.key, value: $0.value) })),
            "required": required.isEmpty ? nil : .list(required.map(JSONValue.text)),
        ])
    }

    static func text(_ description: String? = nil, least: Int? = nil, most: Int? = nil, among: [String]? = nil) -> JSONValue {
        .record([
            "type": .text("string"), "description": description.map(JSONValue.text), "minLength": least.map { .integer($0) },
            "maxLength": most.map { .integer($0) }, "enum": among.map { .list($0.map(JSONValue.text)) },
        ])
    }

    static func integer(_ description: String? = nil, _ range: ClosedRange<Int>? = nil) -> JSONValue {
        .record([
            "type": .text("integer"), "description": description.map(JSONValue.text), "minimum": range.map { .integer($0.lowerBound) },
            "maximum": range.map { .integer($0.upperBound) },
        ])
    }

    static func number(_ description: String? = nil, _ range: ClosedRange<Double>? = nil, above: Double? = nil) -> JSONValue {
        .record([
            "type": .text("number"), "description": description.map(JSONValue.text),
            "minimum": above == nil ? range.map { .number($0.lowerBound) } : nil, "exclusiveMinimum": above.map { .number($0) },
            "maximum": range.map { .number($0.upperBound) },
        ])
    }

    static func flag(_ description: String? = nil) -> JSONValue {
        .record(["type": .text("boolean"), "description": description.map(JSONValue.text)])
    }

    static func list(_ items: JSONValue, least: Int? = nil, most: Int? = nil, _ description: String? = nil) -> JSONValue {
        .record([
            "type": .text("array"), "description": description.map(JSONValue.text), "items": items, "minItems": least.map { .integer($0) },
            "maxItems": most.map { .integer($0) },
        ])
    }

    static func any(_ schemas: [JSONValue], _ description: String? = nil) -> JSONValue {
        .record(["description": description.map(JSONValue.text), "anyOf": .array(schemas)])
    }

    /// The same, or null.
    static func optional(_ schema: JSONValue) -> JSONValue { any([schema, .record(["type": .text("null")])]) }
}
