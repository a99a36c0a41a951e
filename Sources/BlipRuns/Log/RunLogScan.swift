import Foundation

/// The whole lines of a log file, with where they end.
struct RunLogScan {
    struct Place {
        let line: RunLine
        /// Behind its line break.
        let end: Int
    }

    private(set) var lines: [Place] = []
    let byteCount: Int

    /// Something stands behind the last whole line: a write that a crash or a power cut tore.
    private(set) var hasTornEnd = false

    init(_ url: URL) throws(RunError) {
        let data: Data
        do { data = try Data(contentsOf: url) } catch { throw .unreadable(path: url.path, reason: error.localizedDescription) }
        let bytes = [UInt8](data)
        byteCount = bytes.count
        var (start, number) = (0, 0)
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            number += 1
            do {
                lines.append(Place(line: try RunLine(parsing: bytes[start..<end]), end: end + 1))
            } catch {
                // A power cut can leave zeros, or an older block, in front of the very last line break.
                guard end + 1 == bytes.count, !lines.isEmpty else { throw .badLine(path: url.path, line: number, reason: error.reason) }
                break
            }
            start = end + 1
        }
        hasTornEnd = start < bytes.count
        // Somebody else's file must not be taken for a log that was torn in its first line, and cut.
        if lines.isEmpty, hasTornEnd, !zip(bytes, RunLine.beginning).allSatisfy({ $0 == $1 }) {
            throw .badLine(path: url.path, line: 1, reason: "it does not begin like one")
        }
    }
}
