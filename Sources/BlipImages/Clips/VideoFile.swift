import BlipJSON
import Foundation

/// A video file, read by the programs ffprobe and ffmpeg.
struct VideoFile {
    let path: String
    let tools: VideoTools
    let limits: ImageLimits

    /// What ffprobe says of the first moving stream.
    struct Stream: Equatable {
        let frameCount: Int
        let framesPerSecond: Double
        /// Seconds from the file's beginning to the first frame.
        let start: Double
        /// Whether the file has an index, so that ffmpeg finds a time exactly and at once.
        let isIndexed: Bool
    }

    /// The sampled frames.
    ///
    /// - Throws: ``ImageError``, or `CancellationError`.
    func frames(_ count: Int) throws -> [RGBImage] {
        let ffprobe = try program("ffprobe")
        let ffmpeg = try program("ffmpeg")
        let stream = try probe(ffprobe)
        let places = FrameSampling.places(of: stream.frameCount, count: count)
        return try limits.pictures(of: path, at: places) { try frame($0, stream, ffmpeg) }
    }

    private func program(_ name: String) throws -> URL {
        guard let file = tools.find(name) else { throw ImageError.programMissing(name: name, path: path) }
        return file
    }

    /// Local files alone, whatever the name looks like, and no format that names other files.
    private var input: [String] {
        [
            "-protocol_whitelist", "file,pipe", "-format_whitelist",
            "mov,mp4,m4a,3gp,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,m4v,mjpeg",
        ]
    }

    private var address: String { "file:" + path }

    private func probe(_ ffprobe: URL) throws -> Stream {
        let entries =
            "stream=width,height,nb_frames,nb_read_packets,avg_frame_rate,start_time,duration:format=duration,start_time,format_name"
        let ask = ["-v", "error"] + input + ["-select_streams", "V:0", "-show_entries", entries, "-of", "json"]
        let first = try json(ffprobe, ask + ["-i", address])
        if let stream = try stream(first, countKey: "nb_frames") { return stream }
        // Not every container says how many frames it holds: then they are counted, without being decoded.
        let counted = try json(ffprobe, ask + ["-count_packets", "-i", address])
        guard let stream = try stream(counted, countKey: "nb_read_packets") else { throw broken("it holds no frames, or no frame rate") }
        return stream
    }

    private func json(_ ffprobe: URL, _ arguments: [String]) throws -> JSONValue {
        let output = try run(ffprobe, arguments, maximumBytes: 1 << 20)
        do { return try JSONValue(parsing: output) } catch { throw broken("ffprobe answers no JSON") }
    }

    /// Nil where the number of frames is missing.
    private func stream(_ json: JSONValue, countKey: JSONString) throws -> Stream? {
        guard let stream = json["streams"]?.array?.first else { throw broken("it holds no video") }
        if let width = stream["width"]?.integer, let height = stream["height"]?.integer,
            let objection = limits.objection(width: width, height: height)
        {
            throw ImageError.sizeOutOfRange(source: path, width: width, height: height, limit: objection)
        }
        guard let count = stream[countKey]?.string.flatMap({ Int($0) }), count > 0 else { return nil }
        let format = json["format"]
        let seconds = (stream["duration"]?.string ?? format?["duration"]?.string).flatMap { Double($0) }
        let rate = stream["avg_frame_rate"]?.string.flatMap(Self.ratio) ?? seconds.flatMap { $0 > 0 ? Double(count) / $0 : nil }
        guard let rate, rate.isFinite, rate > 0 else { return nil }
        let starts = [stream["start_time"], format?["start_time"]].map { $0?.string.flatMap { Double($0) } ?? 0 }
        let names = (format?["format_name"]?.string ?? "").split(separator: ",")
        return Stream(
            frameCount: count, framesPerSecond: rate, start: max(0, starts[0] - starts[1]),
            isIndexed: names.contains { ["mov", "matroska", "avi"].contains($0) })
    }

    /// `30000/1001`; nil for `0/0`.
    private static func ratio(_ text: String) -> Double? {
        let parts = text.split(separator: "/").compactMap { Double($0) }
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        return parts[0] / parts[1]
    }

    private func frame(_ place: Int, _ stream: Stream, _ ffmpeg: URL) throws -> RGBImage {
        // ffmpeg gives the first frame that is not before the time: half a frame early is safe from rounding. Without an index it would
        // begin at some later frame, so that frames are counted from the beginning.
        let time = stream.start + (Double(place) - 0.5) / stream.framesPerSecond
        let seek = time > 0 && stream.isIndexed ? ["-ss", String(format: "%.6f", time)] : []
        let count = place > 0 ? ["-vf", "select=eq(n\\,\(place))"] : []
        var png = try picture(ffmpeg, before: seek, behind: stream.isIndexed ? [] : count)
        // Where frames do not follow each other evenly, the last ones may stand before their times.
        if png.isEmpty, !seek.isEmpty { png = try picture(ffmpeg, before: [], behind: count) }
        guard !png.isEmpty else {
            throw broken("there is no picture at \(String(format: "%.2f", max(0, time))) seconds; it may be cut short")
        }
        do { return try ImageSource.bytes(png).load(limits: limits) } catch ImageError.sizeOutOfRange(_, let width, let height, let limit) {
            throw ImageError.sizeOutOfRange(source: path, width: width, height: height, limit: limit)
        } catch {
            throw broken("ffmpeg answers no picture")
        }
    }

    /// One frame as a PNG; empty where there is none.
    private func picture(_ ffmpeg: URL, before: [String], behind: [String]) throws -> [UInt8] {
        let output = ["-map", "0:V:0", "-frames:v", "1", "-an", "-sn", "-f", "image2pipe", "-c:v", "png", "-pix_fmt", "rgb24", "pipe:1"]
        return try run(
            ffmpeg, ["-nostdin", "-hide_banner", "-v", "error"] + input + before + ["-i", address] + behind + output,
            maximumBytes: limits.maximumBytes)
    }

    private func run(_ file: URL, _ arguments: [String], maximumBytes: Int) throws -> [UInt8] {
        let name = file.lastPathComponent
        let program = ChildProgram(file: file, arguments: arguments, timeLimit: tools.timeLimit, maximumBytes: maximumBytes)
        do {
            let output = try program.run()
            guard output.status == 0 else {
                throw broken("\(name) says: \(output.complaint.isEmpty ? "nothing, and ends with \(output.status)" : output.complaint)")
            }
            return output.bytes
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .cannotStart(let reason): throw broken("\(name) cannot be started: \(reason)")
            case .tooSlow(let seconds): throw broken("\(name) took more than \(String(format: "%g", seconds)) seconds")
            case .tooMuchOutput: throw broken("\(name) wrote more than \(maximumBytes) bytes")
            }
        }
    }

    private func broken(_ reason: String) -> ImageError { .brokenVideo(path: path, reason: reason) }
}
