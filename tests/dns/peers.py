"""Running Postern's zone files beside NSD and Knot, each on a loopback port of its own.

`Servers` writes the zones of one run into a directory, starts every server that is installed on
them, and asks one question of all. Does not know what is a right answer.
"""

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

PATIENCE_S = 20.0


def free_port():
    """A port that was free for UDP and TCP a moment ago."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            with contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                return port


def installed(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Servers:
    """The servers on one set of zones; a context manager that ends them."""

    def __init__(self, directory, zones, postern, peers=("nsd", "knot"), more="", listen="127.0.0.1"):
        """`zones` maps names (without a final dot, "" for the root) to master-file texts; `more` is
        what Postern's configuration has beside them."""
        self.more, self.listen = more, listen
        self.directory = Path(directory)
        self.postern = postern
        self.files, self.plain = {}, {}
        for number, (name, text) in enumerate(zones.items()):
            path = self.directory / f"{number}.zone"
            text = text if isinstance(text, bytes) else text.encode()
            path.write_bytes(text)
            # Knot takes no CRLF, and neither peer a byte order mark.
            text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
            path.with_suffix(".plain").write_bytes(text)
            self.files[name] = path
            self.plain[name] = path.with_suffix(".plain")
        self.names = ["postern"] + [p for p in peers if installed({"knot": "knotd"}.get(p, p))]
        self.ports = {name: free_port() for name in self.names}
        self.children = {}

    def __enter__(self):
        try:
            for name in self.names:
                log = open(self.directory / f"{name}.log", "wb")
                self.children[name] = subprocess.Popen(
                    getattr(self, f"_{name}")(self.ports[name]),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            for name in self.names:
                self._wait_for(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self.children.values():
            child.kill()
            child.wait()

    def log(self, name):
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def _wait_for(self, name):
        deadline = time.monotonic() + PATIENCE_S
        question = struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\0" + struct.pack(">2H", 6, 1)
        while self.ask(name, question, timeout=0.1) is None:
            ended = self.children[name].poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{self.log(name)[-3000:]}")

    def _postern(self, port):
        """The daemon itself; only its DNS is of interest."""
        lines = [
            'region = "us-east-1"', f'state_dir = "{self.directory}/var"',
            "[listen]", 'api = "127.0.0.1:0"', f'dns = "{self.listen}:{port}"',
            'admin = "127.0.0.1:0"',
            '[[zones]]\nname = "us-east-1a"\nid = "use1-az1"',
            '[[accounts]]\nid = "111111111111"\nname = "one"',
            'keys = [{ access_key_id = "one", secret_access_key = "secret" }]',
        ]
        for name, path in self.files.items():
            name = (name or ".").replace("\\", "\\\\")
            lines += ["[[dns.zone]]", f'name = "{name}"', f'file = "{path}"']
        file = self.directory / "postern.toml"
        file.write_text("\n".join(lines) + "\n" + self.more)
        return [self.postern, "run", "--config", str(file)]

    def _nsd(self, port):
        zones = "".join(
            f'zone:\n  name: "{name or "."}"\n  zonefile: "{path}"\n'
            for name, path in self.plain.items()
        )
        d = self.directory
        file = d / "nsd.conf"
        file.write_text(
            f'server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  username: ""\n'
            f'  chroot: ""\n  zonesdir: "{d}"\n  pidfile: "{d}/nsd.pid"\n  database: ""\n'
            f'  xfrdfile: "{d}/xfrd"\n  zonelistfile: "{d}/list"\n  xfrdir: "{d}"\n'
            "  rrl-ratelimit: 0\n  minimal-responses: yes\n  refuse-any: no\n  cpu-affinity:\n"
            f"remote-control:\n  control-enable: no\n{zones}".replace("  cpu-affinity:\n", "")
        )
        return [installed("nsd"), "-d", "-c", str(file)]

    def _knot(self, port):
        zones = "".join(
            f'  - domain: "{name or "."}."\n    file: "{path}"\n'
            .replace('".."', '"."')
            for name, path in self.plain.items()
        )
        d = self.directory
        file = d / "knot.conf"
        file.write_text(
            f'server:\n  listen: 127.0.0.1@{port}\n  rundir: "{d}"\n  udp-workers: 1\n'
            f"  tcp-workers: 1\n  background-workers: 1\n"
            f'database:\n  storage: "{d}/knotdb"\n'
            f"log:\n  - target: stdout\n    any: warning\n"
            "template:\n  - id: default\n    semantic-checks: off\n    journal-content: none\n"
            f"    zonefile-load: whole\nzone:\n{zones}"
        )
        return [installed("knotd"), "-c", str(file)]

    def ask(self, name, question, tcp=False, timeout=2.0):
        """The reply's bytes; none if there is none in time."""
        where = ("127.0.0.1", self.ports[name])
        if tcp:
            with contextlib.suppress(OSError), socket.create_connection(where, timeout) as stream:
                stream.sendall(struct.pack(">H", len(question)) + question)
                with stream.makefile("rb") as file:
                    (length,) = struct.unpack(">H", file.read(2))
                    return file.read(length)
            return None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect(where)
            try:
                sock.send(question)
                return sock.recv(65535)
            except OSError:
                return None
