"""The rows of the report: what is compared with what, and what it must reach."""
from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable

from . import shapes

Round = dict[str, dict]
"""The figures of one round, by the job's name; a job that did not run is absent."""
Measure = Callable[[Round], float | None]


@dataclasses.dataclass(frozen=True)
class Row:
    what: str
    measure: Measure
    unit: str
    """`x` for a ratio, `%` for a share, or a unit."""
    needs: tuple[str, ...]
    """The jobs whose figures it reads."""
    goal: float | None = None
    """None: told, but not demanded."""
    at_most: bool = False
    limit: Measure | None = None
    """What would be measured if ours took only the time that this machine's memory or its 8-bit products need: no program of these types can do more."""

    def limits(self, rounds: list[Round]) -> list[float]:
        return [value for value in (self.limit(figures) for figures in rounds if self.limit) if value is not None]

    def values(self, rounds: list[Round]) -> list[float]:
        measured = (self.measure(figures) for figures in rounds)
        return [value for value in measured if value is not None]

    def is_met(self, values: list[float]) -> bool | None:
        if self.goal is None or not values:
            return None
        middle = statistics.median(values)
        return middle <= self.goal if self.at_most else middle >= self.goal


def figure(job: str, key: str) -> Measure:
    return lambda figures: figures.get(job, {}).get(key)


def quotient(above: Measure, below: Measure) -> Measure:
    def measure(figures: Round) -> float | None:
        a, b = above(figures), below(figures)
        return a / b if a is not None and b else None
    return measure


def faster(ours: str, peer: str, key: str) -> Measure:
    """How many times less time ours takes."""
    return quotient(figure(peer, key), figure(ours, key))


def prefill_rate(job: str) -> Measure:
    return quotient(figure(job, "prefill_tokens"), figure(job, "prefill_s"))


def least(measures: list[Measure]) -> Measure:
    def measure(figures: Round) -> float | None:
        values = [value for value in (one(figures) for one in measures) if value is not None]
        return min(values, default=None)
    return measure


def _decode_share(job: str) -> Measure:
    """Of what memory gave right before and behind each decoding; the medians of both may be of different minutes."""
    return figure(job, "decode_memory_share")


def _int8_share(job: str, key: str, operations: float) -> Measure:
    rate = quotient(lambda _: operations / 1e9, figure(job, key))
    return quotient(rate, figure(job, "int8_limit_gop_per_s"))


def _peer_share(peer: str, ours: str) -> Measure:
    """How near a peer itself comes to the memory limit that ours measured in the same round: how far it can be beaten at all."""
    return quotient(figure(peer, "decode_gb_per_s"), figure(ours, "memory_limit_gb_per_s"))


def _at_memory_limit(ours: str, ratio: Measure) -> Measure:
    return quotient(ratio, _decode_share(ours))


def _at_int8_limit(ours: str, operations: float, peer_seconds: Measure) -> Measure:
    return quotient(peer_seconds, quotient(lambda _: operations / 1e9, figure(ours, "int8_limit_gop_per_s")))


def rows(layers: int | None, prefill_tokens: int) -> list[Row]:
    vicuna, t5 = shapes.config("instructblip-vicuna-7b", layers), shapes.config("instructblip-flan-t5-xl", layers)
    vision, prefill = shapes.vision_operations(vicuna), shapes.prefill_operations(vicuna, prefill_tokens)
    prefill_t5 = shapes.prefill_operations(t5, prefill_tokens)
    result: list[Row] = []

    def add(what: str, measure: Measure, unit: str, needs: list[str], goal: float | None = None, at_most: bool = False,
            limit: Measure | None = None) -> None:
        result.append(Row(what, measure, unit, tuple(needs), goal, at_most, limit))

    q4, q8, hf, llama = "ours-7b-q4", "ours-7b-q8", "hf-7b-bfloat16", "llama-7b-q4_0"
    rate = "decode_tokens_per_s"
    add("Vicuna-7B q4, decode: share of the memory bandwidth", _decode_share(q4), "%", [q4], 0.80)
    for peer, name, goal in ((llama, "llama.cpp Q4_0", 2), (hf, "transformers bfloat16", 5)):
        ratio = quotient(figure(q4, rate), figure(peer, rate))
        add(f"Vicuna-7B q4, decode: against {name}", ratio, "x", [q4, peer], goal, limit=_at_memory_limit(q4, ratio))
    for ours, name in ((q4, "q4"), (q8, "q8")):
        head = f"Vicuna-7B {name}, prefill of {prefill_tokens} tokens: "
        for peer, what, goal in ((llama, "llama.cpp Q4_0", 3), (hf, "transformers bfloat16", 5)):
            add(head + f"against {what}", quotient(prefill_rate(ours), prefill_rate(peer)), "x", [ours, peer], goal,
                limit=_at_int8_limit(ours, prefill, figure(peer, "prefill_s")))
    alone = [f"hf-vision-{dtype}" for dtype in ("bfloat16", "float16", "float32")]
    best = least([figure(job, "vision_s") for job in alone])
    add("Vision encoder q8: against transformers bfloat16", faster(q4, alone[0], "vision_s"), "x", [q4, alone[0]], 5,
        limit=_at_int8_limit(q4, vision, figure(alone[0], "vision_s")))
    add("Vision encoder q8: against the best type of transformers", quotient(best, figure(q4, "vision_s")), "x", [q4, *alone], 2.5,
        limit=_at_int8_limit(q4, vision, best))
    add("Time to the first token, warm, q4 and q8 vision: against transformers bfloat16", faster(q4, hf, "time_to_first_token_s"), "x", [q4, hf], 4,
        limit=_at_int8_limit(q4, vision + prefill, figure(hf, "time_to_first_token_s")))
    add("Opening a quantised 7B folder, page cache warm", figure("ours-7b-q4-folder", "load_s"), "s", ["ours-7b-q4-folder"], 1, True)
    add("Peak memory, 7B q4", figure(q4, "peak_bytes"), "GB", [q4], 6e9, True)
    for job, name in (("ours-t5-xl-q8", "FlanT5-XL q8"), ("ours-t5-xl-q4", "FlanT5-XL q4"), ("ours-13b-q4", "Vicuna-13B q4")):
        add(f"{name}, decode: share of the memory bandwidth", _decode_share(job), "%", [job], 0.80)
    add("Peak memory, 13B q4", figure("ours-13b-q4", "peak_bytes"), "GB", ["ours-13b-q4"], 12e9, True)
    plain = "ours-7b-bfloat16"
    add("Vicuna-7B bfloat16, not quantised, decode: against transformers bfloat16", quotient(figure(plain, rate), figure(hf, rate)), "x", [plain, hf], 1.5)

    add("Vicuna-7B q8, decode: share of the memory bandwidth", _decode_share(q8), "%", [q8])
    add("Vicuna-7B bfloat16, decode: share of the memory bandwidth", _decode_share(plain), "%", [plain])
    add("llama.cpp Q4_0, decode: its own share of the memory bandwidth", _peer_share(llama, q4), "%", [llama, q4])
    add("transformers bfloat16, decode: its own share of the memory bandwidth", _peer_share(hf, q4), "%", [hf, q4])
    add("Vicuna-7B q8, decode: against llama.cpp Q8_0", quotient(figure(q8, rate), figure("llama-7b-q8_0", rate)), "x", [q8, "llama-7b-q8_0"])
    add(f"Vicuna-7B q8, prefill of {prefill_tokens} tokens: against llama.cpp Q8_0",
        quotient(prefill_rate(q8), prefill_rate("llama-7b-q8_0")), "x", [q8, "llama-7b-q8_0"])
    add("Vicuna-13B q4, decode: against llama.cpp Q4_0", quotient(figure("ours-13b-q4", rate), figure("llama-13b-q4_0", rate)), "x",
        ["ours-13b-q4", "llama-13b-q4_0"])
    add("Vision encoder q8: share of the int8 rate", _int8_share(q4, "vision_s", vision), "%", [q4])
    add(f"Vicuna-7B q4, prefill of {prefill_tokens} tokens: share of the int8 rate", _int8_share(q4, "prefill_s", prefill), "%", [q4])
    add(f"FlanT5-XL q8, prefill of {prefill_tokens} tokens: share of the int8 rate", _int8_share("ours-t5-xl-q8", "prefill_s", prefill_t5), "%",
        ["ours-t5-xl-q8"])
    peer = "hf-t5-xl-bfloat16"
    for job, name in (("ours-t5-xl-q8", "q8"), ("ours-t5-xl-q4", "q4")):
        add(f"FlanT5-XL {name}, decode: against transformers bfloat16", quotient(figure(job, rate), figure(peer, rate)), "x", [job, peer])
        add(f"FlanT5-XL {name}, first token: against transformers bfloat16", faster(job, peer, "time_to_first_token_s"), "x", [job, peer])
    half = "hf-7b-float16"
    add("Vicuna-7B q4, decode: against transformers float16", quotient(figure(q4, rate), figure(half, rate)), "x", [q4, half])
    add("Peak memory, 7B: of transformers bfloat16 in ours q4", quotient(figure(hf, "peak_bytes"), figure(q4, "peak_bytes")), "x", [hf, q4])
    return result
