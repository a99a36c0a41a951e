import BlipTensors
import Foundation

/// Writes one JSON object on a line of its own.
func writeJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try writeOutput(try encoder.encode(value) + Data("\n".utf8))
}

/// Writes text to standard output.
/// - Throws: ``OutputError`` when it takes no more, as a full disk does.
func writeOutput(_ text: String) throws { try writeOutput(Data(text.utf8)) }

func writeOutput(_ data: Data) throws {
    do { try FileHandle.standardOutput.write(contentsOf: data) } catch { throw OutputError(error) }
}

/// Standard output takes no more.
struct OutputError: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        let error = error as NSError
        let reason = (error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error).localizedDescription
        description = "standard output cannot be written (\(reason)); is it closed, or its disk full?"
    }
}

/// A text from a file, without the control characters by which it could command a terminal; line ends stay.
func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0 != "\n" && $0.properties.generalCategory == .control }) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if scalar != "\n", scalar.properties.generalCategory == .control {
            result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        } else {
            result.append(scalar)
        }
    }
    return String(result)
}

/// Writes a remark to standard error. Nobody is left to tell when that fails.
func writeRemark(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// The most memory this process has held so far, in bytes.
func peakMemory() -> Int { Engine.peakMemory }

/// `1234567` as `1,234,567`.
func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (place, digit) in digits.enumerated() {
        if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
}
