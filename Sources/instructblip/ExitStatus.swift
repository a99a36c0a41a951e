import ArgumentParser
import Blip
import BlipData
import BlipDecoding
import BlipEvaluation
import BlipHub
import BlipImages
import BlipMetrics
import BlipModels
import BlipRuns
import BlipSceneModel
import BlipScenes
import BlipTensors
import BlipTokenizers
import BlipTraining
import Foundation

/// What the program exits with, and the sentence it says; the numbers are those of sysexits.
struct ExitStatus {
    let code: Int32
    let sentence: String

    private static let usage: Int32 = 64
    private static let badData: Int32 = 65
    private static let missingInput: Int32 = 66
    private static let unavailable: Int32 = 69
    private static let `internal`: Int32 = 70
    private static let interrupted: Int32 = 130
    /// Another process of the same run is to blame, see `launch`.
    static let peerLost: Int32 = 75

    /// Nil for errors of the argument parser, which explains those itself.
    init?(_ error: any Error) {
        switch error {
        case let error as BlipError: (code, sentence) = (Self.code(error), "\(error)")
        case BatchError.foreignLine, BatchError.madeOtherwise: (code, sentence) = (Self.badData, "\(error) (ask and caption: --overwrite)")
        case let error as BatchError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as BatchInterruption: (code, sentence) = (Self.interrupted, "\(error)")
        case let error as ImageError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as SafetensorsError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as PickleError: (code, sentence) = (Self.badData, "\(error)")
        case let error as ConversionError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as ConfigError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as EvaluationError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as AdapterError: (code, sentence) = (Self.badData, "\(error)")
        case let error as WeightError: (code, sentence) = (Self.badData, "\(error)")
        case let error as TokenizerError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as DataError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as RecordError: (code, sentence) = (Self.code(error), "\(error)")
        case MetricError.missingPredictions: (code, sentence) = (Self.badData, "\(error) with --partial")
        case MetricError.unknownPredictions: (code, sentence) = (Self.badData, "\(error) (--partial leaves such predictions out)")
        case MetricError.unknownMetric: (code, sentence) = (Self.usage, "\(error) (--list shows all of them)")
        case let error as MetricError: (code, sentence) = (Self.badData, "\(error)")
        case let error as PlanError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as SceneModelError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as SceneError: (code, sentence) = (Self.usage, "\(error)")
        case let error as RunError: (code, sentence) = (Self.code(error), "\(error)")
        case TrainingError.outputInUse: (code, sentence) = (Self.usage, "\(error) (--resume goes on with it)")
        case let error as TrainingError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as LoadingError: (code, sentence) = (Self.usage, "\(error)")
        case let error as TensorError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as DistributedError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as LaunchError: (code, sentence) = (Self.internal, "\(error)")
        case let error as InputError: (code, sentence) = (error.isMissing ? Self.missingInput : Self.badData, "\(error)")
        case let error as ChatError: (code, sentence) = (Self.usage, "\(error)")
        case let error as OutputError: (code, sentence) = (Self.internal, "\(error)")
        case let error as GenerationError: (code, sentence) = (Self.usage, "\(error)")
        case let error as HubError: (code, sentence) = (Self.code(error), "\(error)")
        case let error as ServeMissing: (code, sentence) = (Self.unavailable, "\(error)")
        case is CancellationError: (code, sentence) = (Self.interrupted, "interrupted")
        case is ValidationError, is ExitCode, is CleanExit: return nil
        default:
            // The parser's own error type is not public; its module is.
            if String(reflecting: type(of: error)).hasPrefix("ArgumentParser") { return nil }
            (code, sentence) = (Self.internal, error.localizedDescription)
        }
    }

    private static func code(_ error: BlipError) -> Int32 {
        switch error {
        case .folderMissing, .configMissing: missingInput
        case .emptyInstruction, .emptyText, .invalidOption, .outputExists, .unknownConfig, .featuresDoNotRepeat: usage
        case .notAFolder, .unknownDType, .wrongImageSize, .retrievalOnly, .notRetrieval, .instructionTooLong, .tooManyPictures,
            .wrongVocabulary,
            .notFinite:
            badData
        case .unwritableFolder: self.internal
        }
    }

    private static func code(_ error: BatchError) -> Int32 {
        switch error {
        case .unreadable, .noPictures: missingInput
        case .tooLarge, .noQuestions, .duplicateID, .takenMember, .foreignLine, .madeOtherwise: badData
        case .badShare, .shareWithoutFile, .notAFile: usage
        case .busy: unavailable
        case .unwritable: self.internal
        }
    }

    private static func code(_ error: EvaluationError) -> Int32 {
        switch error {
        case .unknownBenchmark, .unknownOption, .badOption, .badTemplate, .notComparable: usage
        case .nothingToEvaluate, .noReferences, .noCandidates, .allFailed, .badResults: badData
        case .unwritable: self.internal
        }
    }

    private static func code(_ error: SceneModelError) -> Int32 {
        switch error {
        case .missing: missingInput
        case .badScores: badData
        }
    }

    private static func code(_ error: ConversionError) -> Int32 {
        if case .unreadable = error { missingInput } else { badData }
    }

    private static func code(_ error: HubError) -> Int32 {
        switch error {
        case .badName, .badRevision, .badSetting: usage
        case .badAnswer, .badRedirect, .unsafeFileName, .wrongHash, .wrongSize: badData
        case .notPulled, .revisionNotPulled, .nothingToRemove, .incompleteModel, .offline, .missingRepository, .missingRevision,
            .missingFile, .noModelFiles:
            missingInput
        case .unreachable, .unauthorized, .gated, .refused, .busy: unavailable
        case .diskFull, .system: self.internal
        }
    }

    private static func code(_ error: ConfigError) -> Int32 {
        if case .unreadable = error { missingInput } else { badData }
    }

    private static func code(_ error: TensorError) -> Int32 {
        if case .deviceUnavailable = error { unavailable } else { self.internal }
    }

    private static func code(_ error: DistributedError) -> Int32 {
        switch error {
        case .badVariable: usage
        case .unsupported, .cannotServe, .unreachable, .missingRanks: unavailable
        case .timedOut, .peerLost: peerLost
        case .refused: self.internal
        }
    }

    private static func code(_ error: DataError) -> Int32 {
        switch error {
        case .unknownDataset, .missingSplit, .badTemplate, .badMixture, .emptyHole: usage
        case .missingFile: missingInput
        case .badRecord, .flawedRecord, .tooManyBadSamples, .noAnswer, .notACaption, .unknownFormat, .badPlan: badData
        case .unwritable: self.internal
        }
    }

    private static func code(_ error: RecordError) -> Int32 {
        switch error {
        case .system("open", _, _), .notAFile: missingInput
        case .system, .tarMember: self.internal
        default: badData
        }
    }

    private static func code(_ error: PlanError) -> Int32 {
        switch error {
        case .unreadable: missingInput
        case .badOverride: usage
        case .notYAML, .unknownKey, .missingKey, .wrongType, .badValue: badData
        }
    }

    private static func code(_ error: RunError) -> Int32 {
        switch error {
        case .noRun, .unreadable: missingInput
        case .noRuns, .unknownMetric, .unknownPictureFormat: usage
        case .badLine: badData
        case .busy: unavailable
        case .stepBackwards, .badName, .system: self.internal
        }
    }

    private static func code(_ error: TrainingError) -> Int32 {
        switch error {
        case .notFinite, .tooManyBadLosses, .badCheckpoint, .badBatch, .nothingHeldOut, .unevenResume: badData
        case .outputInUse, .outputBusy, .nothingScores: usage
        case .unknownMetric: badData
        case .nothingToResume: missingInput
        case .unwritable: self.internal
        case .interrupted: interrupted
        }
    }

    private static func code(_ error: ImageError) -> Int32 {
        switch error {
        case .missingFile, .unreadableFile: missingInput
        case .programMissing: unavailable
        case .frameCountOutOfRange, .augmentation: usage
        case .unwritableFile, .outOfMemory: self.internal
        default: badData
        }
    }

    private static func code(_ error: SafetensorsError) -> Int32 {
        switch error {
        case .folderMissing, .noWeights, .shardMissing, .onlyPickledWeights, .shardsWithoutIndex: missingInput
        // Reading opens, writing creates.
        case .system("open", _, _): missingInput
        case .system, .diskFull, .badWrite: self.internal
        default: badData
        }
    }

    private static func code(_ error: TokenizerError) -> Int32 {
        switch error {
        case .noTokenizer, .unreadable: missingInput
        case .cannotWrite: self.internal
        case .invalidRequest: usage
        default: badData
        }
    }
}
