/// Turns the source of a regular expression into a program.
struct RegularExpressionParser {
    typealias Instruction = RegularExpression.Instruction

    private let source: [Unicode.Scalar]
    private var place = 0
    private static let maximumLength = 4096
    private static let maximumDepth = 16
    private static let maximumProgram = 20_000

    init(source: String) { self.source = Array(source.unicodeScalars) }

    mutating func program() throws(RegularExpressionError) -> [Instruction] {
        guard source.count <= Self.maximumLength else { throw error("an expression longer than \(Self.maximumLength) characters") }
        let program = try alternation(depth: 0, ignoresCase: false)
        guard place == source.count else { throw error("an unmatched )") }
        return program + [.accept]
    }

    /// `a|b|c`, up to the end or a closing parenthesis. Jumps inside a program are absolute, so parts are moved when they are joined.
    private mutating func alternation(depth: Int, ignoresCase: Bool) throws(RegularExpressionError) -> [Instruction] {
        guard depth <= Self.maximumDepth else { throw error("groups nested more than \(Self.maximumDepth) deep") }
        var branches = [try sequence(depth: depth, ignoresCase: ignoresCase)]
        while take("|") { branches.append(try sequence(depth: depth, ignoresCase: ignoresCase)) }
        guard var program = branches.popLast() else { return [] }
        for branch in branches.reversed() {
            program =
                [.fork(first: 1, second: branch.count + 2)] + Self.moved(branch, by: 1) + [.jump(branch.count + 2 + program.count)]
                + Self.moved(program, by: branch.count + 2)
            guard program.count <= Self.maximumProgram else { throw error("an expression that large") }
        }
        return program
    }

    private mutating func sequence(depth: Int, ignoresCase: Bool) throws(RegularExpressionError) -> [Instruction] {
        var program: [Instruction] = []
        while place < source.count, source[place] != "|", source[place] != ")" {
            let part = try repeated(try atom(depth: depth, ignoresCase: ignoresCase))
            program += Self.moved(part, by: program.count)
            guard program.count <= Self.maximumProgram else { throw error("an expression that large") }
        }
        return program
    }

    private mutating func atom(depth: Int, ignoresCase: Bool) throws(RegularExpressionError) -> [Instruction] {
        let scalar = source[place]
        place += 1
        switch scalar {
        case "(": return try group(depth: depth, ignoresCase: ignoresCase)
        case "[": return [.set(try bracket(ignoresCase: ignoresCase))]
        case ".": return [.set(ScalarSet(items: [.range(10...10)], isNegated: true))]
        case "^": return [.start]
        case "$": return [.end]
        case "*", "+", "?", "{": throw error("a repetition of nothing")
        case "\\": return [.set(ScalarSet(items: [try escape()], ignoresCase: ignoresCase))]
        default: return [.set(ScalarSet(items: [.range(scalar.value...scalar.value)], ignoresCase: ignoresCase))]
        }
    }

    private mutating func group(depth: Int, ignoresCase: Bool) throws(RegularExpressionError) -> [Instruction] {
        var ignoresCase = ignoresCase
        var lookAhead: Bool?
        if take("?") {
            if take("i") {
                ignoresCase = true
                guard take(":") else { throw error("an option set for the rest of the expression") }
            } else if take("!") {
                lookAhead = true
            } else if take("=") {
                lookAhead = false
            } else if !take(":") {
                throw error("the group (?\(place < source.count ? String(source[place]) : "")")
            }
        }
        let inner = try alternation(depth: depth + 1, ignoresCase: ignoresCase)
        guard take(")") else { throw error("a group without )") }
        guard let isNegative = lookAhead else { return inner }
        return [.lookAhead(inner + [.accept], isNegative: isNegative)]
    }

    private mutating func repeated(_ part: [Instruction]) throws(RegularExpressionError) -> [Instruction] {
        var least = 1
        var most = 1
        if take("*") {
            (least, most) = (0, .max)
        } else if take("+") {
            (least, most) = (1, .max)
        } else if take("?") {
            (least, most) = (0, 1)
        } else if take("{") {
            (least, most) = try bounds()
        } else {
            return part
        }
        if take("?") { throw error("a lazy repetition") }
        let isPossessive = take("+")
        if place < source.count, ["*", "+", "?", "{"].contains(source[place]) { throw error("a repetition of a repetition") }
        if part.count == 1, case .set(let set) = part[0] { return [.run(set, least: least, most: most, givesBack: !isPossessive)] }
        if isPossessive { throw error("a possessive repetition of a group") }
        let copies = most == .max ? least + 1 : most
        guard copies * (part.count + 1) <= Self.maximumProgram else { throw error("an expression that large") }

        var program: [Instruction] = []
        for _ in 0..<least { program += Self.moved(part, by: program.count) }
        if most == .max {
            let start = program.count
            program.append(.fork(first: start + 1, second: start + part.count + 2))
            program += Self.moved(part, by: start + 1)
            program.append(.jump(start))
        } else {
            let end = program.count + (most - least) * (part.count + 1)
            for _ in least..<most {
                program.append(.fork(first: program.count + 1, second: end))
                program += Self.moved(part, by: program.count)
            }
        }
        guard program.count <= Self.maximumProgram else { throw error("an expression that large") }
        return program
    }

    /// The rest of `{2}`, `{2,}` or `{2,5}`.
    private mutating func bounds() throws(RegularExpressionError) -> (Int, Int) {
        let least = try number()
        var most = least
        if take(",") { most = place < source.count && source[place] == "}" ? .max : try number() }
        guard take("}"), least <= most else { throw error("a repetition count that is not {n}, {n,} or {n,m}") }
        return (least, most)
    }

    private mutating func number() throws(RegularExpressionError) -> Int {
        var value = 0
        let start = place
        while place < source.count, let digit = Self.digit(source[place], radix: 10), place - start < 4 {
            value = value * 10 + digit
            place += 1
        }
        guard place > start, value <= 1000 else { throw error("a repetition count that is not a number up to 1000") }
        return value
    }

    /// The rest of `[...]`.
    private mutating func bracket(ignoresCase: Bool) throws(RegularExpressionError) -> ScalarSet {
        var set = ScalarSet(items: [], isNegated: take("^"), ignoresCase: ignoresCase)
        while place < source.count {
            if source[place] == "]", !set.items.isEmpty {
                place += 1
                return set
            }
            let item = try bracketItem()
            if case .range(let low) = item, place + 1 < source.count, source[place] == "-", source[place + 1] != "]" {
                place += 1
                guard case .range(let high) = try bracketItem(), low.lowerBound <= high.lowerBound else {
                    throw error("a broken range in [ ]")
                }
                set.items.append(.range(low.lowerBound...high.lowerBound))
            } else {
                set.items.append(item)
            }
        }
        throw error("a [ without ]")
    }

    private mutating func bracketItem() throws(RegularExpressionError) -> ScalarSet.Item {
        let scalar = source[place]
        place += 1
        switch scalar {
        case "\\": return try escape()
        case "[": throw error("a set inside a set")
        case "&" where place < source.count && source[place] == "&": throw error("an intersection of sets")
        default: return .range(scalar.value...scalar.value)
        }
    }

    /// What follows a backslash.
    private mutating func escape() throws(RegularExpressionError) -> ScalarSet.Item {
        guard place < source.count else { throw error("a backslash at the end") }
        let scalar = source[place]
        place += 1
        switch scalar {
        case "s": return .space
        case "S": return .not(.space)
        case "d": return .digit
        case "D": return .not(.digit)
        case "w": return .word
        case "W": return .not(.word)
        case "p": return try category()
        case "P": return .not(try category())
        case "n": return .range(10...10)
        case "r": return .range(13...13)
        case "t": return .range(9...9)
        case "f": return .range(12...12)
        case "v": return .range(11...11)
        case "x": return try hexadecimal(digits: 2)
        case "u": return try hexadecimal(digits: 4)
        default:
            guard scalar.value < 0x80, UnicodeRules.isPunctuation(scalar) || scalar == " " else { throw error("the escape \\\(scalar)") }
            return .range(scalar.value...scalar.value)
        }
    }

    private mutating func category() throws(RegularExpressionError) -> ScalarSet.Item {
        guard take("{") else { throw error("\\p without a name in { }") }
        let isNegated = take("^")
        var name = ""
        while place < source.count, source[place] != "}", name.utf8.count < 32 {
            name.unicodeScalars.append(source[place])
            place += 1
        }
        guard take("}"), ScalarSet.categories.contains(name) else { throw error("the class \\p{\(name)}") }
        return isNegated ? .not(.category(name)) : .category(name)
    }

    private mutating func hexadecimal(digits: Int) throws(RegularExpressionError) -> ScalarSet.Item {
        var value: UInt32 = 0
        let isBraced = digits == 2 && take("{")
        var count = 0
        while count < (isBraced ? 6 : digits), place < source.count, let digit = Self.digit(source[place], radix: 16) {
            value = value * 16 + UInt32(digit)
            place += 1
            count += 1
        }
        guard count > 0, isBraced ? take("}") : count == digits, Unicode.Scalar(value) != nil else {
            throw error("a broken hexadecimal escape")
        }
        return .range(value...value)
    }

    private static func digit(_ scalar: Unicode.Scalar, radix: Int) -> Int? {
        guard scalar.isASCII, let value = Character(scalar).hexDigitValue, value < radix else { return nil }
        return value
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard place < source.count, source[place] == scalar else { return false }
        place += 1
        return true
    }

    private static func moved(_ program: [Instruction], by offset: Int) -> [Instruction] {
        program.map { instruction in
            switch instruction {
            case .fork(let first, let second): .fork(first: first + offset, second: second + offset)
            case .jump(let target): .jump(target + offset)
            default: instruction
            }
        }
    }

    private func error(_ what: String) -> RegularExpressionError { RegularExpressionError(reason: what) }
}
