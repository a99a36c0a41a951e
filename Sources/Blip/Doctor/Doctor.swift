public import BlipImages
import BlipModels
public import Foundation

/// Looks a checkpoint folder over: is it whole, which published one is it, which of the known traps of this family is it in, and does it answer.
///
/// ```swift
/// let doctor = try Doctor(folder: URL(fileURLWithPath: "instructblip-flan-t5-xl"))
/// let findings = try doctor.findings(readingValues: true)
/// for finding in findings where finding.verdict == .wrong { print(finding.reason, finding.remedy ?? "") }
/// ```
///
/// To add a check, add one to a list: `folder`, `languageTraps`, `promptTraps`, `pictureTraps` or `tensors`.
public struct Doctor: Sendable {
    private let subject: DoctorSubject

    public var folder: URL { subject.folder }

    /// Reads everything but the weights' numbers.
    ///
    /// - Throws: ``BlipError`` where there is no such folder, or no `config.json` in it. Everything else is a finding.
    public init(folder: URL) throws { subject = try DoctorSubject(folder: folder) }

    /// What the folder holds; nil where its config cannot be read.
    public var architecture: String? {
        do {
            let config = try subject.config
            return config.architecture.name + (config.architecture == .blip2Retrieval ? "" : " with \(config.language.familyName)")
        } catch { return nil }
    }

    /// The published checkpoint that it is, or is most like; nil where its config cannot be read.
    public var likeness: CheckpointLikeness? {
        do { return try CheckpointLikeness(subject) } catch { return nil }
    }

    public var tensorCount: Int { subject.inventory.entries.count }

    /// Bytes of all tensors.
    public var byteCount: Int { subject.inventory.byteCount }

    /// Everything that can be said without computing.
    ///
    /// - Parameters:
    ///   - readingValues: whether every number is read, for which the files are read once from front to back.
    ///   - progress: bytes read, and in all.
    /// - Throws: `CancellationError` alone.
    public func findings(
        readingValues: Bool, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> [Finding] {
        let values = readingValues ? try TensorValues(subject.inventory, progress: progress) : nil
        let checks =
            DoctorCheck.folder + DoctorCheck.promptTraps + DoctorCheck.languageTraps + DoctorCheck.pictureTraps + DoctorCheck.tensors
            + DoctorCheck.values(values) + DoctorCheck.golden
        return checks.map { $0.finding(subject) }
    }

    /// Opens the checkpoint and asks it.
    ///
    /// - Parameters:
    ///   - image: the picture of the documented example, where the folder is a published checkpoint that has one.
    ///   - progress: bytes of weights placed, and in all.
    public func answerFindings(
        _ options: OpenOptions = OpenOptions(), image: ImageSource? = nil, limits: ImageLimits = .default,
        progress: @escaping @Sendable (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) async -> [Finding] {
        do {
            let check = EngineCheck(
                folder: folder, options: options, image: image, limits: limits, example: try GoldenExample.of(subject),
                config: try subject.config, progress: progress)
            return await check.findings()
        } catch {
            return [Finding(.answers, "self-check", "it answers, and the same again", .notRun("\(error)"))]
        }
    }
}
