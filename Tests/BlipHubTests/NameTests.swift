import Foundation
import HubTestSupport
import Testing

@testable import BlipHub

/// Names, settings and small rules.
@Suite("names and settings") struct NameTests {
    @Test(
        "names and revisions are taken apart",
        arguments: [("a/b", "a/b", nil), ("b", "b", nil), ("A-1/b_2.c@v1.0", "A-1/b_2.c", "v1.0"), ("a/b@refs/pr/1", "a/b", "refs/pr/1")]
    )
    func good(_ text: String, _ repository: String, _ revision: String?) throws {
        let name = try ModelName(text)
        #expect(name.repository == repository && name.revision == revision && name.description == text)
        #expect(ModelName(folderName: name.folderName)?.repository == repository)
    }

    @Test(
        "what huggingface_hub refuses is refused",
        arguments: [
            "", "/", "a/", "/b", "a/b/c", "a--b/c", "a..b", "../b", "a/..", ".a/b", "a/b.git", "a b/c", "a/b\\c", "-a/b", "ä/b", "a/b\u{0}",
            String(repeating: "a", count: 97), "a\n/b", "http://x/y",
        ])
    func badNames(_ text: String) { #expect(throws: HubError.self) { try ModelName(text) } }

    @Test(
        "revisions that could leave the folder are refused",
        arguments: [
            "", "..", "../x", "a/../b", "/a", "a/", "a//b", ".hidden", "a/.b", "a\\b", "a b", "a\u{0}", "a\n", "x.lock", "a@{1}", "a:b",
            "-x", "a.", String(repeating: "a", count: 256),
        ])
    func badRevisions(_ text: String) { #expect(throws: HubError.self) { try ModelName("a/b@" + text) } }

    @Test("the cache folder is where huggingface_hub has it")
    func folders() throws {
        func folder(_ environment: [String: String]) throws -> String {
            try HubSettings(environment: environment.merging(["HOME": "/h"]) { first, _ in first }).cache.folder.path
        }
        #expect(try folder([:]) == "/h/.cache/huggingface/hub")
        #expect(try folder(["XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
        #expect(try folder(["XDG_CACHE_HOME": "/x", "HF_HOME": "/y"]) == "/y/hub")
        #expect(try folder(["HF_HOME": "/y", "HF_HUB_CACHE": "/z"]) == "/z")
        #expect(try folder(["HF_HUB_CACHE": "~/z", "HF_HOME": ""]) == "/h/z")
    }

    @Test("the token comes from HF_TOKEN, else from the file that a login leaves")
    func tokens() throws {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("instructblip-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: home) } }
        #expect(try HubSettings(environment: ["HF_HOME": home.path]).token == nil)
        try Data("hf_file\n".utf8).write(to: home.appendingPathComponent("token"))
        #expect(try HubSettings(environment: ["HF_HOME": home.path]).token == "hf_file")
        #expect(try HubSettings(environment: ["HF_HOME": home.path, "HF_TOKEN": " hf_variable "]).token == "hf_variable")
        #expect(throws: HubError.self) { try HubSettings(environment: ["HF_HOME": home.path, "HF_TOKEN": "a\r\nX: b"]) }
    }

    @Test("offline mode and the endpoint are read from the environment")
    func environment() throws {
        for (value, isOffline) in [("1", true), ("true", true), ("YES", true), ("0", false), ("", false), ("no", false)] {
            #expect(try HubSettings(environment: ["HF_HUB_OFFLINE": value, "HOME": "/h"]).isOffline == isOffline)
        }
        #expect(try HubSettings(environment: ["HOME": "/h"]).endpoint.absoluteString == "https://huggingface.co")
        #expect(try HubSettings(environment: ["HOME": "/h", "HF_ENDPOINT": "http://m:8/x//"]).endpoint.absoluteString == "http://m:8/x")
        for bad in ["huggingface.co", "ftp://x", "http://", "http://u:p@x", "file:///x", "https://x/?a=b"] {
            #expect(throws: HubError.self, "\(bad)") { try HubSettings(environment: ["HOME": "/h", "HF_ENDPOINT": bad]) }
        }
    }

    @Test("hashes are those of sha256sum and of git")
    func hashes() {
        let text = Data("hello\n".utf8)
        for (digest, count) in [
            (Digest.sha256("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"), 64),
            (Digest.gitBlob("ce013625030ba8dba906f756967f9e9ca394464a", size: 6), 40),
        ] {
            var checksum = Checksum(digest)
            text.withUnsafeBytes { bytes in
                checksum.update(UnsafeRawBufferPointer(rebasing: bytes[..<2]))
                checksum.update(UnsafeRawBufferPointer(rebasing: bytes[2...]))
            }
            #expect(checksum.finish() == digest.text)
            #expect(digest.text.count == count)
        }
    }

    @Test("waiting doubles, and is bounded whatever the server asks")
    func waiting() {
        let policy = RetryPolicy()
        for failures in 1...100 {
            let delay = policy.delay(afterFailures: failures)
            #expect(delay > 0 && delay <= policy.longestDelay)
        }
        #expect(policy.delay(afterFailures: 1, serverAsks: 5) == 5)
        #expect(policy.delay(afterFailures: 1, serverAsks: 1e9) == policy.longestDelay)
        #expect((0.375...0.5).contains(policy.delay(afterFailures: 1)))
    }

    @Test("content ranges are read", arguments: [("bytes 5-9/10", 5, 10), ("bytes 5-9/*", 5, nil)])
    func contentRange(_ text: String, _ start: Int, _ total: Int?) throws {
        let range = try #require(ContentRange(text))
        #expect(range.start == start && range.total == total)
    }

    @Test(
        "broken content ranges are refused",
        arguments: ["", "bytes", "bytes -/", "bytes 5", "bytes x-9/10", "bytes 5/9-10", "items 5-9/10"]
    )
    func badContentRange(_ text: String) { #expect(ContentRange(text) == nil) }

    @Test("addresses are percent-encoded byte by byte")
    func escaping() {
        #expect(HubClient.escape("a b/ü%?#.json") == "a%20b/%C3%BC%25%3F%23.json")
        #expect(HubClient.escape("refs/pr/1", keeping: "") == "refs%2Fpr%2F1")
    }
}
