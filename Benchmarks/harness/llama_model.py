"""Writes a GGUF file of a LLaMA shape with random quantised weights, tensor by tensor, so that it needs little memory.

    python llama_model.py --config FILE.json --type q4_0|q8_0 --out FILE.gguf

Every matrix is quantised, the embedding table and the head too ("pure"): the least to read that llama.cpp offers for the type.
Needs the package `gguf` that llama.cpp brings along.
"""
from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator

import gguf
import numpy

VALUES = 32  # in a block of either type
TYPES = {
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0, VALUES // 2, 4.6),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0, VALUES, 73.9),
}


def tensors(text: dict) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names as llama.cpp has them, shapes as rows x columns; one dimension for what stays float32."""
    width, inner, vocabulary = text["hidden_size"], text["intermediate_size"], text["vocab_size"]
    yield "token_embd.weight", (vocabulary, width)
    for i in range(text["num_hidden_layers"]):
        yield f"blk.{i}.attn_norm.weight", (width,)
        for part in ("q", "k", "v", "output"):
            yield f"blk.{i}.attn_{part}.weight", (width, width)
        yield f"blk.{i}.ffn_norm.weight", (width,)
        yield f"blk.{i}.ffn_gate.weight", (inner, width)
        yield f"blk.{i}.ffn_up.weight", (inner, width)
        yield f"blk.{i}.ffn_down.weight", (width, inner)
    yield "output_norm.weight", (width,)
    yield "output.weight", (vocabulary, width)


def random_blocks(rows: int, columns: int, payload: int, spread: float, random: numpy.random.Generator) -> numpy.ndarray:
    """Blocks of a float16 scale and uniformly random quantised values, scaled so that the weights have a deviation of about 0.02."""
    count = columns // VALUES
    blocks = numpy.empty((rows, count, 2 + payload), dtype=numpy.uint8)
    scales = (0.02 / spread * random.uniform(0.5, 1.5, (rows, count, 1))).astype(numpy.float16)
    blocks[:, :, :2] = scales.view(numpy.uint8).reshape(rows, count, 2)
    blocks[:, :, 2:] = numpy.frombuffer(random.bytes(rows * count * payload), dtype=numpy.uint8).reshape(rows, count, payload)
    return blocks.reshape(rows, count * (2 + payload))


def write(config: dict, type_name: str, path: str) -> None:
    text = config["text_config"]
    if text["model_type"] != "llama" or text["num_key_value_heads"] != text["num_attention_heads"]:
        raise SystemExit("llama_model: only LLaMA with as many key heads as query heads is written")
    quantised, file_type, payload, spread = TYPES[type_name]
    random = numpy.random.Generator(numpy.random.SFC64(0))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random weights {type_name}")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(text["vocab_size"])
    writer.add_context_length(text["max_position_embeddings"])
    writer.add_embedding_length(text["hidden_size"])
    writer.add_block_count(text["num_hidden_layers"])
    writer.add_feed_forward_length(text["intermediate_size"])
    writer.add_head_count(text["num_attention_heads"])
    writer.add_head_count_kv(text["num_key_value_heads"])
    writer.add_rope_dimension_count(text["hidden_size"] // text["num_attention_heads"])
    writer.add_rope_freq_base(text["rope_theta"])
    writer.add_layer_norm_rms_eps(text["rms_norm_eps"])
    writer.add_tokenizer_model("no_vocab")  # the benchmark feeds ids
    shapes = list(tensors(text))
    for name, shape in shapes:
        if len(shape) == 1:
            writer.add_tensor_info(name, shape, numpy.dtype(numpy.float32), 4 * shape[0])
        else:
            row = shape[1] // VALUES * (2 + payload)
            writer.add_tensor_info(name, (shape[0], row), numpy.dtype(numpy.uint8), shape[0] * row, raw_dtype=quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, shape in shapes:
        if len(shape) == 1:
            writer.write_tensor_data(random.normal(1.0, 0.02, shape).astype(numpy.float32))
        else:
            writer.write_tensor_data(random_blocks(*shape, payload, spread, random))
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--type", choices=list(TYPES), required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    with open(arguments.config) as file:
        config = json.load(file)
    unfinished = arguments.out + ".unfinished"
    write(config, arguments.type, unfinished)
    os.replace(unfinished, arguments.out)


if __name__ == "__main__":
    main()
