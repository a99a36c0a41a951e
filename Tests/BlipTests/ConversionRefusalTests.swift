import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// What does not fit is refused before anything is written, with all names.
@Suite("Conversions that are refused") struct ConversionRefusalTests {
    /// What the conversion throws, as text; the folder must not be there afterwards.
    private func refusal(_ body: (URL) throws -> Void) async throws -> String {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            do {
                try body(folder)
                Issue.record("nothing was thrown")
                return ""
            } catch {
                #expect(!FileManager.default.fileExists(atPath: folder.path), "nothing is left")
                return "\(error)"
            }
        }
    }

    private func file(_ name: String) -> URL { ConversionTests.lavis.appendingPathComponent(name) }

    @Test("unknown names are all listed")
    func unknownNames() async throws {
        let message = try await refusal {
            _ = try ConversionTests.converter("flan-t5", trained: file("flan-t5/llm/pytorch_model.bin")).write(to: $0)
        }
        #expect(message.contains("no InstructBLIP file has"))
        #expect(message.contains("shared.weight") && message.contains("decoder.block.{0-1}.layer.2.DenseReluDense.wo.weight"))
    }

    @Test("missing and unused names are all listed")
    func missingNames() async throws {
        let message = try await refusal { _ = try ConversionTests.converter("flan-t5", withVision: false).write(to: $0) }
        #expect(message.contains("tensors are missing") && message.contains("vision_model.embeddings.class_embedding"))
        #expect(message.contains("vision_model.encoder.layers.{0-2}.self_attn.qkv.bias"))

        let extra = try await refusal {
            _ = try ConversionTests.converter("flan-t5") { config in
                if case .t5(var language) = config.language {
                    language.decoderLayerCount = 1
                    config.language = .t5(language)
                }
            }.write(to: $0)
        }
        #expect(extra.contains("have no use") && extra.contains("decoder.block.1.layer.0.SelfAttention.q.weight"))
    }

    @Test("a trained part of another language model has another shape")
    func wrongShapes() async throws {
        let message = try await refusal { _ = try ConversionTests.converter("flan-t5", trained: file("vicuna/trimmed.pth")).write(to: $0) }
        #expect(message.contains("have another shape") && message.contains("language_projection.weight [20, 16] for [18, 16]"))
    }

    @Test("tokenizers that do not fit the config are refused")
    func tokenizers() async throws {
        let image = try await refusal { _ = try ConversionTests.converter("flan-t5") { $0.imageTokenID = 155 }.write(to: $0) }
        #expect(image.contains("expected the id 155 for <image>") && image.contains("found 152"))
        let pad = try await refusal {
            _ = try ConversionTests.converter("vicuna") { config in
                if case .llama(var language) = config.language {
                    language.padID = 375
                    config.language = .llama(language)
                }
            }.write(to: $0)
        }
        #expect(pad.contains("expected the id 375 for [PAD]"))
    }

    @Test("numbers too large for float16 are refused")
    func overflow() async throws {
        try await withCopy(of: "flan-t5") { copy in
            let file = copy.appendingPathComponent("model.safetensors")
            let all = try ConversionTests.tensors(copy).map { name, tensor in
                (name: name, tensor: name == "language_projection.bias" ? try tensor + 70_000 : tensor)
            }
            try SafetensorsWriter.write(all, to: file)
            let target = copy.deletingLastPathComponent().appendingPathComponent("new")
            let expected = ConversionError.overflow(tensor: "language_projection.bias", count: 18, type: "float16")
            #expect(throws: expected) { try CheckpointConverter(folder: copy, dtype: .float16).write(to: target) }
            #expect(!FileManager.default.fileExists(atPath: target.path))
            _ = try CheckpointConverter(folder: copy, dtype: .bfloat16).write(to: target)
        }
    }

    @Test("a malicious file is refused by name, and nothing is written")
    func malicious() async throws {
        let message = try await refusal {
            _ = try ConversionTests.converter("flan-t5", trained: file("malicious/system.bin")).write(to: $0)
        }
        #expect(message.contains("posix.system"))
        try await withCopy(of: "flan-t5") { copy in
            try FileManager.default.removeItem(at: copy.appendingPathComponent("model.safetensors"))
            try FileManager.default.copyItem(at: file("malicious/eval.bin"), to: copy.appendingPathComponent("pytorch_model.bin"))
            let target = copy.deletingLastPathComponent().appendingPathComponent("new")
            let error = #expect(throws: PickleError.self) { try CheckpointConverter(folder: copy, dtype: nil).write(to: target) }
            #expect(error.map { "\($0)" }?.contains("builtins.eval") == true)
        }
    }

    @Test("a full folder is not touched, and a cancelled one is removed")
    func folders() async throws {
        let message = try await refusal { _ = try ConversionTests.converter("flan-t5").write(to: $0, isCancelled: { true }) }
        #expect(message.contains("CancellationError"))
        try await withCopy(of: "flan-t5") { copy in
            #expect(throws: BlipError.outputExists(path: copy.path)) { try CheckpointConverter(folder: copy, dtype: nil).write(to: copy) }
            #expect(FileManager.default.fileExists(atPath: copy.appendingPathComponent("model.safetensors").path))
            let inside = copy.appendingPathComponent("inside")
            _ = try CheckpointConverter(folder: copy, dtype: .bfloat16).write(to: inside)
            #expect(!FileManager.default.fileExists(atPath: inside.appendingPathComponent("inside").path))
        }
    }
}
