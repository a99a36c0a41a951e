"""Names that lead inside or change, and hosts that send on. Runs in a network of its own (`faults` starts it there), where a public address is ours.

Prints a line of JSON for each check: holds, what, found.
"""
from __future__ import annotations

import http.server
import json
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import support
from support import Server, chat

PUBLIC, META, INNER = "93.184.216.34", "169.254.169.254", "10.1.2.3"
# Hosts on port 443 whose certificate nobody vouches for, and one that has none.
SELF, PLAIN = "93.184.216.35", "93.184.216.36"
QUESTION = "Question: How many objects are there? Short answer:"
touched: Counter[str] = Counter()
asked: Counter[str] = Counter()


def tell(holds: object, what: str, found: object = None) -> None:
    print(json.dumps({"holds": bool(holds), "what": what, "found": repr(found)}), flush=True)


# --- a network, its names and its hosts --------------------------------------------------------------------------------

def prepare() -> None:
    for command in (["ip", "link", "set", "lo", "up"], *(["ip", "address", "add", f"{address}/32", "dev", "lo"] for address in (PUBLIC, META, INNER, SELF, PLAIN))):
        subprocess.run(command, check=True)
    for place, text in (("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"), ("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 in-hosts.test\n")):
        file = tempfile.NamedTemporaryFile("w", delete=False)
        file.write(text)
        file.close()
        Path(file.name).chmod(0o644)
        subprocess.run(["mount", "--bind", file.name, place], check=True)


def certificates() -> dict[str, ssl.SSLContext]:
    """What the hosts show: a certificate of an authority that this machine trusts in here, for good.test, and one that self.test made for itself."""
    folder = Path(tempfile.mkdtemp())

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "good.key", "-out", "good.csr", "-subj", "/CN=good.test")
    (folder / "names").write_text("subjectAltName=DNS:good.test")
    openssl("x509", "-req", "-in", "good.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "good.pem", "-days", "2", "-extfile", "names")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-days", "2", "-subj", "/CN=self.test", "-addext", "subjectAltName=DNS:self.test")
    place = Path("/etc/ssl/certs/ca-certificates.crt")
    if not place.exists():
        place = Path("/etc/pki/tls/certs/ca-bundle.crt")
    subprocess.run(["mount", "--bind", str(folder / "ca.pem"), str(place)], check=True)
    contexts = {}
    for address, name in ((PUBLIC, "good"), (SELF, "self")):
        contexts[address] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[address].load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return contexts


class TLSServer(http.server.ThreadingHTTPServer):
    """Shakes hands in the thread of the connection: clients that turn away are nobody's business."""
    context: ssl.SSLContext

    def finish_request(self, request, client_address) -> None:
        try:
            super().finish_request(self.context.wrap_socket(request, server_side=True), client_address)
        except OSError:
            pass


ADDRESSES = {"good.test": [PUBLIC], "inner.test": ["127.0.0.1"], "private.test": [INNER], "both.test": [PUBLIC, "127.0.0.1"], "meta.test": [META], "zero.test": ["0.0.0.0"],
             "wrong.test": [PUBLIC], "self.test": [SELF], "plain.test": [PLAIN]}
ADDRESSES6 = {"six.test": "::1", "mapped.test": "::ffff:127.0.0.1", "nat64.test": "64:ff9b::7f00:1", "unique.test": "fd00:ec2::254"}


def names() -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 53))
    while True:
        query, sender = listener.recvfrom(4096)
        labels, place = [], 12
        while query[place]:
            labels.append(query[place + 1:place + 1 + query[place]].decode())
            place += query[place] + 1
        name, kind = ".".join(labels).lower(), struct.unpack(">H", query[place + 1:place + 3])[0]
        answers: list[bytes] = []
        if kind == 1:
            asked[name] += 1
            # The first who asks is told a good address, all others one of this machine.
            found = [PUBLIC if asked[name] == 1 else "127.0.0.1"] if name == "turns.test" else ADDRESSES.get(name, [])
            answers = [socket.inet_aton(address) for address in found]
        elif kind == 28 and name in ADDRESSES6:
            answers = [socket.inet_pton(socket.AF_INET6, ADDRESSES6[name])]
        question = query[12:place + 5]
        known = name in ADDRESSES or name in ADDRESSES6 or name == "turns.test"
        reply = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(answers), 0, 0) + question
        reply += b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(answer)) + answer for answer in answers)
        listener.sendto(reply, sender)


class Host(http.server.BaseHTTPRequestHandler):
    picture = b""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None: pass

    def do_GET(self) -> None:
        touched[self.server.server_address[0]] += 1
        to = {"/to-meta": f"http://{META}/latest/meta-data/", "/to-localhost": "http://localhost/a.png", "/to-number": "http://2130706433/a.png", "/to-inner": "http://inner.test/a.png",
              "/to-turned": "http://127.0.0.1/a.png", "/to-file": "file:///etc/passwd", "/to-six": "http://[::1]/a.png", "/to-good": "/a.png", "/to-loop": "/to-loop", "/to-nothing": "http:///"}
        if self.path in to:
            self.send_response(302)
            self.send_header("Location", to[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        try:
            if self.path == "/endless":
                self.end_headers()
                while True:
                    self.wfile.write(b"x" * 65536)
            if self.path == "/slow":
                self.send_header("Content-Length", "100000")
                self.end_headers()
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.5)
            if self.path == "/claims":
                self.send_header("Content-Length", str(10 << 30))
                self.end_headers()
                self.wfile.write(b"x" * 1000)
                time.sleep(20)
            self.send_header("Content-Length", str(len(self.picture)))
            self.end_headers()
            self.wfile.write(self.picture)
        except OSError:
            self.close_connection = True


# --- what is checked ---------------------------------------------------------------------------------------------------

def run(options) -> None:
    prepare()
    Host.picture = support.PICTURE.read_bytes()
    for address in (PUBLIC, META, INNER, "127.0.0.1"):
        server = http.server.ThreadingHTTPServer((address, 80), Host)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for address, context in certificates().items():
        secure = TLSServer((address, 443), Host)
        secure.context = context
        threading.Thread(target=secure.serve_forever, daemon=True).start()
    threading.Thread(target=http.server.ThreadingHTTPServer((PLAIN, 443), Host).serve_forever, daemon=True).start()
    threading.Thread(target=names, daemon=True).start()
    allowed = ["good.test", "turns.test", "inner.test", "private.test", "both.test", "meta.test", "zero.test", "in-hosts.test", "localhost", *ADDRESSES6, META, "127.0.0.1"]
    listed = [word for host in allowed for word in ("--allowed-media-domains", host)]

    def ask(server: Server, url: str) -> tuple[support.Reply, float, dict[str, int]]:
        touched.clear()
        begin = time.monotonic()
        reply = server.post("/v1/chat/completions", chat([url], QUESTION))
        return reply, time.monotonic() - begin, dict(touched)

    for redirects in (0, 3):
        with Server(options, *listed, "--media-http", "--media-redirects", str(redirects)) as server:
            reply, _, hosts = ask(server, "http://good.test/a.png")
            tell(reply.status == 200 and hosts == {PUBLIC: 1}, "a picture of a host that is allowed is fetched", (reply.status, reply.data[:200], hosts))
            for name in ("inner.test", "private.test", "both.test", "meta.test", "zero.test", "in-hosts.test", "localhost", META, "127.0.0.1", *ADDRESSES6):
                reply, seconds, hosts = ask(server, f"http://{name}/a.png")
                tell(reply.status == 400 and not hosts and seconds < 8, f"{name}: its address is inside, so it is refused, and nobody is connected to", (reply.status, reply.data[:200], hosts))
            asked.clear()
            reply, _, hosts = ask(server, "http://turns.test/a.png")
            tell(set(hosts) <= {PUBLIC}, "a name that changes between check and connection: only the address that was checked is connected to", (reply.status, reply.data[:200], hosts, dict(asked)))
            reply, _, hosts = ask(server, "http://turns.test/a.png")
            tell(reply.status == 400 and not hosts, "and once it has changed, it is refused", (reply.status, hosts))
            for place in ("meta", "localhost", "number", "inner", "turned", "file", "six", "nothing"):
                reply, _, hosts = ask(server, f"http://good.test/to-{place}")
                tell(reply.status == 400 and set(hosts) <= {PUBLIC} and b"root:" not in reply.data, f"a host that sends on to {place}, {redirects} allowed: refused, not followed inside", (reply.status, reply.data[:200], hosts))
            reply, _, hosts = ask(server, "http://good.test/to-good")
            tell(reply.status == (200 if redirects else 400), f"a host that sends on to itself, {redirects} allowed", (reply.status, reply.data[:200], hosts))
            reply, _, hosts = ask(server, "http://good.test/to-loop")
            tell(reply.status == 400 and hosts.get(PUBLIC, 0) <= 4, f"a host that sends round in circles, {redirects} allowed: refused", (reply.status, hosts))
            if redirects:
                continue
            for place, limit_s in (("endless", 16), ("claims", 5), ("slow", 20)):
                reply, seconds, hosts = ask(server, f"http://good.test/{place}")
                tell(reply.status in (400, 413) and seconds < limit_s, f"a picture that is {place}: given up", (reply.status, round(seconds, 1)))
            tell(server.lives, "the server lives afterwards")
    with Server(options, *(word for host in ("good.test", "wrong.test", "self.test", "plain.test", "inner.test") for word in ("--allowed-media-domains", host))) as server:
        reply, _, hosts = ask(server, "https://good.test/a.png")
        tell(reply.status == 200 and hosts == {PUBLIC: 1}, "https: a picture of a host with a certificate of its name is fetched, from the address that was checked",
             (reply.status, reply.data[:200], hosts))
        for name, what in (("wrong", "of another name"), ("self", "that nobody vouches for"), ("plain", "that is none")):
            reply, seconds, hosts = ask(server, f"https://{name}.test/a.png")
            tell(reply.status == 400 and b"image_fetch" in reply.data and not hosts and seconds < 8, f"https: a certificate {what}: refused, and nothing is asked for",
                 (reply.status, reply.data[:200], hosts))
        reply, _, hosts = ask(server, "https://inner.test/a.png")
        tell(reply.status == 400 and not hosts, "https: an address inside is refused", (reply.status, hosts))
        tell(server.lives, "the server lives afterwards")
        reply, _, hosts = ask(server, "http://good.test/a.png")
        tell(reply.status == 400 and not hosts, "without encryption, nothing is fetched unless that is allowed", (reply.status, hosts))
