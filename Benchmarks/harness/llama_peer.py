"""Measures llama.cpp with its own `llama-bench`; the last line it writes is one JSON object.

    python llama_peer.py --build DIR --model FILE.gguf --config FILE.json [--threads 2] [--prefill-tokens 64] [--new-tokens 32] [--repeats 2]

`--build` is llama.cpp's build folder. The decoded tokens follow an empty context, which is the easier case for it.
"""
from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
from pathlib import Path


def system_info(build: Path) -> str:
    """The instruction sets that this build uses on this processor, in llama.cpp's own words."""
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = ctypes.CDLL(str(build / "bin" / f"libllama.{suffix}"))
    library.llama_print_system_info.restype = ctypes.c_char_p
    return library.llama_print_system_info().decode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prefill-tokens", type=int, default=64)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()

    command = [str(arguments.build / "bin" / "llama-bench"), "-m", str(arguments.model), "-t", str(arguments.threads), "-ngl", "0",
               "-p", str(arguments.prefill_tokens), "-n", str(arguments.new_tokens), "-r", str(arguments.repeats), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"llama_peer: llama-bench ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    tests = json.loads(done.stdout)
    prefill = next(test for test in tests if test["n_gen"] == 0)
    decode = next(test for test in tests if test["n_prompt"] == 0)
    tokens_per_s = statistics.median(decode["samples_ts"])
    text = json.loads(arguments.config.read_text())["text_config"]
    # All matrices have one type, and of the embedding table a token needs one row.
    bytes_read = decode["model_size"] * (1 - text["vocab_size"] * text["hidden_size"] / decode["model_n_params"])
    print(json.dumps({
        "prefill_s": statistics.median(prefill["samples_ns"]) / 1e9,
        "prefill_tokens": arguments.prefill_tokens,
        "decode_tokens_per_s": tokens_per_s,
        "decode_gb_per_s": tokens_per_s * bytes_read / 1e9,
        "new_tokens": arguments.new_tokens,
        "threads": arguments.threads,
        "system_info": system_info(arguments.build),
    }))


if __name__ == "__main__":
    main()
