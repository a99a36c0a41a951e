"""The published architectures, as their config.json says them, and the amount of work in them.

Each side of the comparison is built from these dictionaries, so that all of them run the same shape.
"""
from __future__ import annotations

import json
from pathlib import Path

VISION = {"hidden_size": 1408, "intermediate_size": 6144, "num_hidden_layers": 39, "num_attention_heads": 16,
          "image_size": 224, "patch_size": 14, "hidden_act": "gelu", "layer_norm_eps": 1e-6, "qkv_bias": True}
QFORMER = {"vocab_size": 30523, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
           "intermediate_size": 3072, "cross_attention_frequency": 2, "encoder_hidden_size": 1408}


def _llama(width: int, feed_forward: int, layers: int, heads: int) -> dict:
    return {"model_type": "llama", "vocab_size": 32064, "hidden_size": width, "intermediate_size": feed_forward,
            "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": heads,
            "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
            "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 32000, "tie_word_embeddings": False}


def _t5(width: int, feed_forward: int, layers: int, heads: int) -> dict:
    return {"model_type": "t5", "vocab_size": 32128, "d_model": width, "d_ff": feed_forward, "d_kv": 64,
            "num_layers": layers, "num_decoder_layers": layers, "num_heads": heads,
            "feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu", "tie_word_embeddings": False,
            "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0}


_LANGUAGE = {
    "instructblip-vicuna-7b": (_llama(4096, 11008, 32, 32), 32001),
    "instructblip-vicuna-13b": (_llama(5120, 13824, 40, 40), 32001),
    "instructblip-flan-t5-xl": (_t5(2048, 5120, 24, 32), 32100),
    "instructblip-flan-t5-xxl": (_t5(4096, 10240, 24, 64), 32100),
}


def config(name: str, layers: int | None = None) -> dict:
    """The config.json of a published model; `layers` cuts every stack to that many, at full width, for a quick trial."""
    language, image_token = _LANGUAGE[name]
    vision, qformer, language = dict(VISION), dict(QFORMER), dict(language)
    if layers is not None:
        vision["num_hidden_layers"] = qformer["num_hidden_layers"] = layers
        for key in ("num_hidden_layers", "num_layers", "num_decoder_layers"):
            if key in language:
                language[key] = layers
    return {"model_type": "instructblip", "architectures": ["InstructBlipForConditionalGeneration"],
            "num_query_tokens": 32, "image_token_index": image_token,
            "vision_config": vision, "qformer_config": qformer, "text_config": language}


def write_config(name: str, layers: int | None, folder: Path) -> Path:
    """Keeps the config in `folder` and gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (f"{name}.json" if layers is None else f"{name}-{layers}-layers.json")
    file.write_text(json.dumps(config(name, layers), indent=1) + "\n")
    return file


def vision_parameters(config: dict) -> int:
    """Weights of the vision encoder's matrices."""
    v = config["vision_config"]
    width, inner = v["hidden_size"], v["intermediate_size"]
    return v["num_hidden_layers"] * (4 * width * width + 2 * width * inner) + 3 * v["patch_size"] ** 2 * width


def qformer_parameters(config: dict) -> int:
    q = config["qformer_config"]
    width, inner, layers = q["hidden_size"], q["intermediate_size"], q["num_hidden_layers"]
    crossing = (layers + q["cross_attention_frequency"] - 1) // q["cross_attention_frequency"]
    return (q["vocab_size"] * width + layers * (4 * width * width + 4 * width * inner)
            + crossing * (2 * width * width + 2 * width * q["encoder_hidden_size"]))


def language_parameters(config: dict) -> int:
    """Weights of the language model's matrices, both tables included."""
    t = config["text_config"]
    if t["model_type"] == "llama":
        width = t["hidden_size"]
        return t["num_hidden_layers"] * (4 * width * width + 3 * width * t["intermediate_size"]) + 2 * t["vocab_size"] * width
    width, inner = t["d_model"], t["num_heads"] * t["d_kv"]
    attention, feed_forward = 4 * width * inner, 3 * width * t["d_ff"]
    return (t["num_layers"] * (attention + feed_forward) + t["num_decoder_layers"] * (2 * attention + feed_forward)
            + 2 * t["vocab_size"] * width)


def all_parameters(config: dict) -> int:
    return vision_parameters(config) + qformer_parameters(config) + language_parameters(config)


def vision_operations(config: dict) -> float:
    """Multiplications and additions of the vision encoder's matrix products for one picture, the attention's own not counted."""
    positions = (config["vision_config"]["image_size"] // config["vision_config"]["patch_size"]) ** 2 + 1
    return 2.0 * positions * vision_parameters(config)


def prefill_operations(config: dict, tokens: int) -> float:
    """The same for reading a prompt, with one row of logits. For an encoder-decoder: the encoder's tokens and one decoder step."""
    t = config["text_config"]
    if t["model_type"] == "llama":
        head = t["vocab_size"] * t["hidden_size"]
        return 2.0 * (tokens * (language_parameters(config) - 2 * head) + head)
    width, inner = t["d_model"], t["num_heads"] * t["d_kv"]
    attention, feed_forward = 4 * width * inner, 3 * width * t["d_ff"]
    encoder = t["num_layers"] * (attention + feed_forward)
    crossing = t["num_decoder_layers"] * 2 * width * inner
    decoder = t["num_decoder_layers"] * (2 * attention + feed_forward) - crossing + t["vocab_size"] * width
    return 2.0 * (tokens * (encoder + crossing) + decoder)
