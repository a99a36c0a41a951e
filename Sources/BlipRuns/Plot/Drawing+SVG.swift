import Foundation

extension Drawing {
    /// The drawing as an SVG document.
    func svg() -> String {
        var writer = SVGWriter(self)
        for shape in shapes { writer.write(shape) }
        return writer.finish()
    }
}

private struct SVGWriter {
    private var body = ""
    private var clips: [Drawing.Rectangle] = []
    private let size: (width: Double, height: Double)

    init(_ drawing: Drawing) { size = (drawing.width, drawing.height) }

    mutating func write(_ shape: Drawing.Shape) {
        switch shape {
        case .rectangle(let place, let colour):
            body +=
                "<rect x=\"\(short(place.x))\" y=\"\(short(place.y))\" width=\"\(short(place.width))\" height=\"\(short(place.height))\""
            body += paint("fill", colour) + "/>\n"
        case .lines(let lines, let stroke, let clip):
            let path = lines.filter { !$0.isEmpty }.map { line in
                // A single point would not show; a line of no length has round ends.
                "M" + (line.count == 1 ? [line[0], line[0]] : line).map { "\(short($0.x)),\(short($0.y))" }.joined(separator: "L")
            }
            if path.isEmpty { return }
            body += "<path d=\"\(path.joined())\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\""
            body += " stroke-width=\"\(short(stroke.width))\"" + paint("stroke", stroke.colour)
            if !stroke.dashes.isEmpty { body += " stroke-dasharray=\"\(stroke.dashes.map(short).joined(separator: " "))\"" }
            body += clipping(clip) + "/>\n"
        case .dots(let centres, let radius, let colour, let clip):
            if centres.isEmpty { return }
            body += "<g" + paint("fill", colour) + clipping(clip) + ">"
            for centre in centres { body += "<circle cx=\"\(short(centre.x))\" cy=\"\(short(centre.y))\" r=\"\(short(radius))\"/>" }
            body += "</g>\n"
        case .text(let text, let place, let style):
            body += "<text x=\"\(short(place.x))\" y=\"\(short(place.y))\" font-size=\"\(short(style.size))\""
            if style.isBold { body += " font-weight=\"bold\"" }
            switch style.anchor {
            case .start: break
            case .middle: body += " text-anchor=\"middle\""
            case .end: body += " text-anchor=\"end\""
            }
            body += paint("fill", style.colour) + ">\(escaped(text))</text>\n"
        }
    }

    func finish() -> String {
        let (width, height) = (short(size.width), short(size.height))
        let definitions = clips.enumerated().map { index, place in
            "<clipPath id=\"c\(index)\"><rect x=\"\(short(place.x))\" y=\"\(short(place.y))\" width=\"\(short(place.width))\" "
                + "height=\"\(short(place.height))\"/></clipPath>\n"
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="Helvetica, Arial, 'Liberation Sans', sans-serif">
            <defs>
            \(definitions.joined())</defs>
            \(body)</svg>

            """
    }

    private mutating func clipping(_ clip: Drawing.Rectangle?) -> String {
        guard let clip else { return "" }
        if let index = clips.firstIndex(of: clip) { return " clip-path=\"url(#c\(index))\"" }
        clips.append(clip)
        return " clip-path=\"url(#c\(clips.count - 1))\""
    }

    private func paint(_ attribute: String, _ colour: Colour) -> String {
        let value = String(format: "#%02X%02X%02X", Int(colour.red), Int(colour.green), Int(colour.blue))
        return " \(attribute)=\"\(value)\"" + (colour.opacity < 1 ? " \(attribute)-opacity=\"\(short(colour.opacity))\"" : "")
    }

    /// A hundredth of a point is finer than anyone sees.
    private func short(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : "\(rounded)"
    }

    /// XML has no way at all to write most control characters.
    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += " "
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
