"""Tunes InstructBLIP in transformers and PyTorch, as people write the loop; the last line it writes is one JSON object.

    python training_peer.py CHECKPOINT DATA.json --dtype float32|bfloat16 [--cached] [--steps 4] [--threads 2] [--device cpu|cuda]

What is trained is what the paper trains, in float32 with AdamW; everything else is frozen in `--dtype`, and bfloat16 runs under autocast. All
samples are one batch, read, tokenized and normalised before the clock starts. With `--cached` the image encoder's output is kept from a pass
before, which is not counted. The first step is not counted either.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Scripts" / "fixtures"))

os.environ.update(TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error", HF_HUB_OFFLINE="1")

import numpy as np
import torch

from torchvision_import import import_torchvision

try:
    KEEP_LIBRARY, _ = import_torchvision()
except ModuleNotFoundError:
    pass  # nothing here needs it, but transformers takes it where it is, and it must fit then

import transformers
from PIL import Image
from transformers import AutoTokenizer, InstructBlipForConditionalGeneration

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).reshape(3, 1, 1)
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711]).reshape(3, 1, 1)
TRAINED = ("query_tokens", "qformer.", "language_projection.", "vision_model.post_layernorm.")
IGNORED = -100


def samples(file: Path) -> list[tuple[Path, str, str]]:
    return [
        (file.parent / record["image"], record["conversations"][0]["value"].removeprefix("<image>\n"), record["conversations"][1]["value"])
        for record in json.loads(file.read_text())
    ]


def batch(folder: Path, file: Path, model: InstructBlipForConditionalGeneration) -> dict[str, torch.Tensor]:
    """Everything as one batch. The pictures have the encoder's size already."""
    language, qformer = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(folder / "qformer_tokenizer")
    images, instructions, answers = zip(*samples(file))
    queries, image = model.config.num_query_tokens, model.config.image_token_id
    prompts = [[image] * queries + language(text).input_ids for text in instructions]
    targets = [language(text, add_special_tokens=False).input_ids + [language.eos_token_id] for text in answers]
    told = [qformer(text).input_ids for text in instructions]
    labels = targets
    if model.config.use_decoder_only_language_model:
        labels = [[IGNORED] * len(prompt) + target for prompt, target in zip(prompts, targets)]
        prompts = [prompt + target for prompt, target in zip(prompts, targets)]

    def padded(rows: list[list[int]], value: int) -> torch.Tensor:
        longest = max(map(len, rows))
        return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

    def mask(rows: list[list[int]]) -> torch.Tensor:
        return padded([[1] * len(row) for row in rows], 0)

    pixels = [torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1) / 255 for path in images]
    return {
        "pixel_values": torch.stack([(pixel - MEAN) / DEVIATION for pixel in pixels]),
        "qformer_input_ids": padded(told, 0), "qformer_attention_mask": mask(told),
        "input_ids": padded(prompts, language.pad_token_id or 0), "attention_mask": mask(prompts),
        "labels": padded(labels, IGNORED),
    }  # fmt: skip


class Kept(torch.nn.Module):
    """Stands in for the image encoder's layers, and gives what they gave."""

    def __init__(self, output: torch.Tensor):
        super().__init__()
        self.output = output

    def forward(self, *_, **__):
        return transformers.modeling_outputs.BaseModelOutput(last_hidden_state=self.output)


class Unchanged(torch.nn.Module):
    """Stands in for the image encoder's embeddings."""

    def forward(self, pixels: torch.Tensor, *_, **__):
        return pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--cached", action="store_true")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    dtype = getattr(torch, arguments.dtype)
    model = InstructBlipForConditionalGeneration.from_pretrained(arguments.folder, dtype=dtype, attn_implementation="sdpa").eval().to(device)
    trained = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(TRAINED))
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
            trained.append((name, parameter))
    inputs = {name: tensor.to(device) for name, tensor in batch(arguments.folder, arguments.data, model).items()}
    decays = [p for n, p in trained if p.dim() > 1 and not n.endswith(".bias")]
    others = [p for n, p in trained if not (p.dim() > 1 and not n.endswith(".bias"))]
    optimizer = torch.optim.AdamW(
        [{"params": decays, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}], lr=1e-5, betas=(0.9, 0.999), fused=True)

    def cast():
        return torch.autocast(device.type, dtype=torch.bfloat16) if dtype == torch.bfloat16 else contextlib.nullcontext()

    if arguments.cached:
        found: list[torch.Tensor] = []
        catch = model.vision_model.encoder.register_forward_hook(lambda _m, _i, output: found.append(output[0]))
        with torch.no_grad(), cast():
            model.vision_model(pixel_values=inputs["pixel_values"])
        catch.remove()
        model.vision_model.encoder = Kept(found[0].detach())
        model.vision_model.embeddings = Unchanged()
    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    seconds, losses = [], []
    wait()
    for _ in range(arguments.steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        with cast():
            loss = model(**inputs).loss
        loss.backward()
        optimizer.step()
        wait()
        seconds.append(time.perf_counter() - begin)
        losses.append(loss.item())
    count = inputs["labels"].shape[0]
    unit = 1 if platform.system() == "Darwin" else 1024
    print(json.dumps({
        "samples_per_s": count / statistics.median(seconds[1:]), "step_s": statistics.median(seconds[1:]), "losses": losses,
        "trained": sum(p.numel() for _, p in trained), "tokens": int((inputs["labels"] != IGNORED).sum()),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
