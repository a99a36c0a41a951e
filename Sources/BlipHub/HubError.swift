import Foundation

/// What can go wrong between a model's name and its folder on this machine.
public enum HubError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case badName(found: String, reason: String)
    case badRevision(found: String, reason: String)
    case badSetting(name: String, found: String, expected: String)
    case notPulled(name: String)
    case revisionNotPulled(name: String, pulled: [String])
    case incompleteModel(name: String, folder: String)
    case nothingToRemove(name: String)
    case offline(name: String)
    case unreachable(url: String, reason: String)
    case unauthorized(name: String, endpoint: String, sentToken: Bool)
    case gated(name: String, endpoint: String, sentToken: Bool)
    case missingRepository(name: String, endpoint: String)
    case missingRevision(name: String, revision: String)
    case missingFile(name: String, file: String)
    case refused(url: String, status: Int)
    case badAnswer(url: String, reason: String)
    case badRedirect(url: String, target: String, reason: String)
    case unsafeFileName(found: String, reason: String)
    case noModelFiles(name: String)
    case wrongHash(file: String, expected: String, found: String)
    case wrongSize(file: String, expected: Int, found: Int)
    case diskFull(folder: String, needed: Int?)
    case system(path: String, reason: String)
    case busy(name: String)

    public var description: String {
        switch self {
        case .badName(let found, let reason):
            "\"\(found)\" is not a model name: \(reason); "
                + "write it like Salesforce/instructblip-flan-t5-xl, with @revision behind it if you need one"
        case .badRevision(let found, let reason):
            "\"\(found)\" is not a revision: \(reason); give a branch, a tag or a commit"
        case .badSetting(let name, let found, let expected): "\(name) is \"\(found)\"; expected \(expected)"
        case .notPulled(let name):
            "\(name) is no folder, and no model of that name is here yet; run: instructblip pull \(Self.withOwner(name))"
        case .revisionNotPulled(let name, let pulled):
            "that revision of \(name) is not here, only \(pulled.joined(separator: ", ")); "
                + "name one of these behind an @, or run: instructblip pull \(name)"
        case .incompleteModel(let name, let folder):
            "\(name) is here only in part (\(folder)); run: instructblip pull \(name)"
        case .nothingToRemove(let name): "there is no pulled model \(name); instructblip ls lists those that are here"
        case .offline(let name):
            "\(name) is not complete on this machine, and offline mode forbids to fetch it; pull it without --offline and HF_HUB_OFFLINE"
        case .unreachable(let url, let reason):
            "\(url) cannot be reached: \(reason); "
                + "check the network, HF_ENDPOINT and the proxy settings, then pull again: what was fetched is kept"
        case .unauthorized(let name, let endpoint, let sentToken):
            sentToken
                ? "\(endpoint) does not accept the token for \(name); check HF_TOKEN, and the name"
                : "\(endpoint) shows \(name) only to known users, or has no such model; check the name, and set HF_TOKEN if the model is private"
        case .gated(let name, let endpoint, let sentToken):
            sentToken
                ? "access to \(name) is not granted to this token; ask for it at \(endpoint)/\(name)"
                : "\(name) is gated; ask for access at \(endpoint)/\(name), then set HF_TOKEN"
        case .missingRepository(let name, let endpoint): "\(endpoint) has no model \(name); check the name"
        case .missingRevision(let name, let revision): "\(name) has no revision \(revision); give a branch, a tag or a commit"
        case .missingFile(let name, let file): "\(name) lists \(file), but the hub does not have it; try again later, or another revision"
        case .refused(let url, let status): "\(url) answered with status \(status)\(Self.meaning(status)); try again later"
        case .badAnswer(let url, let reason): "\(url) gave an answer that is not a hub's: \(reason); check HF_ENDPOINT"
        case .badRedirect(let url, let target, let reason): "\(url) redirects to \(target), which is refused: \(reason)"
        case .unsafeFileName(let found, let reason): "the hub names a file \(found.debugDescription), which is refused: \(reason)"
        case .noModelFiles(let name):
            "\(name) holds no config.json with weights, so it is no checkpoint in the Hugging Face layout; check the name"
        case .wrongHash(let file, let expected, let found):
            "\(file) was damaged on its way: its hash should be \(expected), but is \(found); nothing was kept, pull again"
        case .wrongSize(let file, let expected, let found):
            "\(file) should have \(expected) bytes, but the server has \(found); nothing was kept, pull again later"
        case .diskFull(let folder, let needed):
            needed.map {
                String(format: "%.2f GB more are needed on the disk of ", Double($0) / 1e9) + folder
                    + "; free some space or set HF_HUB_CACHE"
            }
                ?? "the disk of \(folder) is full; free some space and pull again: what was fetched is kept"
        case .system(let path, let reason): "\(path) cannot be used: \(reason)"
        case .busy(let name): "\(name) is being pulled by another process; wait until that has ended"
        }
    }

    public var errorDescription: String? { description }

    /// The published models are known well enough to be named without their owner.
    private static func withOwner(_ name: String) -> String {
        let isPublished = ["instructblip-", "blip2-"].contains { name.hasPrefix($0) }
        return isPublished && !name.contains("/") ? "Salesforce/" + name : name
    }

    private static func meaning(_ status: Int) -> String {
        switch status {
        case 429: " (too many requests)"
        case 500...599: " (the server is in trouble)"
        default: ""
        }
    }

    /// The reason of the last failed system call.
    static func system(_ path: String, code: Int32) -> HubError {
        if code == ENOSPC || code == EDQUOT { return .diskFull(folder: path, needed: nil) }
        return .system(path: path, reason: String(cString: strerror(code)))
    }
}
