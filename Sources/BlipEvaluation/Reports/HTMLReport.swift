import BlipData
import BlipImages
import BlipMetrics
import BlipPictures
import Foundation

/// The results as a page in one file that needs nothing else: scores beside published ones, kinds of samples, and samples with their pictures, the
/// worst first.
struct HTMLReport {
    let text: String

    /// The longer side of a picture on the page, in pixels.
    private static let side = 240

    init(_ report: EvaluationReport, shownSamples: Int) throws {
        let sections = try report.parts.map { try Self.section($0, report.subject.publishedRow, shownSamples) }
        let links = report.parts.map { "<a href=\"#\($0.benchmark.name)\">\($0.benchmark.name)</a>" }
        let settings = report.subject.arguments.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let title = "Evaluation of \(report.subject.model)"
        text = """
            <!doctype html>
            <html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1"><title>\(HTMLText.escaped(title))</title>
            <style>\(Self.style)</style>
            <h1>\(HTMLText.escaped(title))</h1>
            <p class=note>\(HTMLText.escaped(settings.joined(separator: " · ")))</p>
            <nav>\(links.joined(separator: " "))</nav>
            \(sections.joined(separator: "\n"))
            <script>\(Self.script)</script></html>

            """
    }

    private static func section(_ part: EvaluationReport.Part, _ row: String?, _ shownSamples: Int) throws -> String {
        let benchmark = part.benchmark
        let order = part.outcomes.indices.sorted { left, right in
            // Errors first, then the worst; of equal ones in their order.
            let values = [left, right].map { part.scores.samples[$0] ?? -1 }
            return values[0] == values[1] ? left < right : values[0] < values[1]
        }
        let shown = order.prefix(shownSamples)
        let articles = shown.map { article($0, part) }
        let prompt = HTMLText.escaped(benchmark.template.text)
        let count = shown.count < order.count ? "the worst \(shown.count) of \(order.count)" : "all \(order.count)"
        return """
            <section id="\(benchmark.name)"><h2>\(HTMLText.escaped(try benchmark.title))</h2>
            <p class=note>\(benchmark.name), \(benchmark.split.rawValue) · <code>\(prompt)</code> · \(HTMLText.escaped(benchmark.evidence))\(part.samples.picture == .given ? "" : " · picture: \(part.samples.picture.rawValue)")</p>
            <div class=tables>\(scores(part))\(bars(part, row))\(groups(part))</div>
            \(histogram(part))
            <div class=filters><label>Show <select><option value=all>\(count)</option><option value=wrong>wrong</option>\
            <option value=right>right</option><option value=error>without an answer</option></select></label>
            <label>Containing <input type=search></label></div>
            <main>\(articles.joined())</main></section>
            """
    }

    private static func scores(_ part: EvaluationReport.Part) -> String {
        let rows = part.scores.metrics.map { metric in
            let error = metric.standardError.map { String(format: "± %.4f", $0) } ?? ""
            let interval = metric.interval.map { String(format: "%.4f to %.4f", $0.lowerBound, $0.upperBound) } ?? ""
            return
                "<tr><td>\(HTMLText.escaped(metric.name))<td class=n>\(String(format: "%.4f", metric.value))<td class=n>\(error)<td class=n>\(interval)"
                + "<td class=n>\(metric.count)"
        }
        return "<table><tr><th>metric<th>value<th>error<th>95 %<th>samples\(rows.joined())</table>"
    }

    /// One's own score among published ones.
    private static func bars(_ part: EvaluationReport.Part, _ row: String?) -> String {
        var bars = PublishedScores.scores(of: part.benchmark.name).map {
            (name: $0.model, value: $0.value, kind: $0.model == row ? "twin" : "")
        }
        bars.append((name: "this run", value: part.printed, kind: "own"))
        let most = max(1, bars.map(\.value).max() ?? 1)
        let rows = bars.sorted { $0.value > $1.value }.map { bar in
            "<tr class=\"\(bar.kind)\"><td>\(HTMLText.escaped(bar.name))<td class=bar><i style=\"width:\(String(format: "%.1f", 100 * max(0, bar.value) / most))%\"></i>"
                + "<td class=n>\(String(format: "%.1f", bar.value))"
        }
        return "<table class=bars><tr><th>published<th><th>\(rows.joined())</table>"
    }

    private static func groups(_ part: EvaluationReport.Part) -> String {
        guard !part.scores.groups.isEmpty, let fact = part.benchmark.breakdown else { return "" }
        let most = max(1e-9, part.scores.groups.map(\.score.value).max() ?? 1)
        let rows = part.scores.groups.prefix(25).map { group in
            "<tr><td>\(HTMLText.escaped(group.name))<td class=bar><i style=\"width:\(String(format: "%.1f", 100 * max(0, group.score.value) / most))%\"></i>"
                + "<td class=n>\(String(format: "%.3f", group.score.value))<td class=n>\(group.score.count)"
        }
        return "<table class=bars><tr><th>\(HTMLText.escaped(fact))<th><th><th>samples\(rows.joined())</table>"
    }

    /// How many samples have which score.
    private static func histogram(_ part: EvaluationReport.Part) -> String {
        let values = part.scores.samples.compactMap(\.self)
        guard let most = values.max(), values.count > 1 else { return "" }
        let (bins, top) = (20, max(1, most))
        var counts = [Int](repeating: 0, count: bins)
        for value in values { counts[min(bins - 1, max(0, Int(value / top * Double(bins))))] += 1 }
        let highest = Double(counts.max() ?? 1)
        let columns = counts.enumerated().map { bin, count in
            let height = 60 * Double(count) / highest
            let range = String(format: "%.2f to %.2f", Double(bin) * top / Double(bins), Double(bin + 1) * top / Double(bins))
            return
                "<rect x=\(bin * 16) y=\(String(format: "%.1f", 60 - height)) width=14 height=\(String(format: "%.1f", height))><title>\(range): \(count)</title></rect>"
        }
        return "<figure><svg viewBox=\"0 0 320 60\" role=img aria-label=\"scores of samples\">\(columns.joined())</svg>"
            + "<figcaption>\(part.benchmark.headline) of single samples, from 0 to \(String(format: "%.2f", top))</figcaption></figure>"
    }

    private static func article(_ number: Int, _ part: EvaluationReport.Part) -> String {
        let value = part.scores.samples[number]
        let kind = value.map { $0 >= 0.5 ? "right" : "wrong" } ?? "error"
        let mark = value.map { String(format: "%.2f", $0) } ?? "no answer"
        var lines: [(String, String)] = []
        var (pictures, id) = ("", "sample \(number + 1)")
        do {
            let item = try part.samples.item(number)
            id = item.sample.id
            pictures = item.images.prefix(2).map(picture).joined()
            lines.append(("instruction", item.instruction))
            switch part.outcomes[number] {
            case .success(let prediction): lines.append(("answer", prediction.answer))
            case .failure(let failure): lines.append(("error", failure.reason))
            }
            lines.append(("references", counted(item.references)))
            if let wrong = part.scores.remarks[number], !wrong.isEmpty { lines.append(("wrong", wrong.joined(separator: "; "))) }
        } catch { lines.append(("error", "\(error)")) }
        let rows = lines.map { "<dt>\($0.0)<dd class=\($0.0)>\(HTMLText.escaped($0.1).replacingOccurrences(of: "\n", with: "<br>"))" }
        return
            "<article class=\(kind)><div class=pictures>\(pictures)</div><h3>\(HTMLText.escaped(id)) <b>\(mark)</b></h3><dl>\(rows.joined())</dl></article>"
    }

    /// Equal ones once, with how many they are.
    private static func counted(_ references: [String]) -> String {
        WeightedAnswer.counted(references).map { $0.weight > 1 ? "\($0.text) (\(Int($0.weight)))" : $0.text }.joined(separator: ", ")
    }

    private static func picture(_ image: SampleImage) -> String {
        do {
            let picture = try image.load()
            let scale = min(1, Double(side) / Double(max(picture.width, picture.height)))
            let (width, height) = (Int((Double(picture.width) * scale).rounded()), Int((Double(picture.height) * scale).rounded()))
            let data = try picture.resized(height: max(1, height), width: max(1, width)).pngData()
            return "<img alt=\"\(HTMLText.escaped(image.label))\" src=\"data:image/png;base64,\(data.base64EncodedString())\">"
        } catch { return "<div class=broken>\(HTMLText.escaped("\(error)"))</div>" }
    }

    private static let script = """
        for(const s of document.querySelectorAll('section')){const k=s.querySelector('select'),t=s.querySelector('input');
        const f=()=>{const w=t.value.toLowerCase();for(const a of s.querySelectorAll('article'))
        a.hidden=(k.value!='all'&&!a.classList.contains(k.value))||(w&&!a.textContent.toLowerCase().includes(w))};k.onchange=f;t.oninput=f}
        """

    private static let style = """
        body{font:16px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem;color:#1c1e21;background:#fff}
        h1{font-size:1.5rem;margin:0}h2{margin:2.5rem 0 .25rem}h3{font-size:.8rem;font-weight:500;color:#5a6068;margin:.6rem 1rem 0;overflow-wrap:anywhere}
        h3 b{float:right}.note{color:#5a6068;margin:.2rem 0 1rem}nav a{margin-right:.8rem}
        .tables{display:flex;flex-wrap:wrap;gap:2rem;align-items:flex-start}table{border-collapse:collapse;font-size:.85rem}
        td,th{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #e3e6ea}.n{text-align:right;font-variant-numeric:tabular-nums}
        .bars .bar{width:9rem;padding:0}.bar i{display:block;height:.8rem;background:#9db7d5;border-radius:2px}.own i{background:#d5662a}.twin i{background:#4b7db8}
        .own td{font-weight:600}figure{margin:1rem 0}svg{width:20rem;height:4rem}rect{fill:#9db7d5}figcaption{font-size:.8rem;color:#5a6068}
        .filters{margin:1rem 0;display:flex;gap:1.5rem}main{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
        article{border:1px solid #d9dde2;border-left-width:5px;border-radius:8px;overflow:hidden}article[hidden]{display:none}
        article.wrong{border-left-color:#c9503c}article.right{border-left-color:#4d9a5b}article.error{border-left-color:#8a8f96}
        .pictures{background:#f1f3f5;display:flex;justify-content:center;min-height:2rem}img{max-width:100%;max-height:15rem}
        .broken{color:#a32020;padding:1rem;font-size:.8rem;overflow-wrap:anywhere}
        dl{margin:.2rem 1rem .8rem;display:grid;grid-template-columns:max-content 1fr;gap:.15rem .7rem;font-size:.87rem}
        dt{color:#5a6068}dd{margin:0;overflow-wrap:anywhere}dd.answer{font-weight:600}dd.error{color:#a32020}
        @media(prefers-color-scheme:dark){body{background:#16181b;color:#e4e6e9}article{border-color:#353a40}.pictures{background:#26292e}\
        td,th{border-color:#353a40}.note,h3,dt,figcaption{color:#9aa1a9}a{color:#8db4e8}}
        """
}
