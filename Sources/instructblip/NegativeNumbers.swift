/// Arguments as the parser takes them: it would read the number of `--length-penalty -1` as an option.
enum NegativeNumbers {
    /// Joins each negative number to the long option before it, as `--length-penalty=-1`. What follows `--` stays as it is.
    static func joined(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var isOpen = true
        for argument in arguments {
            if argument == "--" { isOpen = false }
            if isOpen, isNegative(argument), let option = result.last, option.hasPrefix("--"), option.count > 2, !option.contains("=") {
                result[result.count - 1] = "\(option)=\(argument)"
            } else {
                result.append(argument)
            }
        }
        return result
    }

    private static func isNegative(_ argument: String) -> Bool {
        guard argument.hasPrefix("-"), argument.count > 1 else { return false }
        return Double(argument) != nil
    }
}
