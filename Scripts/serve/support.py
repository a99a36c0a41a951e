"""What the checks of the server share: a Python of their own, a server that runs, requests, and a count of what held. Standard library only."""
from __future__ import annotations

import argparse
import atexit
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / ".build" / "debug" / "instructblip-serve"
PICTURE = REPOSITORY / "Tests" / "Fixtures" / "pictures" / "shapes.png"


def say(line: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {line}", flush=True)


# --- a Python of its own -----------------------------------------------------------------------------------------------

def cache_folder() -> Path:
    cache = os.environ.get("INSTRUCTBLIP_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swift-instructblip"
    return Path(cache).absolute()


def with_packages(name: str, packages: list[str]) -> None:
    """Goes on in a virtual environment that has these packages, which is made when it is not there yet."""
    folder = cache_folder() / "serve" / name
    stamp, wanted = folder / "packages.txt", "\n".join([*packages, sys.version])
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing {', '.join(packages)} into {folder}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
        stamp.write_text(wanted)
    python = str(folder / "bin" / "python")
    os.execv(python, [python, *sys.argv])


# --- a server that runs ------------------------------------------------------------------------------------------------

def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=PROGRAM, metavar="FILE", help="the server to start (.build/debug/instructblip-serve)")
    parser.add_argument("--model", default="scenes", help="what it serves (scenes)")
    return parser


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """The program on a free port of 127.0.0.1, ready to answer; ended with the block."""

    def __init__(self, options: argparse.Namespace, *extra: str, key: str | None = None, environment: dict[str, str] | None = None,
                 prefix: list[str] = [], waits: bool = True):
        self.port, self.key = free_port(), key
        self.log = tempfile.NamedTemporaryFile(prefix="instructblip-serve-", suffix=".log", delete=False)
        command = [*prefix, str(options.program), "--model", options.model, "--host", "127.0.0.1", "--port", str(self.port), *extra]
        if key:
            command += ["--api-key", key]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        env={**os.environ, **(environment or {})})
        # No server outlives its check, however that ends.
        atexit.register(lambda: self.lives and self.process.kill())
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if waits:
            self.wait()

    def wait(self, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode}:\n{self.log_text()[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/health").status == 200:
                    return
            time.sleep(0.1)
        self.stop()
        raise SystemExit(f"the server is not ready after {seconds:.0f} s:\n{self.log_text()[-2000:]}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    @property
    def resident_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def log_text(self) -> str:
        return Path(self.log.name).read_text(errors="replace")

    def stop(self, sent: int = signal.SIGTERM, limit_s: float = 40) -> int:
        """The exit status; a server that does not end in time is killed, and that is -9."""
        if self.lives:
            self.process.send_signal(sent)
            try:
                self.process.wait(limit_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        Path(self.log.name).unlink(missing_ok=True)

    # --- requests ---

    def request(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, limit_s: float = 120) -> Reply:
        return request(self.url, method, path, body, headers, self.key, limit_s)

    def get(self, path: str, **options) -> Reply:
        return self.request("GET", path, **options)

    def post(self, path: str, body: object, **options) -> Reply:
        return self.request("POST", path, body, **options)


class Reply:
    def __init__(self, status: int, headers: http.client.HTTPMessage, data: bytes):
        self.status, self.headers, self.data = status, headers, data

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def message(self) -> str:
        """Of an error: what it says; a reply that is no error in the shape of this interface is told as it is."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return str(self.json["error"]["message"])
        return f"(no error object) {self.data[:200]!r}"


def request(url: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, key: str | None = None,
            limit_s: float = 120) -> Reply:
    """`body` is sent as it is when it is bytes, else as JSON."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=limit_s)
    sent = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    if key:
        sent.setdefault("Authorization", f"Bearer {key}")
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


# --- what is asked -----------------------------------------------------------------------------------------------------

def data_url(data: bytes, type: str = "image/png") -> str:
    return f"data:{type};base64,{base64.b64encode(data).decode()}"


def chat(pictures: list[str], text: str, model: str = "scenes", **fields) -> dict:
    content = [{"type": "image_url", "image_url": {"url": url}} for url in pictures] + [{"type": "text", "text": text}]
    return {"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": 32, **fields}


def scene(server: Server, seed: int) -> str:
    """A drawn scene as a data: URL."""
    reply = server.post("/v1/scene", {"seed": seed})
    if reply.status != 200:
        raise SystemExit(f"/v1/scene answers {reply.status}: {reply.message}")
    return reply.json["image"]


# --- what held ---------------------------------------------------------------------------------------------------------

class Checks:
    """Counts what held and names what did not."""

    def __init__(self):
        self.held, self.failed = 0, []

    def __call__(self, holds: object, what: str, found: object = None) -> bool:
        if holds:
            self.held += 1
            print(f"  ok      {what}", flush=True)
        else:
            self.failed.append(what)
            print(f"  FAILED  {what}" + ("" if found is None else f"; found {found!r}"), flush=True)
        return bool(holds)

    def equal(self, found: object, expected: object, what: str) -> bool:
        return self(found == expected, what if found == expected else f"{what} ({expected!r} expected)", found)

    @contextlib.contextmanager
    def section(self, title: str):
        """What goes wrong in one part does not keep the others from running."""
        print(title, flush=True)
        try:
            yield
        except Exception as error:  # noqa: BLE001: whatever it is, it is a failure of this part
            self(False, f"{title}: {type(error).__name__}: {str(error)[:600]}")

    def end(self) -> None:
        """Ends the program, with 1 where something failed."""
        say(f"{self.held} checks held, {len(self.failed)} failed")
        for what in self.failed:
            say(f"FAILED {what}")
        raise SystemExit(1 if self.failed else 0)
