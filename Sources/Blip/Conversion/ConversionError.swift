import Foundation

/// Why files could not be made a checkpoint. Every list names all tensors concerned.
public enum ConversionError: Error, Sendable, Equatable {
    case unknownNames(file: String, names: [String], layout: String)
    /// Two names of one file mean the same tensor.
    case sameTensor(file: String, names: [String])
    /// What the config calls for and what the files hold differ.
    case mismatch(missing: [String], unused: [String], misshapen: [String])
    case wrongType(tensor: String, file: String, found: String)
    /// Numbers too large for the type asked for.
    case overflow(tensor: String, count: Int, type: String)
    case tokenizer(folder: String, expected: String, found: String)
    case unreadable(file: String, reason: String)
    /// Packing loses digits; nothing is made of packed weights.
    case alreadyPacked(folder: String, tensor: String)
    case badAdapter(folder: String, reason: String)
    /// A change cannot be added to packed numbers.
    case packedUnderAdapter(folder: String, tensor: String)
    /// A folder of another model than a part is taken from.
    case wrongKind(folder: String, expected: String, found: String)
    /// Two parts that do not go together: what differs, and what each has.
    case unfitting(what: String, one: String, has: Int, other: String, needs: Int)
}

extension ConversionError: CustomStringConvertible, LocalizedError {
    public var errorDescription: String? { description }

    public var description: String {
        switch self {
        case .unknownNames(let file, let names, let layout):
            "\(file) holds \(names.count) tensors that no \(layout) file has: \(NameList.text(names)); it belongs to another model"
        case .sameTensor(let file, let names):
            "\(file) holds the same tensor under several names: \(NameList.text(names)); it was put together from two models"
        case .mismatch(let missing, let unused, let misshapen): Self.mismatch(missing, unused, misshapen)
        case .wrongType(let tensor, let file, let found):
            "tensor \(tensor) in \(file) has elements of type \(found); expected floating-point numbers (F32, F16, BF16 or F64)"
        case .overflow(let tensor, let count, let type):
            "\(count) numbers of \(tensor) are too large for \(type); choose bfloat16 or float32"
        case .tokenizer(let folder, let expected, let found):
            "the tokenizer in \(folder) does not belong to the config: expected \(expected), found \(found)"
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .wrongKind(let folder, let expected, let found): "\(folder) holds \(found); expected \(expected)"
        case .unfitting(let what, let one, let has, let other, let needs):
            "the parts do not go together: \(what) is \(has) in \(one), and \(needs) in \(other)"
        case .alreadyPacked(let folder, let tensor):
            "\(folder) is quantized already (it holds \(tensor)); use the checkpoint it was made from"
        case .badAdapter(let folder, let reason): "\(folder) is no adapter that can be used: \(reason)"
        case .packedUnderAdapter(let folder, let tensor):
            "\(folder) holds \(tensor) packed, and nothing can be added to packed numbers; name the checkpoint it was made from as the model, "
                + "or keep the adapter apart"
        }
    }

    private static func mismatch(_ missing: [String], _ unused: [String], _ misshapen: [String]) -> String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("\(missing.count) tensors are missing: \(NameList.text(missing))") }
        if !unused.isEmpty { parts.append("\(unused.count) tensors have no use: \(NameList.text(unused))") }
        if !misshapen.isEmpty { parts.append("\(misshapen.count) tensors have another shape: \(misshapen.joined(separator: ", "))") }
        return "the files do not make the checkpoint that the config describes: \(parts.joined(separator: "; "))"
    }
}

/// Names of tensors in one line, all of them: `encoder.layers.{0-38}.fc1.weight` stands for 39.
enum NameList {
    static func text(_ names: [String]) -> String {
        var groups: [(stem: [String], numbers: [Int])] = []
        var places: [[String]: Int] = [:]
        for name in names {
            let (stem, number) = split(name)
            if let number, let place = places[stem] {
                groups[place].numbers.append(number)
            } else {
                places[stem] = groups.count
                groups.append((stem, number.map { [$0] } ?? []))
            }
        }
        return groups.map { stem, numbers in
            numbers.count < 2
                ? stem.joined(separator: numbers.first.map(String.init) ?? "") : stem.joined(separator: "{\(ranges(numbers))}")
        }.joined(separator: ", ")
    }

    /// A name around its first number between dots.
    private static func split(_ name: String) -> (stem: [String], number: Int?) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let place = parts.firstIndex(where: { Int($0).map(String.init) == String($0) }) else { return ([name], nil) }
        let before = parts[..<place].map { $0 + "." }.joined()
        let after = parts[(place + 1)...].map { "." + $0 }.joined()
        return ([before, after], Int(parts[place]))
    }

    private static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, last.upperBound + 1 >= number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
