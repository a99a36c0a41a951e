import Crypto
import Foundation

/// Hashes that tell whether two runs asked the same.
enum ContentHash {
    /// In hexadecimal digits.
    static func of(_ texts: some Sequence<String>) -> String {
        var hash = SHA256()
        for text in texts {
            hash.update(data: Data(text.utf8))
            hash.update(data: Data([0]))
        }
        return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
