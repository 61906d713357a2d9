#!/usr/bin/env python3
"""Unbound, as Debian has it, asks Postern for a domain, as forwarder and as stub, for its clients.

    tests/dns/unbound.py --postern target/debug/postern
"""

import argparse
import subprocess
import sys
import tempfile
import time

import dns.message
import dns.query
import dns.rcode

import behaviours
import peers

CASES = [
    ("a.t", "A", "NOERROR", ["192.0.2.1"]),
    ("MiXeD.t", "A", "NOERROR", ["192.0.2.2"]),
    ("x.t", "A", "NXDOMAIN", []),
    ("a.t", "AAAA", "NOERROR", []),
    ("x.y.w.t", "A", "NOERROR", ["192.0.2.5"]),
    ("alias.t", "A", "NOERROR", ["a.t.", "192.0.2.1"]),
    ("next.t", "A", "NOERROR", ["there.two.test.", "192.0.2.99"]),
    ("c1.t", "A", "NOERROR", [f"c{n}.t." for n in range(2, 11)] + ["192.0.2.10"]),
    ("x.d.t", "A", "NOERROR", ["e.t.", "x.e.t.", "192.0.2.12"]),
    ("big.t", "A", "NOERROR", [f"10.0.0.{n}" for n in range(200)]),
    ("web.t", "HTTPS", "NOERROR", ['1 . alpn="h2"']),
]


def check(kind, servers, directory):
    port, ours = peers.free_port(), servers.ports["postern"]
    zones = "".join(
        f"{kind}-zone:\n  name: {name}\n  {kind}-addr: 127.0.0.1@{ours}\n"
        for name in ("t", "two.test"))
    path = f"{directory}/{kind}.conf"
    with open(path, "w") as file:
        file.write(
            f'server:\n  interface: 127.0.0.1@{port}\n  username: ""\n  chroot: ""\n'
            f'  directory: "{directory}"\n  pidfile: "{directory}/{kind}.pid"\n'
            "  use-syslog: no\n  do-not-query-localhost: no\n  module-config: iterator\n"
            f"  do-daemonize: no\n  use-caps-for-id: yes\n  local-zone: test. nodefault\n"
            f"remote-control:\n  control-enable: no\n{zones}")
    with open(f"{directory}/{kind}.log", "w") as log:
        unbound = subprocess.Popen(
            [peers.installed("unbound"), "-d", "-c", path], stdout=log, stderr=log)
    try:
        ask(port, "t", "SOA", time.monotonic() + peers.PATIENCE_S)
        for name, rtype, rcode, data in CASES:
            reply = ask(port, name, rtype, time.monotonic() + 5)
            seen = [str(item) for rrset in reply.answer for item in rrset]
            assert dns.rcode.to_text(reply.rcode()) == rcode, f"{kind} {name}: {reply}"
            assert sorted(seen) == sorted(data), f"{kind} {name} {rtype}: {seen}"
    finally:
        unbound.kill()
        unbound.wait()


def ask(port, name, rtype, deadline):
    """Asks until there is an answer; a server that still starts refuses or is silent."""
    while True:
        query = dns.message.make_query(name, rtype)
        try:
            reply, _ = dns.query.udp_with_fallback(query, "127.0.0.1", 1, port)
            return reply
        except (OSError, dns.exception.Timeout):
            if time.monotonic() > deadline:
                raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--postern", required=True)
    options = parser.parse_args()
    zones = {"t": behaviours.ONE, "two.test": behaviours.TWO}
    with tempfile.TemporaryDirectory() as directory:
        with peers.Servers(directory, zones, options.postern, ()) as servers:
            for kind in ("forward", "stub"):
                check(kind, servers, directory)


if __name__ == "__main__":
    sys.exit(main())
