import BlipData
import BlipEvaluation
import BlipImages
import BlipPictures
import BlipTraining
import Foundation

/// A page with samples and their pictures, in one file that needs nothing else.
struct SamplePage {
    let text: String

    /// The longer side of a picture on the page, in pixels.
    private static let side = 360

    init(title: String, samples: [ShownSample], definition: DatasetDefinition?) throws {
        let card = definition.map { definition in
            let card = definition.card
            let facts = [card.category.rawValue, card.role.rawValue, card.source, "licence: \(card.licence)"]
            return "<p class=card>\(facts.map(Self.escaped).joined(separator: " · "))</p>\n"
        }
        let body = samples.map(Self.article).joined()
        text = """
            <!doctype html>
            <html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1"><title>\(Self.escaped(title))</title>
            <style>\(Self.style)</style>
            <h1>\(Self.escaped(title))</h1>
            \(card ?? "")<main>
            \(body)</main></html>

            """
    }

    private static func article(_ shown: ShownSample) -> String {
        let images = shown.sample?.images ?? []
        let pictures = images.map { image in
            switch thumbnail(image) {
            case .success(let data): "<img alt=\"\(escaped(image.label))\" src=\"data:image/png;base64,\(data.base64EncodedString())\">"
            case .failure(let error): "<div class=broken>\(escaped(error.reason))</div>"
            }
        }.joined()
        let lines = shown.lines.filter { $0.heading != "picture" }.map { line in
            "<dt>\(escaped(line.heading))</dt><dd class=\(line.heading)>\(escaped(line.text).replacing("\n", with: "<br>"))</dd>"
        }.joined()
        let id = shown.sample.map { " · \($0.id)" } ?? ""
        return "<article><div class=pictures>\(pictures)</div><h2>\(shown.index + 1)\(escaped(id))</h2><dl>\(lines)</dl></article>\n"
    }

    private struct Broken: Error { let reason: String }

    private static func thumbnail(_ image: SampleImage) -> Result<Data, Broken> {
        do {
            let picture = try image.load()
            let scale = min(1, Double(side) / Double(max(picture.width, picture.height)))
            let (width, height) = (Int((Double(picture.width) * scale).rounded()), Int((Double(picture.height) * scale).rounded()))
            return .success(try picture.resized(height: max(1, height), width: max(1, width)).pngData())
        } catch { return .failure(Broken(reason: "\(error)")) }
    }

    static func escaped(_ text: String) -> String { HTMLText.escaped(text) }

    private static let style = """
        body{font:16px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1c1e21;background:#fff}
        h1{font-size:1.5rem;margin:0 0 .25rem}.card{color:#5a6068;margin:0 0 1.5rem}
        main{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1.25rem}
        article{border:1px solid #d9dde2;border-radius:8px;overflow:hidden;background:#fff}
        .pictures{background:#f1f3f5;display:flex;flex-wrap:wrap;justify-content:center;min-height:3rem}
        img{max-width:100%;max-height:22rem;display:block}.broken{color:#a32020;padding:1rem;font-size:.85rem;overflow-wrap:anywhere}
        h2{font-size:.8rem;font-weight:500;color:#5a6068;margin:.75rem 1rem 0;overflow-wrap:anywhere}
        dl{margin:.25rem 1rem 1rem;display:grid;grid-template-columns:max-content 1fr;gap:.2rem .8rem;font-size:.9rem}
        dt{color:#5a6068}dd{margin:0;overflow-wrap:anywhere}dd.answer{font-weight:600}dd.problem{color:#a32020}
        @media(prefers-color-scheme:dark){body{background:#16181b;color:#e4e6e9}article{background:#1e2125;border-color:#353a40}.pictures{background:#26292e}.card,h2,dt{color:#9aa1a9}}
        """
}
