"""Measures InstructBLIP in transformers with random weights; the last line it writes is one JSON object.

    python transformers_peer.py --config FILE.json --dtype bfloat16 [--part all|vision] [--device cpu] [--threads 2]
                                [--prompt-tokens 32] [--new-tokens 32] [--batch 1] [--beams 1] [--repeats 1]

The figures come out of `generate`, as a user calls it: forward hooks tell where the stages begin and end, a streamer when each token came.
Weights are made in the type that is computed in, every matrix normally distributed in memory of its own.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import json
import platform
import resource
import statistics
import time

import torch
import transformers
from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration
from transformers.generation.streamers import BaseStreamer
from transformers.initialization import no_init_weights
from transformers.models.instructblip.modeling_instructblip import InstructBlipVisionModel


def build(config: InstructBlipConfig, part: str, dtype: torch.dtype, threads: int, device: str) -> torch.nn.Module:
    """A model whose parameters are allocated once, in `dtype`; nothing is ever held in float32 beside it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with no_init_weights():  # memory is reserved but not touched: the buffers, as rotary frequencies, are computed as always
            if part == "vision":
                model = InstructBlipVisionModel._from_config(config.vision_config, dtype=dtype)
            else:
                model = InstructBlipForConditionalGeneration._from_config(config, dtype=dtype)
    finally:
        torch.set_default_dtype(before)
    model.requires_grad_(False).eval()
    fill(model, threads)
    return model.to(device)


def wait(device: str) -> None:
    """Until a card has done everything that it was told; the time is of no use before."""
    if device != "cpu":
        torch.cuda.synchronize()


def fill(model: torch.nn.Module, threads: int) -> None:
    """Random values everywhere: no zeros, which a processor may treat better than real weights. Norms stay near 1, so that nothing vanishes."""

    def fill_share(first: int) -> None:
        generator = torch.Generator().manual_seed(first)
        for name, parameter in parameters[first::threads]:
            is_scale = parameter.dim() == 1 and name.endswith("weight")
            parameter.normal_(1.0 if is_scale else 0.0, 0.02, generator=generator)

    parameters = list(model.named_parameters())
    addresses = {parameter.data_ptr() for _, parameter in parameters}
    if len(addresses) != len(parameters):
        raise SystemExit("transformers_peer: two parameters share their memory; this shape must not tie any")
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill_share, range(threads)))
    wrong = [name for name, parameter in parameters if parameter.flatten()[:4096].count_nonzero() == 0]
    if wrong:
        raise SystemExit(f"transformers_peer: {wrong[0]} holds zeros")


class Clock(BaseStreamer):
    """Notes when each token was chosen and when the stages began and ended."""

    def __init__(self, model: InstructBlipForConditionalGeneration, device: str):
        self.device = device
        self.reset()
        for module, name in ((model.vision_model, "vision"), (model.qformer, "qformer")):
            module.register_forward_pre_hook(lambda *_, name=name: self.note(name + "_begin"))
            module.register_forward_hook(lambda *_, name=name: self.note(name + "_end"))
        language = model.language_model
        # An encoder-decoder is entered through its encoder, a decoder-only model through itself.
        entry = language.get_encoder() if language.config.is_encoder_decoder else language
        entry.register_forward_pre_hook(lambda *_: self.note("language_begin"))

    def reset(self) -> None:
        self.times: dict[str, float] = {}
        self.tokens: list[float] = []

    def note(self, name: str) -> None:
        wait(self.device)
        self.times.setdefault(name, time.perf_counter())

    def put(self, value: torch.Tensor) -> None:
        self.tokens.append(time.perf_counter())

    def end(self) -> None:
        pass


def measure_answers(model: torch.nn.Module, config: InstructBlipConfig, arguments: argparse.Namespace) -> dict:
    """Stages and tokens of whole answers: median over the repeats, after one short answer that warms up."""
    torch.manual_seed(1)
    rows = arguments.batch
    text = torch.randint(10, 30000, (rows, arguments.prompt_tokens))
    image = torch.full((rows, config.num_query_tokens), config.image_token_id)
    ids = torch.cat([image, text], dim=1)
    inputs = {
        "pixel_values": torch.randn(rows, 3, config.vision_config.image_size, config.vision_config.image_size),
        "qformer_input_ids": torch.randint(1000, 30000, (rows, arguments.prompt_tokens)),
        "qformer_attention_mask": torch.ones(rows, arguments.prompt_tokens, dtype=torch.long),
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
    }
    inputs = {name: value.to(arguments.device) for name, value in inputs.items()}
    # A streamer takes neither several rows nor several beams: then an answer of one token tells when the first one is there.
    streams = rows == 1 and arguments.beams == 1
    clock = Clock(model, arguments.device)

    def answer(count: int) -> dict:
        clock.reset()
        wait(arguments.device)
        begin = time.perf_counter()
        model.generate(**inputs, do_sample=False, num_beams=arguments.beams, min_new_tokens=count, max_new_tokens=count,
                       streamer=clock if streams else None)
        if not streams:
            wait(arguments.device)
            clock.tokens = [time.perf_counter()] * count
        tokens, times = clock.tokens[-count:], clock.times  # what stands before these is the prompt, which is given to a streamer too
        return {
            "vision_s": times["vision_end"] - times["vision_begin"],
            "qformer_s": times["qformer_end"] - times["qformer_begin"],
            "prefill_s": tokens[0] - times["language_begin"],
            "time_to_first_token_s": tokens[0] - begin,
            "decode_tokens_per_s": (count - 1) / (tokens[-1] - tokens[0]) if count > 1 and streams else 0.0,
        }

    def whole(count: int) -> dict:
        if streams:
            return answer(count)
        first, last = answer(1), answer(count)
        rest = last["time_to_first_token_s"] - first["time_to_first_token_s"]
        return first | {"decode_tokens_per_s": rows * (count - 1) / rest}

    whole(min(4, arguments.new_tokens))
    runs = [whole(arguments.new_tokens) for _ in range(arguments.repeats)]
    result = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    bytes_read = decode_bytes(model)
    return result | {
        "prefill_tokens": ids.shape[1],
        "new_tokens": arguments.new_tokens,
        "batch": rows,
        "beams": arguments.beams,
        "decode_gb_per_s": result["decode_tokens_per_s"] / rows * bytes_read / 1e9,
        "attention": model.language_model.config._attn_implementation,
    }


def decode_bytes(model: torch.nn.Module) -> int:
    """Bytes of weights that one decoded token must read: the decoder and the head. Of the embedding table it needs one row,
    and the keys and values of what T5's encoder gave are computed once."""
    language = model.language_model
    table = language.get_input_embeddings().weight
    computed_once = ("EncDecAttention.k.weight", "EncDecAttention.v.weight")
    decoder = [p for name, p in language.get_decoder().named_parameters() if p is not table and not name.endswith(computed_once)]
    head = list(language.get_output_embeddings().parameters())
    return sum(p.numel() * p.element_size() for p in decoder + head)


def measure_vision(model: torch.nn.Module, config: InstructBlipConfig, arguments: argparse.Namespace) -> dict:
    size = config.vision_config.image_size
    pixels = torch.randn(arguments.batch, 3, size, size).to(arguments.device)

    def look() -> float:
        begin = time.perf_counter()
        model(pixel_values=pixels)
        wait(arguments.device)
        return time.perf_counter() - begin

    begin = time.perf_counter()
    look()
    times = [look()]
    # A type that this processor cannot compute in takes half a minute a picture: then one is enough.
    while len(times) < arguments.repeats and time.perf_counter() - begin < 20:
        times.append(look())
    return {"vision_s": statistics.median(times), "attention": model.config._attn_implementation}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")
    parser.add_argument("--part", choices=["all", "vision"], default="all")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    with open(arguments.config) as file:
        config = InstructBlipConfig(**json.load(file))
    begin = time.perf_counter()
    model = build(config, arguments.part, getattr(torch, arguments.dtype), arguments.threads, arguments.device)
    built = time.perf_counter() - begin
    with torch.inference_mode():
        measure = measure_vision if arguments.part == "vision" else measure_answers
        result = measure(model, config, arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result |= {
        "dtype": arguments.dtype,
        "device": torch.cuda.get_device_name() if arguments.device != "cpu" else "cpu",
        "threads": arguments.threads,
        "build_s": built,
        "parameters": sum(p.numel() for p in model.parameters()),
        "peak_memory_bytes": peak if platform.system() == "Darwin" else peak * 1024,
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
