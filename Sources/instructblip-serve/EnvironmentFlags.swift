import ArgumentParser

/// Every flag of the program as a variable: `--shutdown-timeout 5` is `INSTRUCTBLIP_SHUTDOWN_TIMEOUT=5`. What is given on the command line wins.
enum EnvironmentFlags {
    enum Kind {
        case value
        /// Several, parted by commas.
        case list
        case flag
    }

    static let all: [(name: String, kind: Kind)] = [
        ("model", .list), ("host", .value), ("port", .value), ("api-key", .list), ("api-key-file", .value), ("insecure", .flag),
        ("allowed-hosts", .list), ("parallel", .value), ("queue", .value), ("timeout", .value), ("max-tokens", .value),
        ("max-images", .value), ("max-body", .value), ("max-pixels", .value), ("max-connections", .value), ("idle-unload", .value),
        ("shutdown-timeout", .value), ("allowed-media-domains", .list), ("private-media-domains", .list), ("media-http", .flag),
        ("media-redirects", .value), ("media-path", .value), ("no-page", .flag), ("log-level", .value), ("log-prompts", .flag),
        ("dtype", .value), ("quantize", .value), ("device", .value), ("threads", .value), ("engines", .value), ("adapter", .value),
    ]

    static func variable(_ name: String) -> String { "INSTRUCTBLIP_" + name.uppercased().replacing("-", with: "_") }

    /// The arguments with what the environment adds in front of them.
    static func arguments(_ given: [String], _ environment: [String: String]) throws -> [String] {
        var added: [String] = []
        for (name, kind) in all {
            guard let value = environment[variable(name)], !value.isEmpty, !isGiven(name, given) else { continue }
            switch kind {
            case .value: added.append("--\(name)=\(value)")
            case .list: added += value.split(separator: ",").map { "--\(name)=\($0)" }
            case .flag:
                switch value.lowercased() {
                case "1", "true", "yes", "on": added.append("--\(name)")
                case "0", "false", "no", "off": break
                default: throw ValidationError("\(variable(name)) must be true or false, found \(value).")
                }
            }
        }
        return added + given
    }

    private static func isGiven(_ name: String, _ given: [String]) -> Bool {
        given.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") || (name == "model" && $0.hasPrefix("-m")) }
    }
}
