import BlipImages
import Foundation
import Testing

/// Whether this machine can read real videos.
enum FFmpeg {
    static let file = VideoTools().find("ffmpeg")
    static let isInstalled = file != nil && VideoTools().find("ffprobe") != nil
    static let reason: Comment = "ffmpeg and ffprobe are not installed: reading real videos is not tested here"
}

/// Videos through ffmpeg, where it is installed.
@Suite struct VideoTests {
    /// A video of 25 frames a second whose frame n is about as grey as 7 times n.
    private func makeVideo(_ file: URL, frames: Int, _ options: [String] = []) throws {
        let process = Process()
        process.executableURL = FFmpeg.file
        process.arguments =
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=black:size=32x16:rate=25,geq=lum=16+N*6:cb=128:cr=128",
                "-frames:v", "\(frames)",
            ] + options + ["file:" + file.path(percentEncoded: false)]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func places(_ frames: [RGBImage]) -> [Int] { frames.map { Int((Double($0.pixels[0]) * 219 / 255 / 6).rounded()) } }

    @Test(
        .enabled(if: FFmpeg.isInstalled, FFmpeg.reason),
        arguments: [
            ("clip.mp4", ["-c:v", "mpeg4", "-q:v", "1"]), ("clip.avi", ["-c:v", "mpeg4", "-q:v", "1"]),
            ("clip.mkv", ["-c:v", "ffv1"]), ("clip.ts", ["-c:v", "mpeg2video", "-q:v", "1"]),
            ("-i concat:a|b.mp4", ["-c:v", "mpeg4", "-q:v", "1", "-f", "mp4"]),
            ("https:%2F..mp4", ["-c:v", "mpeg4", "-q:v", "1", "-f", "mp4"]),
            ("a 'name' with $(touch x) and \"quotes\".mp4", ["-c:v", "mpeg4", "-q:v", "1"]),
        ])
    func `the sampled frames of a video are those of the rule`(name: String, options: [String]) throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent(name)
            try makeVideo(file, frames: 30, options)
            let source = ImageSource.file(file)
            #expect(places(try source.frames()) == FrameSampling.places(of: 30, count: 4))
            #expect(places(try source.frames(7)) == FrameSampling.places(of: 30, count: 7))
            #expect(try source.frames(1).map { [$0.width, $0.height] } == [[32, 16]])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
        }
    }

    @Test(.enabled(if: FFmpeg.isInstalled, FFmpeg.reason)) func `a short video gives every frame it has`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("short.mp4")
            try makeVideo(file, frames: 3, ["-c:v", "mpeg4", "-q:v", "1"])
            #expect(places(try ImageSource.file(file).frames(8)) == [0, 1, 2])
            #expect(throws: ImageError.self) { try ImageSource.file(file).frames(2, limits: ImageLimits(maximumPixels: 32 * 16 - 1)) }
        }
    }

    @Test(.enabled(if: FFmpeg.isInstalled, FFmpeg.reason))
    func `a damaged video, and a list of other files, are errors`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("clip.mp4")
            try makeVideo(file, frames: 30, ["-c:v", "mpeg4", "-q:v", "1"])
            let whole = try Data(contentsOf: file)
            try whole.prefix(whole.count / 2).write(to: file)
            do {
                _ = try ImageSource.file(file).frames()
                Issue.record("half a video was read")
            } catch ImageError.brokenVideo(let path, let reason) { #expect(path == file.path && !reason.isEmpty) }
            try makeVideo(folder.appendingPathComponent("secret.ts"), frames: 3)
            // Such a list would make ffmpeg read what it names.
            let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(folder.path)/secret.ts\n#EXT-X-ENDLIST\n"
            try Data(list.utf8).write(to: file)
            #expect(throws: ImageError.unsupportedFormat(source: file.path(), found: "text")) { try ImageSource.file(file).frames() }
            try (Data([1, 2, 3, 4]) + Data(list.utf8)).write(to: file)
            #expect(throws: ImageError.self) { try ImageSource.file(file).frames() }
        }
    }

    // MARK: - Programs that only look like ffmpeg: these run everywhere.

    private static let probed =
        #"{"streams": [{"width": 3, "height": 2, "nb_frames": "8", "avg_frame_rate": "4/1"}], "format": {"format_name": "mov,mp4"}}"#

    /// Two scripts in a folder, and a file that looks like a video.
    private func withPrograms(ffprobe: String?, ffmpeg: String?, _ body: (ImageSource, VideoTools, URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for (name, script) in [("ffprobe", ffprobe), ("ffmpeg", ffmpeg)] {
                guard let script else { continue }
                let file = folder.appendingPathComponent(name)
                try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
            }
            let video = folder.appendingPathComponent("-v.mp4")
            try Data("\0\0\0\u{18}ftypisom".utf8).write(to: video)
            try body(.file(video), VideoTools(searchPath: ["relative", folder.path], timeLimit: 20), folder)
        }
    }

    private func reason(_ source: ImageSource, _ tools: VideoTools) -> String {
        do {
            _ = try source.frames(2, tools: tools)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func `without the programs the error says what to install, and what else to give`() throws {
        try withPrograms(ffprobe: nil, ffmpeg: "exit 0") { source, tools, _ in
            let text = reason(source, tools)
            #expect(text.contains("needs the program ffprobe") && text.contains("apt-get install ffmpeg"))
            #expect(text.contains("brew install ffmpeg") && text.contains("or give a folder of frames"))
        }
        try withPrograms(ffprobe: "exit 0", ffmpeg: nil) { source, tools, _ in
            #expect(reason(source, tools).contains("needs the program ffmpeg"))
        }
    }

    @Test func `programs see an absolute file address, and no shell sees anything`() throws {
        let note = "echo \"$0 $*\" >> \"$(dirname \"$0\")/log\"\n"
        try withPrograms(ffprobe: note + "echo '\(Self.probed)'", ffmpeg: note + "cat \"$(dirname \"$0\")/frame.png\"") {
            source, tools, folder in
            let picture = RGBImage(width: 3, height: 2, pixels: Array(0..<18))
            try picture.write(png: folder.appendingPathComponent("frame.png"))
            #expect(try source.frames(2, tools: tools) == [picture, picture])
            let lines = try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 3)
            for line in lines {
                #expect(line.contains("-protocol_whitelist file,pipe") && line.contains("-i file:/") && line.contains("/-v.mp4"))
            }
            // Frames 0 and 4 of 8, at four a second; the second half a frame early.
            #expect(!lines[1].contains("-ss") && lines[2].contains("-ss 0.875000 -i"))
        }
    }

    @Test func `a frame that no time finds is looked for by its number`() throws {
        let ffmpeg =
            "case \"$*\" in *-ss*) exit 0;; *) echo \"$*\" >> \"$(dirname \"$0\")/log\"; cat \"$(dirname \"$0\")/frame.png\";; esac"
        try withPrograms(ffprobe: "echo '\(Self.probed)'", ffmpeg: ffmpeg) { source, tools, folder in
            let picture = RGBImage(width: 3, height: 2, pixels: Array(0..<18))
            try picture.write(png: folder.appendingPathComponent("frame.png"))
            #expect(try source.frames(2, tools: tools) == [picture, picture])
            let lines = try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2 && !lines[0].contains("-vf") && lines[1].contains("-vf select=eq(n\\,4)"))
            var limits = ImageLimits(maximumPixels: 6)
            #expect(try source.frames(4, limits: limits, tools: tools).count == 4)
            #expect(throws: ImageError.self) { try source.frames(5, limits: limits, tools: tools) }
            limits.maximumPixels = .max
            #expect(try source.frames(5, limits: limits, tools: tools).count == 5)
        }
    }

    @Test(
        arguments: [
            ("echo 'a: broken' >&2; printf '\\n\\n' >&2; exit 1", "exit 0", "ffprobe says: a: broken"),
            ("exit 3", "exit 0", "ffprobe says: nothing, and ends with 3"), ("echo '['", "exit 0", "ffprobe answers no JSON"),
            ("echo '{}'", "exit 0", "it holds no video"), (#"echo '{"streams": []}'"#, "exit 0", "it holds no video"),
            (#"echo '{"streams": [{"nb_frames": "x"}]}'"#, "exit 0", "it holds no frames"),
            (#"echo '{"streams": [{"nb_frames": "5", "avg_frame_rate": "0/0"}]}'"#, "exit 0", "or no frame rate"),
            (#"echo '{"streams": [{"width": 90000, "height": 2}]}'"#, "exit 0", "is 90000x2 pixels"),
            ("echo '\(probed)'", "exit 0", "there is no picture at 0.00 seconds"),
            ("echo '\(probed)'", "echo no picture", "ffmpeg answers no picture"),
            ("echo '\(probed)'", "echo bad >&2; exit 9", "ffmpeg says: bad"), ("cat /dev/zero", "exit 0", "ffprobe wrote more than"),
            ("yes >&2 & echo '\(probed)'", "exit 0", "there is no picture"),
        ])
    func `programs that fail are told apart`(ffprobe: String, ffmpeg: String, expected: String) throws {
        try withPrograms(ffprobe: ffprobe, ffmpeg: ffmpeg) { source, tools, _ in
            let text = reason(source, tools)
            #expect(text.contains(expected), "\(text)")
        }
    }

    @Test(arguments: ["sleep 60", "exec >&- 2>&-; exec sleep 60", "exec sleep 60"])
    func `a program that takes too long is ended`(script: String) throws {
        try withPrograms(ffprobe: script, ffmpeg: "exit 0") { source, tools, _ in
            var tools = tools
            tools.timeLimit = 0.3
            let clock = ContinuousClock.now
            #expect(reason(source, tools).contains("ffprobe took more than 0.3 seconds"))
            #expect(clock.duration(to: .now) < .seconds(20))
        }
    }

    @Test func `cancelling ends the program`() async throws {
        let note = FileManager.default.temporaryDirectory.appendingPathComponent("BlipImages-\(UUID().uuidString).pid")
        let task = Task {
            try withPrograms(ffprobe: "echo $$ > \(note.path).new; mv \(note.path).new \(note.path); exec sleep 60", ffmpeg: "exit 0") {
                source, tools, _ in
                let patient = VideoTools(searchPath: tools.searchPath, timeLimit: 60)
                #expect(throws: CancellationError.self) { try source.frames(tools: patient) }
            }
        }
        while !FileManager.default.fileExists(atPath: note.path) { try await Task.sleep(for: .milliseconds(20)) }
        let clock = ContinuousClock.now
        task.cancel()
        try await task.value
        #expect(clock.duration(to: .now) < .seconds(30))
        let process = try String(contentsOf: note, encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(kill(try #require(Int32(process)), 0) != 0)
        try FileManager.default.removeItem(at: note)
    }
}
