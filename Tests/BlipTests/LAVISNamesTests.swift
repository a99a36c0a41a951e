import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// The table from LAVIS names, against names of real transformers models translated by a script of its own.
@Suite("LAVIS names") struct LAVISNamesTests {
    private struct Case: Decodable {
        let layout: String
        let pairs: [[String?]]
    }

    @Test("every tensor of InstructBLIP, BLIP-2 and the retrieval model has its name, and no two share one")
    func table() throws {
        let data = try Data(contentsOf: Fixtures.root.appendingPathComponent("lavis/names.json"))
        let cases = try JSONDecoder().decode([Case].self, from: data)
        #expect(Set(cases.map(\.layout)) == Set(LAVISLayout.allCases.map(\.rawValue)))
        for item in cases {
            let layout = try #require(LAVISLayout(rawValue: item.layout))
            var biases = 0
            for pair in item.pairs {
                let lavis = try #require(pair[0])
                switch (LAVISNames.translate(lavis, layout), pair[1]) {
                case (.renamed(let name), let expected): #expect(name == expected, "\(lavis)")
                case (.queryBias(let name), let expected), (.valueBias(let name), let expected):
                    #expect(name == expected && lavis.hasSuffix("_bias"), "\(lavis)")
                    biases += 1
                case (.dropped(let reason), let expected): #expect(expected == nil && !reason.isEmpty, "\(lavis)")
                case (nil, _): Issue.record("\(lavis) is unknown to \(item.layout)")
                }
            }
            #expect(biases % 2 == 0)
        }
    }

    @Test(
        "a name that no such file has is unknown",
        arguments: [
            "", ".", "query_tokens.weight", "visual_encoder", "visual_encoder.blocks.0", "visual_encoder.blocks.x.norm1.weight",
            "visual_encoder.blocks.01.norm1.weight", "visual_encoder.blocks.-1.norm1.weight", "visual_encoder.blocks.+1.norm1.weight",
            "visual_encoder.blocks.0.attn.qkv.bias", "visual_encoder.blocks.0.attn.k_bias", "visual_encoder.norm.weight",
            "Qformer.bert.encoder.layer.0.attention.self.query.scale", "Qformer.bert.encoder.layer.0.attention.self.query|key.weight",
            "Qformer.bert.pooler.dense.weight", "Qformer.bert.embeddings.token_type_embeddings.weight", "ln_vision.weight.weight",
            "t5_proj", "t5_model", "t5_model.", "xt5_model.shared.weight", "module.query_tokens", "blocks.0.norm1.weight", "head.weight",
        ])
    func unknown(_ name: String) {
        for layout in LAVISLayout.allCases { #expect(LAVISNames.translate(name, layout) == nil, "\(layout)") }
    }

    @Test("layouts do not know each other's tensors")
    func layouts() {
        for name in ["temp", "itm_head.weight", "vision_proj.bias", "Qformer.cls.predictions.bias"] {
            #expect(LAVISNames.translate(name, .instructBLIP) == nil && LAVISNames.translate(name, .blip2) == nil)
        }
        let word = "Qformer.bert.embeddings.word_embeddings.weight"
        #expect(LAVISNames.translate(word, .blip2) == nil, "stage 2 has no text branch")
        #expect(LAVISNames.translate(word, .instructBLIP) == .renamed("qformer.embeddings.word_embeddings.weight"))
        #expect(LAVISNames.translate(word, .retrieval) == .renamed("embeddings.word_embeddings.weight"))
        #expect(LAVISNames.translate("Qformer.bert.encoder.layer.0.intermediate.dense.bias", .blip2) == nil)
    }

    @Test("eva_vit_g loses the blocks after the last one used, the norm and the head, and nothing else")
    func eva() {
        func translate(_ name: String) -> LAVISTranslation? { LAVISNames.translateEVA(name, blockCount: 39) }
        #expect(translate("blocks.38.mlp.fc1.weight") == .renamed("vision_model.encoder.layers.38.mlp.fc1.weight"))
        for name in ["blocks.39.mlp.fc1.weight", "blocks.39.attn.q_bias", "norm.weight", "fc_norm.bias", "head.weight"] {
            guard case .dropped = translate(name) else {
                Issue.record("\(name) is kept")
                continue
            }
        }
        #expect(translate("blocks.39.something") == nil)
        #expect(translate("ln_vision.weight") == nil, "that is not the image encoder's")
        #expect(translate("visual_encoder.cls_token") == nil)
        #expect(translate("rope.freqs") == nil)
    }

    @Test("a long list of names is written in one line that leaves nothing out")
    func lists() {
        let names = [0, 1, 2, 5].map { "a.layers.\($0).w" } + ["b", "a.layers.7.v", "c.0.1.d", "c.1.1.d"]
        #expect(NameList.text(names) == "a.layers.{0-2,5}.w, b, a.layers.7.v, c.{0-1}.1.d")
        #expect(NameList.text([]) == "")
    }
}
