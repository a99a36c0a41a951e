"""This machine: what it is, how much memory is free, and running one measured program on it."""
from __future__ import annotations

import dataclasses
import os
import platform
import signal
import subprocess
import tempfile
import time
from pathlib import Path

NOTABLE_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
                 "asimd", "asimddp", "i8mm", "sve", "bf16")


def description() -> dict[str, str]:
    """For the head of the report."""
    facts = {"system": f"{platform.system()} {platform.release()}", "architecture": platform.machine(), "cores": str(os.cpu_count())}
    if platform.system() == "Darwin":
        facts["processor"] = _output(["sysctl", "-n", "machdep.cpu.brand_string"])
        facts["memory"] = f"{total_memory() / 1e9:.1f} GB"
        return facts
    fields = dict(line.split(":", 1) for line in _output(["lscpu"]).splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set(fields.get("Flags", "").split())
    facts["processor"] = f"{fields.get('Model name', 'unknown')} (family {fields.get('CPU family', '?')}, model {fields.get('Model', '?')})"
    facts["instruction sets"] = " ".join(flag for flag in NOTABLE_FLAGS if flag in flags)
    facts["largest cache"] = fields.get("L3 cache") or fields.get("L2 cache", "unknown")
    facts["memory"] = f"{total_memory() / 1e9:.1f} GB"
    return facts


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout.strip()
    except OSError:
        return ""


def _memory_field(name: str) -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"compare: /proc/meminfo has no {name}")


def total_memory() -> int:
    if platform.system() == "Darwin":
        return int(_output(["sysctl", "-n", "hw.memsize"]))
    return _memory_field("MemTotal")


def available_memory() -> int:
    """Bytes that a program may take without swapping."""
    if platform.system() == "Darwin":
        return int(total_memory() * 0.8)  # what the system and open programs need is only guessed here
    return _memory_field("MemAvailable")


def warm(paths: list[Path]) -> None:
    """Reads files once, so that the next reader finds them in the page cache."""
    buffer = bytearray(16 << 20)
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                with open(file, "rb", buffering=0) as stream:
                    while stream.readinto(buffer):
                        pass


@dataclasses.dataclass
class Finished:
    """A program that ended."""
    status: int
    output: str
    complaint: str
    wall_s: float
    peak_bytes: int
    """The most memory it had resident, mapped files included; the same instrument for every side."""
    others_share: float
    """The share of all cores that everything else on the machine took meanwhile; 0 on a quiet machine."""
    timed_out: bool
    cpu_s: float
    """Seconds of work, its own and the system's for it."""


def _busy_s() -> float | None:
    """Seconds of work of all cores together since the machine was started."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return None
    idle = fields[3] + fields[4]  # idle and waiting for the disk
    return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def run(command: list[str], environment: dict[str, str], limit_s: float) -> Finished:
    """Runs one program to its end, or for `limit_s` seconds, and measures it from outside."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        busy, begin, timed_out = _busy_s(), time.monotonic(), False
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **environment}, start_new_session=True)
        try:
            while True:
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                if ended:
                    break
                if not timed_out and time.monotonic() - begin > limit_s:
                    timed_out = True
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(0.05)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        wall = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        after = _busy_s()
        others = 0.0
        if busy is not None and after is not None:
            others = max(0.0, after - busy - usage.ru_utime - usage.ru_stime) / (wall * (os.cpu_count() or 1))
        out.seek(0), err.seek(0)
        unit = 1 if platform.system() == "Darwin" else 1024
        return Finished(process.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"), wall,
                        usage.ru_maxrss * unit, others, timed_out, usage.ru_utime + usage.ru_stime)
