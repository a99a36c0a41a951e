import BlipTestSupport
import Foundation
import Testing

@testable import Blip

@Suite("The commit of a working folder") struct SourceCommitTests {
    private let commit = String(repeating: "0123456789", count: 4)

    private func put(_ text: String, _ path: String, in folder: URL) throws {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @Test("a branch, a packed branch, and a commit without one are found from any folder below")
    func forms() async throws {
        try await withTemporaryFolder { folder in
            let deep = folder.appendingPathComponent("one/two/three")
            try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
            try put("ref: refs/heads/main\n", "one/.git/HEAD", in: folder)
            #expect(SourceCommit.around(deep) == nil)
            try put("# pack-refs\n\(commit) refs/heads/main\n", "one/.git/packed-refs", in: folder)
            #expect(SourceCommit.around(deep) == commit)
            let newer = String(commit.reversed())
            try put("\(newer)\n", "one/.git/refs/heads/main", in: folder)
            #expect(SourceCommit.around(deep) == newer)
            try put(commit, "one/.git/HEAD", in: folder)
            #expect(SourceCommit.around(deep) == commit)
        }
    }

    @Test("a second working folder of a repository has its own branch")
    func worktree() async throws {
        try await withTemporaryFolder { folder in
            try put("ref: refs/heads/work\n", "main/.git/worktrees/second/HEAD", in: folder)
            try put("../..\n", "main/.git/worktrees/second/commondir", in: folder)
            try put("\(commit)\n", "main/.git/refs/heads/work", in: folder)
            try put("gitdir: ../main/.git/worktrees/second\n", "second/.git", in: folder)
            #expect(SourceCommit.around(folder.appendingPathComponent("second")) == commit)
        }
    }
}
