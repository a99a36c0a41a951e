/// What a check of a checkpoint folder found.
public struct Finding: Sendable, Equatable, Encodable {
    public enum Verdict: String, Sendable, Equatable, Encodable, CaseIterable {
        case fine
        /// The trap is there; this program does not fall into it, others may.
        case avoided
        /// Worth knowing; it spoils nothing by itself.
        case notice
        case wrong
        case doesNotApply = "does_not_apply"
        case notRun = "not_run"
    }

    public enum Group: String, Sendable, Equatable, Encodable, CaseIterable {
        /// The files that a folder has to have, and which published checkpoint it is.
        case folder
        /// What is known to go wrong in this family.
        case traps
        case tensors
        case answers

        public var title: String {
            switch self {
            case .folder: "folder"
            case .traps: "known traps"
            case .tensors: "tensors"
            case .answers: "answers"
            }
        }
    }

    public let group: Group
    /// For programs, as `t5-activation`.
    public let name: String
    public let title: String
    public let verdict: Verdict
    /// One sentence.
    public let reason: String
    /// What to do; nil where nothing is to be done.
    public let remedy: String?
    /// What the sentence counts, as names of tensors; shortened where there are many.
    public let details: [String]

    init(_ group: Group, _ name: String, _ title: String, _ diagnosis: Diagnosis) {
        (self.group, self.name, self.title) = (group, name, title)
        (verdict, reason, remedy) = (diagnosis.verdict, diagnosis.reason, diagnosis.remedy)
        details = diagnosis.details
    }
}

/// A finding without the check that made it.
struct Diagnosis: Sendable, Equatable {
    let verdict: Finding.Verdict
    let reason: String
    var remedy: String?
    var details: [String] = []

    private init(_ verdict: Finding.Verdict, _ reason: String, _ remedy: String?, _ details: [String]) {
        (self.verdict, self.reason, self.remedy, self.details) = (verdict, reason, remedy, details)
    }

    static func fine(_ reason: String) -> Diagnosis { Diagnosis(.fine, reason, nil, []) }

    static func doesNotApply(_ reason: String) -> Diagnosis { Diagnosis(.doesNotApply, reason, nil, []) }

    static func notRun(_ reason: String, remedy: String? = nil) -> Diagnosis { Diagnosis(.notRun, reason, remedy, []) }

    static func avoided(_ reason: String, remedy: String? = nil) -> Diagnosis { Diagnosis(.avoided, reason, remedy, []) }

    static func notice(_ reason: String, remedy: String? = nil, _ details: [String] = []) -> Diagnosis {
        Diagnosis(.notice, reason, remedy, details)
    }

    static func wrong(_ reason: String, remedy: String, _ details: [String] = []) -> Diagnosis {
        Diagnosis(.wrong, reason, remedy, details)
    }

    /// The first few of many names, and how many there are besides.
    static func shortened(_ names: [String], to count: Int = 8) -> [String] {
        names.count <= count ? names : names.prefix(count) + ["and \(names.count - count) more"]
    }
}

/// One thing that is looked at. Adding a check is adding one to a list.
struct DoctorCheck: Sendable {
    let group: Finding.Group
    let name: String
    let title: String
    /// What it throws is what is wrong.
    let diagnose: @Sendable (DoctorSubject) throws -> Diagnosis

    init(_ group: Finding.Group, _ name: String, _ title: String, _ diagnose: @escaping @Sendable (DoctorSubject) throws -> Diagnosis) {
        (self.group, self.name, self.title, self.diagnose) = (group, name, title, diagnose)
    }

    func finding(_ subject: DoctorSubject) -> Finding {
        let diagnosis: Diagnosis
        do { diagnosis = try diagnose(subject) } catch let missing as DoctorSubject.Missing {
            diagnosis = .notRun("\(missing)")
        } catch { diagnosis = .wrong("\(error)", remedy: "fetch or convert the checkpoint again") }
        return Finding(group, name, title, diagnosis)
    }
}
