import ArgumentParser
import Blip
import BlipHub
import BlipModels
import BlipSceneModel
import BlipServer
import Foundation

/// What is wrong with how the server was started.
enum ServeError: Error, Equatable, CustomStringConvertible {
    case unreadableKeys(path: String)
    case noKeys(path: String)
    case sameName(String)
    case badName(String)

    var description: String {
        switch self {
        case .unreadableKeys(let path):
            "there is no file \(path) that can be read; --api-key-file takes a text file with a key on each line"
        case .noKeys(let path): "\(path) holds no keys; write one on each line"
        case .sameName(let name): "two models are called \(name); give one another name with --model name=folder"
        case .badName(let name): "\(name.debugDescription) is no name for a model; use letters, numbers, - and /"
        }
    }
}

/// What the program exits with, and the sentence it says; the numbers are those of sysexits, as of every verb.
struct ServeStatus {
    let code: Int32
    let sentence: String

    /// Nil for errors of the argument parser, which explains those itself.
    init?(_ error: any Error) {
        switch error {
        case ServerError.openToOthers: (code, sentence) = (64, "\(error) (--api-key-file, or --insecure where everybody may ask)")
        case ServerError.badSetting: (code, sentence) = (64, "\(error)")
        case ServerError.cannotListen: (code, sentence) = (69, "\(error)")
        case ServerError.pageMissing: (code, sentence) = (66, "\(error) (or leave it out with --no-page)")
        case ServerError.modelFailed: (code, sentence) = (65, "\(error)")
        case ServeError.unreadableKeys: (code, sentence) = (66, "\(error)")
        case is ServeError: (code, sentence) = (64, "\(error)")
        case ConfigError.unreadable: (code, sentence) = (66, "\(error)")
        case is ConfigError: (code, sentence) = (65, "\(error)")
        case is HubError, is SceneModelError: (code, sentence) = (66, "\(error)")
        case is CancellationError: (code, sentence) = (130, "interrupted")
        case is ValidationError, is ExitCode, is CleanExit: return nil
        default:
            // The parser's own error type is not public; its module is.
            if String(reflecting: type(of: error)).hasPrefix("ArgumentParser") { return nil }
            (code, sentence) = (70, error.localizedDescription)
        }
    }
}
