import Crypto
import Foundation

/// What the bytes of a file are checked against, as the hub publishes it.
enum Digest: Sendable, Equatable {
    /// Large files: the SHA-256 of their bytes.
    case sha256(String)
    /// Small files: git's name of the blob, SHA-1 over `blob SIZE\0` and the bytes.
    case gitBlob(String, size: Int)

    var text: String {
        switch self {
        case .sha256(let text), .gitBlob(let text, _): text
        }
    }
}

/// A running hash over the bytes of a file.
struct Checksum {
    private enum State {
        case none
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
    }

    private var state: State

    /// Nil: nothing is known about the file, so nothing is checked.
    init(_ digest: Digest?) {
        switch digest {
        case nil: state = .none
        case .sha256: state = .sha256(SHA256())
        case .gitBlob(_, let size):
            var hash = Insecure.SHA1()
            hash.update(data: Data("blob \(size)\0".utf8))
            state = .sha1(hash)
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .none: break
        case .sha256(var hash):
            state = .none  // so that the hash is not copied
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha1(var hash):
            state = .none
            hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        }
    }

    /// Lower-case hexadecimal digits; nil when nothing is checked.
    func finish() -> String? {
        switch state {
        case .none: nil
        case .sha256(let hash): Self.hexadecimal(hash.finalize())
        case .sha1(let hash): Self.hexadecimal(hash.finalize())
        }
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func isHexadecimal(_ text: String, count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}
