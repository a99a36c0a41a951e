"""Evaluates InstructBLIP with transformers on the CPU in a plain loop, as people write it; the last line it writes is one JSON object.

    python evaluation_peer.py CHECKPOINT JOB.json --what written|ranked --count 4 [--candidates 400] [--dtype float32] [--threads 2]

Written answers are made by `generate`, one question at a time, with what the benchmark of `instructblip eval` says: five beams, at most ten tokens,
repetition penalty 1.5, length penalty -1 with T5 and 0 with Vicuna. Ranked ones take a forward pass of the whole model for each candidate; a candidate's score
is the sum of its tokens' log-probabilities. Pictures and texts are made ready within the clock, as they are on the other side; loading is not. One
question goes before the clock starts.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Scripts" / "fixtures"))

os.environ.update(TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error", HF_HUB_OFFLINE="1")

import numpy as np
import torch

from torchvision_import import import_torchvision

KEEP_LIBRARY, _ = import_torchvision()

from PIL import Image
from transformers import AutoTokenizer, InstructBlipForConditionalGeneration

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).reshape(3, 1, 1)
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711]).reshape(3, 1, 1)
IGNORED = -100


class Peer:
    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        self.model = InstructBlipForConditionalGeneration.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
        self.language, self.qformer = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(folder / "qformer_tokenizer")
        self.dtype, self.decodes = dtype, self.model.config.use_decoder_only_language_model

    def inputs(self, question: dict) -> dict[str, torch.Tensor]:
        """The picture has the encoder's size already."""
        pixels = torch.from_numpy(np.asarray(Image.open(question["picture"]).convert("RGB")).copy()).permute(2, 0, 1) / 255
        told = torch.tensor([self.qformer(question["prompt"]).input_ids])
        places = [self.model.config.image_token_id] * self.model.config.num_query_tokens
        ids = torch.tensor([places + self.language(question["prompt"]).input_ids])
        return {
            "pixel_values": ((pixels - MEAN) / DEVIATION)[None].to(self.dtype), "qformer_input_ids": told,
            "qformer_attention_mask": torch.ones_like(told), "input_ids": ids, "attention_mask": torch.ones_like(ids),
        }  # fmt: skip

    def write(self, question: dict) -> str:
        inputs = self.inputs(question)
        ids = self.model.generate(
            **inputs, num_beams=5, max_new_tokens=10, min_new_tokens=1, repetition_penalty=1.5, length_penalty=0.0 if self.decodes else -1.0, do_sample=False)
        start = inputs["input_ids"].shape[1] if self.decodes else 1
        return self.language.batch_decode(ids[:, start:], skip_special_tokens=True)[0].strip()

    def score(self, question: dict, candidate: str) -> float:
        inputs = self.inputs(question)
        ids = self.language(candidate, add_special_tokens=False).input_ids
        if self.decodes:
            prompt = inputs["input_ids"].shape[1]
            inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([ids])], 1)
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            logits = self.model(**inputs).logits[0, prompt - 1 : -1]
        else:
            # T5 ends its answers, and the end counts.
            ids = ids + [self.language.eos_token_id]
            logits = self.model(**inputs, labels=torch.tensor([ids])).logits[0]
        likelihoods = logits.float().log_softmax(-1)
        return likelihoods[torch.arange(len(ids)), torch.tensor(ids)].sum().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("job", type=Path)
    parser.add_argument("--what", choices=["written", "ranked"], required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--candidates", type=int, default=400)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    peer, job = Peer(arguments.folder, getattr(torch, arguments.dtype)), json.loads(arguments.job.read_text())
    questions, candidates = job[arguments.what][: arguments.count], job["candidates"]
    answers, scores = [], []
    with torch.inference_mode():
        (peer.write(questions[0]) if arguments.what == "written" else peer.score(questions[0], candidates[0]))
        begin = time.perf_counter()
        for question in questions:
            if arguments.what == "written":
                answers.append(peer.write(question))
            else:
                scores.append([peer.score(question, candidate) for candidate in candidates[: arguments.candidates]])
        seconds = time.perf_counter() - begin
    if arguments.what == "ranked":
        seconds *= len(candidates) / min(len(candidates), arguments.candidates)
    print(json.dumps({"seconds": seconds / len(questions), "answers": answers, "scores": scores}))


if __name__ == "__main__":
    main()
