"""What is run: one job is one program with one shape in one type. The commands of all sides stand here."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from . import shapes

GB = 1_000_000_000
BYTES_PER_WEIGHT = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "q8": 34 / 32, "q4": 18 / 32, "q8_0": 34 / 32, "q4_0": 18 / 32}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What holds for every job of a comparison."""
    program: str
    folder: Path
    """Where everything that is installed and made is kept."""
    threads: int = 2
    prompt_tokens: int = 32
    new_tokens: int = 32
    repeats: int = 1
    """Answers measured in one run of transformers, after one that is not; the faster programs have time for two more."""
    layers: int | None = None
    """Every stack cut to so many layers: a trial of the machinery, not a measurement."""


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    side: str
    """Who: ours, transformers or llama.cpp."""
    shape: str
    type: str
    """Of the language model's weights; of the encoder's where `part` is vision."""
    part: str = "all"
    from_folder: bool = False
    """Ours: open a quantised checkpoint folder instead of making weights in memory."""

    once: bool = False
    """Slow and only told: run it in the first round alone."""

    @property
    def title(self) -> str:
        model = self.shape.removeprefix("instructblip-")
        what = f"{model} vision encoder" if self.part == "vision" else model
        return f"{self.side}, {what}, {self.type}" + (", from a folder" if self.from_folder else "")

    def needed_bytes(self, settings: Settings) -> int:
        """An estimate of the memory it takes: weights, activations and the program."""
        config = shapes.config(self.shape, settings.layers)
        size = BYTES_PER_WEIGHT[self.type]
        if self.part == "vision":
            return int(1.1 * shapes.vision_parameters(config) * size + 0.6 * GB)
        if self.side == "llama.cpp":
            # Repacked weights stand beside the mapped file, which the system may drop again.
            return int(1.1 * shapes.language_parameters(config) * size + 0.6 * GB)
        if self.side == "transformers" or self.type in ("bfloat16", "float16", "float32"):
            return int(1.02 * shapes.all_parameters(config) * size + 0.9 * GB)
        vision = shapes.vision_parameters(config) * BYTES_PER_WEIGHT["q8"]
        return int(1.1 * (shapes.language_parameters(config) * size + vision + shapes.qformer_parameters(config) * 2) + 0.8 * GB)

    def command(self, settings: Settings) -> list[str]:
        return {"ours": _ours, "transformers": _transformers, "llama.cpp": _llama}[self.side](self, settings)

    def environment(self, settings: Settings) -> dict[str, str]:
        common = {"OMP_NUM_THREADS": str(settings.threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        if self.side == "transformers":
            common["PYTHONPATH"] = str(settings.folder / "transformers")
        return common

    def warm_files(self, settings: Settings) -> list[Path]:
        """What must be in the page cache before the clock starts."""
        if self.side == "llama.cpp":
            return [gguf_file(self, settings)]
        return [quantised_folder(self, settings)] if self.from_folder else []


ALL = [
    Job("hf-vision-float32", "transformers", "instructblip-vicuna-7b", "float32", part="vision"),
    Job("hf-vision-float16", "transformers", "instructblip-vicuna-7b", "float16", part="vision"),
    Job("hf-vision-bfloat16", "transformers", "instructblip-vicuna-7b", "bfloat16", part="vision"),
    Job("ours-7b-q4", "ours", "instructblip-vicuna-7b", "q4"),
    Job("llama-7b-q4_0", "llama.cpp", "instructblip-vicuna-7b", "q4_0"),
    Job("ours-7b-q8", "ours", "instructblip-vicuna-7b", "q8"),
    Job("llama-7b-q8_0", "llama.cpp", "instructblip-vicuna-7b", "q8_0"),
    Job("ours-7b-bfloat16", "ours", "instructblip-vicuna-7b", "bfloat16"),
    Job("hf-7b-bfloat16", "transformers", "instructblip-vicuna-7b", "bfloat16"),
    Job("hf-7b-float16", "transformers", "instructblip-vicuna-7b", "float16", once=True),
    Job("hf-7b-float32", "transformers", "instructblip-vicuna-7b", "float32", once=True),
    Job("ours-7b-q4-folder", "ours", "instructblip-vicuna-7b", "q4", from_folder=True),
    Job("ours-t5-xl-q4", "ours", "instructblip-flan-t5-xl", "q4"),
    Job("ours-t5-xl-q8", "ours", "instructblip-flan-t5-xl", "q8"),
    Job("hf-t5-xl-bfloat16", "transformers", "instructblip-flan-t5-xl", "bfloat16"),
    Job("hf-t5-xl-float32", "transformers", "instructblip-flan-t5-xl", "float32", once=True),
    Job("ours-13b-q4", "ours", "instructblip-vicuna-13b", "q4"),
    Job("llama-13b-q4_0", "llama.cpp", "instructblip-vicuna-13b", "q4_0"),
]


# --- our own program ---------------------------------------------------------------------------------------------------

def _ours(job: Job, settings: Settings) -> list[str]:
    if job.from_folder:
        model = ["--model", str(quantised_folder(job, settings))]
    else:
        model = ["--config", job.shape if settings.layers is None else str(config_file(job.shape, settings))]
        # One flag says the type of the large matrices, or that they stay floating-point numbers.
        model += ["--dtype", job.type] if job.type in ("bfloat16", "float16", "float32") else ["--quantize", job.type, "--vision", "q8"]
    return [settings.program, "bench", *model, "--threads", str(settings.threads), "--prompt-tokens", str(settings.prompt_tokens),
            "--new-tokens", str(settings.new_tokens), "--rounds", str(settings.repeats + 2), "--json"]


def quantised_folder(job: Job, settings: Settings) -> Path:
    return settings.folder / "checkpoints" / (job.shape + _cut(settings) + "-" + job.type)


def make_quantised_folder(job: Job, settings: Settings, call: Callable[[list[str]], None], remove: Callable[[Path], None]) -> None:
    """A checkpoint of random weights, quantised as a user would; the floating-point one is removed again."""
    folder = quantised_folder(job, settings)
    if folder.exists():
        return
    plain = folder.with_name(folder.name + ".plain")
    unfinished = folder.with_name(folder.name + ".unfinished")
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_over in (plain, unfinished):
        remove(left_over)
    name = job.shape if settings.layers is None else str(config_file(job.shape, settings))
    try:
        call([settings.program, "create", "--config", name, "--dtype", "bfloat16", "--out", str(plain)])
        call([settings.program, "quantize", "--model", str(plain), "--weights", job.type, "--vision", "q8", "--out", str(unfinished)])
        unfinished.rename(folder)
    finally:
        remove(plain)
        remove(unfinished)


# --- the peers ---------------------------------------------------------------------------------------------------------

HARNESS = Path(__file__).resolve().parent


def _transformers(job: Job, settings: Settings) -> list[str]:
    repeats = 3 if job.part == "vision" else settings.repeats
    return [str(python(settings)), str(HARNESS / "transformers_peer.py"), "--config", str(config_file(job.shape, settings)),
            "--dtype", job.type, "--part", job.part, "--threads", str(settings.threads),
            "--prompt-tokens", str(settings.prompt_tokens), "--new-tokens", str(settings.new_tokens), "--repeats", str(repeats)]


def _llama(job: Job, settings: Settings) -> list[str]:
    return [str(python(settings)), str(HARNESS / "llama_peer.py"), "--build", str(settings.folder / "llama" / "build"),
            "--model", str(gguf_file(job, settings)), "--config", str(config_file(job.shape, settings)),
            "--threads", str(settings.threads), "--prefill-tokens", str(settings.prompt_tokens + 32),
            "--new-tokens", str(settings.new_tokens), "--repeats", str(settings.repeats + 2)]


def python(settings: Settings) -> Path:
    """The interpreter that the peers' packages were installed with."""
    return Path((settings.folder / "python").read_text().strip())


def gguf_file(job: Job, settings: Settings) -> Path:
    return settings.folder / "gguf" / f"{job.shape}{_cut(settings)}-{job.type}.gguf"


def make_gguf(job: Job, settings: Settings, call: Callable[[list[str]], None]) -> None:
    file = gguf_file(job, settings)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        call([str(python(settings)), str(HARNESS / "llama_model.py"), "--config", str(config_file(job.shape, settings)),
              "--type", job.type, "--out", str(file)])


def config_file(shape: str, settings: Settings) -> Path:
    return shapes.write_config(shape, settings.layers, settings.folder / "configs")


def _cut(settings: Settings) -> str:
    return "" if settings.layers is None else f"-{settings.layers}-layers"


# --- what they write ---------------------------------------------------------------------------------------------------

def parse(output: str) -> dict:
    """The figures of a job: the JSON object on the last line that is not empty, whoever wrote it.

    Every side uses the same keys: load_s, image_s, vision_s, qformer_s, prefill_s, prefill_tokens, time_to_first_token_s,
    decode_tokens_per_s, decode_gb_per_s, decode_memory_share, memory_limit_gb_per_s, int8_limit_gop_per_s. Keys that a side does not know are absent.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    if not lines:
        raise ValueError("it wrote nothing")
    try:
        figures = json.loads(lines[-1])
    except json.JSONDecodeError as error:
        raise ValueError(f"its last line is not JSON ({error}): {lines[-1][:120]}") from error
    if not isinstance(figures, dict):
        raise ValueError(f"its last line is not a JSON object: {lines[-1][:120]}")
    return figures
