"""Writes what was measured as a page of Markdown."""
from __future__ import annotations

import statistics

from .jobs import ALL, Job
from .targets import Row, rows

# key, head of the column, factor, decimals
COLUMNS = [
    ("vision_s", "vision, s", 1, 2), ("qformer_s", "Q-Former, s", 1, 3), ("prefill_s", "prefill, s", 1, 2),
    ("time_to_first_token_s", "first token, s", 1, 2), ("decode_tokens_per_s", "decode, tokens/s", 1, 2),
    ("decode_gb_per_s", "decode, GB/s", 1, 1), ("load_s", "open, s", 1, 2), ("peak_bytes", "peak memory, GB", 1e-9, 2),
    ("memory_limit_gb_per_s", "memory limit, GB/s", 1, 1), ("int8_limit_gop_per_s", "int8 limit, GOP/s", 1, 0),
    ("float_limit_gop_per_s", "float limit, GOP/s", 1, 0),
    ("others_share", "others' CPU, %", 100, 0),
]
DISTURBED = 0.05


def spread(values: list[float], factor: float, decimals: int) -> str:
    """The median, and in brackets the least and the greatest."""
    shown = [f"{factor * value:.{decimals}f}" for value in (statistics.median(values), min(values), max(values))]
    return shown[0] if len(values) == 1 else f"{shown[0]} ({shown[1]}-{shown[2]})"


def row_line(row: Row, record: dict) -> str:
    factor, decimals, unit = {"x": (1, 2, "x"), "%": (100, 0, "%"), "s": (1, 2, "s"), "GB": (1e-9, 2, "GB")}[row.unit]
    values = row.values(record["rounds"])
    goal = "" if row.goal is None else f"{'at most' if row.at_most else 'at least'} {factor * row.goal:g} {unit}"
    if not values:
        ran = set().union(*record["rounds"]) if record["rounds"] else set()
        missing = [name for name in row.needs if name not in ran]
        why = f"not measured: no {', '.join(missing)}" if missing else "not measured: a figure is missing"
        return f"| {row.what} | {goal} | {why} | | |"
    # Two layers say nothing about a target.
    met = "" if record["settings"]["layers"] is not None else {None: "", True: "yes", False: "**no**"}[row.is_met(values)]
    limits = row.limits(record["rounds"])
    limit = f"{spread(limits, factor, decimals)} {unit}" if limits else ""
    return f"| {row.what} | {goal} | {spread(values, factor, decimals)} {unit} | {limit} | {met} |"


def job_line(job: Job, rounds: list[dict]) -> str | None:
    runs = [figures[job.name] for figures in rounds if job.name in figures]
    if not runs:
        return None
    cells = []
    for key, _, factor, decimals in COLUMNS:
        values = [run[key] for run in runs if run.get(key) is not None]
        cells.append(spread(values, factor, decimals) if values else "")
    return f"| {job.title} | " + " | ".join(cells) + " |"


def why_missed(rounds: list[dict]) -> list[str]:
    """What bounds the products, in this machine's own figures."""
    def middle(job: str, key: str) -> float | None:
        values = [figures[job][key] for figures in rounds if figures.get(job, {}).get(key) is not None]
        return statistics.median(values) if values else None

    whole, floats, halves = (middle(*of) for of in (("ours-7b-q4", "int8_limit_gop_per_s"), ("ours-7b-q4", "float_limit_gop_per_s"),
                                                     ("ours-7b-bfloat16", "float_limit_gop_per_s")))
    outside = {name: middle(job, "decode_share_outside_products") for job, name in (
        ("ours-7b-q4", "7B q4"), ("ours-t5-xl-q8", "FlanT5-XL q8"), ("ours-t5-xl-q4", "FlanT5-XL q4"))}
    if whole is None:
        return []
    others = [f"{rate:.0f} with {name}, {whole / rate:.1f} times fewer" for rate, name in ((halves, "bfloat16"), (floats, "float32")) if rate]
    lines = ["; ".join([f"Products. In registers alone this machine computes {whole:.0f} GOP/s with 8-bit integers", *others]) + ".",
             "Weights and activations have a scale for every 32 columns: 8 dot products and 2 multiplications with scales take the same two units, so",
              f"80 % of it, {0.8 * whole:.0f} GOP/s, is the most that exact sums of such groups allow on x86-64 with AVX-512.", ""]
    told = [f"{name} {100 * share:.0f} %" for name, share in outside.items() if share is not None]
    if told:
        lines += ["Decode. The share of a token's time that is not spent in products with weights, of which the limit knows nothing: " + ", ".join(told) + ".", ""]
    return lines


def page(record: dict) -> str:
    rounds, settings = record["rounds"], record["settings"]
    disturbed = [name for figures in rounds for name, run in figures.items() if run["others_share"] > DISTURBED]
    lines = ["# Compared on one machine", ""]
    if settings["layers"] is not None:
        lines += [f"**A trial of the machinery with stacks of {settings['layers']} layers: no measurement.**", ""]
    lines += [f"Written by `Benchmarks/compare` on {record['date']}; [README.md](README.md) says how. Rounds: {len(rounds)}. In each,",
              "the jobs ran one after another, every other time in reverse order; a ratio is taken within a round. Medians, with the least and the",
              "greatest in brackets.", ""]
    lines += ["| machine | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in (record["machine"] | record["versions"]).items()]
    lines += [f"| threads | {settings['threads']} |",
              f"| prompt | {settings['prompt_tokens'] + 32} tokens: 32 queries and {settings['prompt_tokens']} of text; {settings['new_tokens']} new tokens |", ""]
    table = rows(settings["layers"], settings["prompt_tokens"] + 32)
    head = ["| what | target | measured | at the limit | met |", "|---|---|---|---|---|"]
    lines += ["## Targets", "", *head, *[row_line(row, record) for row in table if row.goal is not None], "",
              "At the limit: what would be measured if ours took only the time that this machine's memory (decode) or its 8-bit products in registers",
              "(vision encoder, prefill) need for the work, measured in the same runs. A target above it cannot be met here by any program of these types.",
              "", *why_missed(rounds)]
    lines += ["## Further ratios", "", *head, *[row_line(row, record) for row in table if row.goal is None], ""]
    lines += ["## What every program did", "", "| | " + " | ".join(column[1] for column in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [line for line in (job_line(job, rounds) for job in ALL) if line is not None]
    lines += ["", "Peak memory is what the system counted for the whole program, mapped files included. GB is 10^9 bytes.", ""]
    if disturbed:
        lines += [f"Other programs took more than {100 * DISTURBED:.0f} % of the cores during {len(disturbed)} of "
                  f"{sum(map(len, rounds))} runs: {', '.join(sorted(set(disturbed)))}.", ""]
    if record["skipped"]:
        lines += ["## Not run", "", *[f"* {line}" for line in record["skipped"]], ""]
    lines += ["## Commands", "", "```text", *record["commands"].values(), "```", ""]
    return "\n".join(lines)
