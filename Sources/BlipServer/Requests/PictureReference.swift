import BlipJSON

/// Where a picture of a request is, before anybody has looked.
struct PictureReference: Sendable {
    /// A `data:`, `https:` or `file:` address; the bytes of a long one are not copied.
    let address: JSONString
    /// The field that names it.
    let param: String

    /// - Parameter field: a string, or an object with `url`, as OpenAI has it (`detail` beside it changes nothing here).
    init(_ fields: Fields, _ field: String, _ limits: ServerLimits) throws {
        let value = try fields.required(field, fields[field])
        switch value {
        case .string(let string): (address, param) = (string, fields.name(field))
        case .object:
            let inner = try Fields(value, at: fields.name(field))
            (address, param) = (try inner.required("url", inner.bytes("url")), inner.name("url"))
        default: throw fields.refusal(field, expected: "an object with url, or a string")
        }
        try check(limits)
    }

    init(_ address: JSONString, param: String, _ limits: ServerLimits) throws {
        (self.address, self.param) = (address, param)
        try check(limits)
    }

    /// Base64 has four characters for three bytes, so its length is known before it is decoded.
    private func check(_ limits: ServerLimits) throws {
        guard address.count > 0 else { throw Refusal.badPicture(param, "\(param) is empty; give a data: address with base64") }
        guard address.count <= limits.pictureBytes / 3 * 4 + 256 else {
            throw Refusal.tooLarge(
                "\(param) has \(address.count) bytes; a picture may have \(limits.pictureBytes) once decoded", param: param)
        }
    }

    var isData: Bool { hasPrefix("data:") }

    /// Letters of schemes have no case.
    func hasPrefix(_ prefix: String) -> Bool {
        address.withUnsafeBytes { bytes in
            let prefix = Array(prefix.utf8)
            guard bytes.count >= prefix.count else { return false }
            return zip(bytes, prefix).allSatisfy { ($0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0) == $1 }
        }
    }
}
