#!/usr/bin/env python3
"""What a client of the running daemon sees, a row per behaviour that an expert would check.

    tests/dns/behaviours.py --postern target/debug/postern [--only PART]

Each row names the behaviour and where it is written down; its questions go over the wire with
dnspython. Zones from files stand in for all zones: what needs endpoints, health or upstream servers
has its tests in dns/tests, dns/core/tests and tests/tests. Prints a line per row and ends with 1 if
one fails.
"""

import argparse
import collections
import socket
import struct
import sys
import tempfile
import traceback

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype

import peers

SOA = "@ 900 IN SOA ns.t. m.t. 1 2 3 4 60\n"
ONE = """$ORIGIN t.
$TTL 60
@ 900 SOA ns.t. m.t. 1 2 3 4 60
@ NS ns
ns A 192.0.2.53
a A 192.0.2.1
Mixed A 192.0.2.2
three A 192.0.2.1
three A 192.0.2.2
three A 192.0.2.3
deep.ent A 192.0.2.4
*.w A 192.0.2.5
*.w TXT "wild"
here.w TXT "here"
b.ent2.w A 192.0.2.6
*.cw CNAME a
alias CNAME a
out CNAME www.example.com.
gone CNAME absent
next CNAME there.two.test.
away CNAME absent.two.test.
loop CNAME pool
pool CNAME loop
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME c9
c9 CNAME c10
c10 A 192.0.2.10
sub NS ns.sub
sub NS ns.elsewhere.test.
sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
ns.sub A 192.0.2.7
mail MX 10 a
svc SRV 1 2 3 a
unknown TYPE65280 \\# 5 0001620174
web HTTPS 1 . alpn=h2
both A 192.0.2.8
both TXT "x"
dot\\.ted A 192.0.2.9
bin\\000\\255 A 192.0.2.11
""" + "".join(f"big A 10.0.{n // 256}.{n % 256}\n" for n in range(200)) + (
    "d DNAME e\nx.e A 192.0.2.12\n") + "x" * 63 + " A 192.0.2.13\n" + (
    "long TXT " + " ".join('"' + "y" * 255 + '"' for _ in range(4)) + "\n")
TWO = "@ 60 SOA ns m 9 2 3 4 5\n@ 60 NS ns\nthere 60 A 192.0.2.99\n"
PRIVATE = "@ 60 SOA ns m 9 2 3 4 5\n@ 60 NS ns\nonly 60 A 192.0.2.77\n"
LONGEST = ".".join(["y" * 63] * 3 + ["z" * 59])


def text(message):
    """Rcode and flags, then a line per record, names relative to nothing."""
    if message is None:
        return "no reply"
    words = [dns.rcode.to_text(message.rcode())]
    for flag, word in [(dns.flags.AA, "aa"), (dns.flags.TC, "tc"), (dns.flags.RA, "ra"),
                       (dns.flags.AD, "ad"), (dns.flags.RD, "rd"), (dns.flags.CD, "cd")]:
        words += [word] if message.flags & flag else []
    if message.edns >= 0:
        words.append(f"edns={message.payload}" + (" do" if message.ednsflags & 0x8000 else ""))
    lines = [" ".join(words)]
    for sign, section in [("", message.answer), ("~", message.authority),
                          ("+", message.additional)]:
        for rrset in section:
            for data in rrset:
                lines.append(f"{sign}{rrset.name} {rrset.ttl} "
                             f"{dns.rdatatype.to_text(rrset.rdtype)} {data}")
    return "\n".join([lines[0]] + sorted(lines[1:]))


ABSENT = "~t. 60 SOA ns.t. m.t. 1 2 3 4 60"


class Client:
    def __init__(self, servers):
        self.servers = servers
        self.port = servers.ports["postern"]

    def raw(self, wire, tcp=False, timeout=2.0, source="127.0.0.1", server="127.0.0.1"):
        if tcp:
            return self.servers.ask("postern", wire, True, timeout)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.bind((source, 0))
            sock.sendto(wire, (server, self.port))
            try:
                reply, peer = sock.recvfrom(65535)
            except TimeoutError:
                return None
            assert peer == (server, self.port), f"answered from {peer}, asked {server}"
            return reply

    def ask(self, name, rtype, tcp=False, source="127.0.0.1", server="127.0.0.1", rd=False,
            rclass="IN", change=None, **options):
        query = dns.message.make_query(name, rtype, rclass, **options)
        query.flags = (query.flags | dns.flags.RD) if rd else (query.flags & ~dns.flags.RD)
        if change:
            change(query)
        wire = self.raw(query.to_wire(), tcp, source=source, server=server)
        reply = dns.message.from_wire(wire, ignore_trailing=False) if wire else None
        if reply is not None:
            assert reply.id == query.id and reply.flags & dns.flags.QR, "id and QR"
        return reply


def expect(seen, *lines):
    expected = "\n".join([lines[0]] + sorted(lines[1:]))
    assert text(seen) == expected, f"\nseen:     {text(seen)!r}\nexpected: {expected!r}"


ROWS = []


def row(reference):
    def add(check):
        ROWS.append((check.__name__, reference, check))
        return check
    return add


@row("RFC 2308 2.1, 2.2, 3; RFC 8020")
def nxdomain_and_nodata_have_the_soa_in_authority(c):
    expect(c.ask("x.t", "A"), "NXDOMAIN aa", ABSENT)
    expect(c.ask("a.t", "TXT"), "NOERROR aa", ABSENT)
    expect(c.ask("ent.t", "A"), "NOERROR aa", ABSENT)
    expect(c.ask("x.ent.t", "A"), "NXDOMAIN aa", ABSENT)
    expect(c.ask("x.a.t", "A"), "NXDOMAIN aa", ABSENT)


@row("RFC 2308 3, 5")
def negative_ttl_is_the_lesser_of_soa_ttl_and_minimum(c):
    expect(c.ask("x.two.test", "A"), "NXDOMAIN aa",
           "~two.test. 5 SOA ns.two.test. m.two.test. 9 2 3 4 5")
    assert c.ask("t", "SOA").answer[0].ttl == 900, "asked for, the SOA has its own"


@row("RFC 4074")
def aaaa_of_an_ipv4_name_is_nodata(c):
    expect(c.ask("a.t", "AAAA"), "NOERROR aa", ABSENT)


@row("RFC 4592 2.2, 3.3, 4")
def wildcards_stand_for_names_that_do_not_exist(c):
    expect(c.ask("x.w.t", "A"), "NOERROR aa", "x.w.t. 60 A 192.0.2.5")
    expect(c.ask("x.y.w.t", "TXT"), "NOERROR aa", 'x.y.w.t. 60 TXT "wild"')
    expect(c.ask("x.w.t", "MX"), "NOERROR aa", ABSENT)
    expect(c.ask("here.w.t", "A"), "NOERROR aa", ABSENT)
    expect(c.ask("x.here.w.t", "A"), "NXDOMAIN aa", ABSENT)
    expect(c.ask("ent2.w.t", "A"), "NOERROR aa", ABSENT)
    expect(c.ask("x.ent2.w.t", "A"), "NXDOMAIN aa", ABSENT)
    expect(c.ask("*.w.t", "A"), "NOERROR aa", "*.w.t. 60 A 192.0.2.5")
    expect(c.ask("w.t", "A"), "NOERROR aa", ABSENT)
    expect(c.ask("x.cw.t", "A"), "NOERROR aa", "x.cw.t. 60 CNAME a.t.", "a.t. 60 A 192.0.2.1")


@row("RFC 1034 3.6.2, 4.3.2; RFC 2308 2.1; RFC 6604")
def aliases_are_followed_across_our_zones(c):
    expect(c.ask("alias.t", "A"), "NOERROR aa", "alias.t. 60 CNAME a.t.", "a.t. 60 A 192.0.2.1")
    expect(c.ask("alias.t", "CNAME"), "NOERROR aa", "alias.t. 60 CNAME a.t.")
    expect(c.ask("alias.t", "TXT"), "NOERROR aa", "alias.t. 60 CNAME a.t.", ABSENT)
    expect(c.ask("gone.t", "A"), "NXDOMAIN aa", "gone.t. 60 CNAME absent.t.", ABSENT)
    expect(c.ask("out.t", "A"), "NOERROR aa", "out.t. 60 CNAME www.example.com.")
    expect(c.ask("next.t", "A"), "NOERROR aa", "next.t. 60 CNAME there.two.test.",
           "there.two.test. 60 A 192.0.2.99")
    expect(c.ask("away.t", "A"), "NXDOMAIN aa", "away.t. 60 CNAME absent.two.test.",
           "~two.test. 5 SOA ns.two.test. m.two.test. 9 2 3 4 5")
    assert len(c.ask("c1.t", "A").answer) == 10, "a chain of nine and its end"


@row("RFC 1034 3.6.2")
def loops_of_aliases_end(c):
    expect(c.ask("loop.t", "A"), "NOERROR aa", "loop.t. 60 CNAME pool.t.",
           "pool.t. 60 CNAME loop.t.")


@row("RFC 6672 2.2, 3.1")
def dname_redirects_what_is_below(c):
    expect(c.ask("x.d.t", "A"), "NOERROR aa", "d.t. 60 DNAME e.t.", "x.d.t. 60 CNAME x.e.t.",
           "x.e.t. 60 A 192.0.2.12")
    expect(c.ask("d.t", "A"), "NOERROR aa", ABSENT)
    expect(c.ask("y.d.t", "A"), "NXDOMAIN aa", "d.t. 60 DNAME e.t.", "y.d.t. 60 CNAME y.e.t.",
           ABSENT)


@row("RFC 1034 4.2.1, 4.3.2; RFC 4035 3.1.4.1")
def delegations_are_referrals_without_aa_and_with_glue(c):
    referral = ["~sub.t. 60 NS ns.sub.t.", "~sub.t. 60 NS ns.elsewhere.test.",
                "+ns.sub.t. 60 A 192.0.2.7"]
    for name, rtype in [("sub.t", "A"), ("sub.t", "NS"), ("x.y.sub.t", "A"), ("ns.sub.t", "A"),
                        ("x.sub.t", "DS")]:
        expect(c.ask(name, rtype), "NOERROR", *referral)
    reply = c.ask("sub.t", "DS")
    assert reply.flags & dns.flags.AA and len(reply.answer) == 1, text(reply)


@row("RFC 4343; RFC 1035 2.3.3; draft 0x20")
def case_does_not_matter_and_comes_back_bit_for_bit(c):
    expect(c.ask("mIxEd.T", "A"), "NOERROR aa", "mIxEd.T. 60 A 192.0.2.2")
    query = dns.message.make_query("MiXeD.t", "A").to_wire()
    assert c.raw(query)[12:len(query)] == query[12:]


@row("RFC 1035 4.1.4; RFC 3597 4")
def owners_are_compressed_and_unknown_data_is_not(c):
    query = dns.message.make_query("three.t", "A", use_edns=False).to_wire()
    reply = c.raw(query)
    assert len(reply) == len(query) + 3 * 16
    for at in range(len(query), len(reply), 16):
        assert reply[at:at + 2] == b"\xc0\x0c"
    reply = c.raw(dns.message.make_query("unknown.t", 65280).to_wire())
    assert b"\x00\x05\x00\x01b\x01t" in reply, "what looks like a name stays as it is"


@row("RFC 6891 6.1.1, 6.1.3, 6.2.3-6.2.5, 7; RFC 8906")
def edns_is_answered_if_asked_for_and_versions_above_0_are_not(c):
    answer = "a.t. 60 A 192.0.2.1"
    expect(c.ask("a.t", "A", use_edns=False), "NOERROR aa", answer)
    expect(c.ask("a.t", "A", use_edns=0), "NOERROR aa edns=1232", answer)
    expect(c.ask("a.t", "A", use_edns=1), "BADVERS edns=1232")
    expect(c.ask("a.t", "A", use_edns=99), "BADVERS edns=1232")
    option = dns.edns.GenericOption(65001, b"xyz")
    expect(c.ask("a.t", "A", use_edns=0, options=[option]), "NOERROR aa edns=1232", answer)
    expect(c.ask("a.t", "A", use_edns=0, ednsflags=0x4000), "NOERROR aa edns=1232", answer)
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
    query = bytearray(dns.message.make_query("a.t", "A", use_edns=False).to_wire())
    query[11] = 2
    reply = dns.message.from_wire(c.raw(bytes(query) + opt + opt))
    assert reply.rcode() == dns.rcode.FORMERR, text(reply)


@row("RFC 6891 6.2.3, 6.2.5; DNS flag day 2020")
def udp_size_is_between_512_and_1232(c):
    for payload, most in [(0, 512), (100, 512), (512, 512), (900, 900), (65535, 1232)]:
        wire = c.raw(dns.message.make_query("long.t", "TXT", use_edns=0, payload=payload)
                     .to_wire())
        assert len(wire) <= most, f"{len(wire)} bytes for a payload of {payload}"
        reply = dns.message.from_wire(wire)
        assert bool(reply.flags & dns.flags.TC) == (most < 1060), f"{payload} {text(reply)}"


@row("RFC 3225 3; RFC 4035 3.1, 3.2")
def do_is_copied_and_ad_and_cd_are_not_set(c):
    def change(query):
        query.flags |= dns.flags.AD | dns.flags.CD
    expect(c.ask("a.t", "A", use_edns=0, ednsflags=0x8000, change=change),
           "NOERROR aa edns=1232 do", "a.t. 60 A 192.0.2.1")


@row("RFC 1035 4.2.1; RFC 2181 9; RFC 6891 7; RFC 7766")
def what_does_not_fit_has_tc_and_is_whole_over_tcp(c):
    expect(c.ask("big.t", "A"), "NOERROR aa tc")
    expect(c.ask("big.t", "A", use_edns=0, payload=1232), "NOERROR aa tc edns=1232")
    assert len(c.ask("big.t", "A", tcp=True).answer[0]) == 200


@row("RFC 7766 6.2, 7, 8; RFC 9210")
def tcp_takes_pipelined_and_cut_messages(c):
    queries = [dns.message.make_query(name, "A") for name in ["a.t", "x.t", "big.t"] * 10]
    wires = [query.to_wire() for query in queries]
    frames = [struct.pack(">H", len(wire)) + wire for wire in wires]
    with socket.create_connection(("127.0.0.1", c.port), 5) as stream:
        stream.sendall(b"".join(frames))
        for byte in frames[0]:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.sendall(bytes([byte]))
        file, ids = stream.makefile("rb"), collections.Counter()
        for _ in range(len(frames) + 1):
            (length,) = struct.unpack(">H", file.read(2))
            ids[dns.message.from_wire(file.read(length)).id] += 1
        assert ids == collections.Counter(q.id for q in [*queries, queries[0]])


@row("RFC 8482 4.1, 4.3")
def any_has_one_rrset_over_udp(c):
    assert len(c.ask("both.t", "ANY").answer) == 1
    assert len(c.ask("both.t", "ANY", tcp=True).answer) == 2
    expect(c.ask("x.t", "ANY"), "NXDOMAIN aa", ABSENT)


@row("RFC 4892; RFC 1035 3.2.4; RFC 6895")
def other_classes_are_refused(c):
    expect(c.ask("version.bind", "TXT", rclass="CH"), "REFUSED")
    expect(c.ask("a.t", "A", rclass="HS"), "REFUSED")
    expect(c.ask("a.t", "A", rclass="NONE"), "REFUSED")
    reply = c.ask("a.t", "A", rclass="ANY")
    assert reply.rcode() == 0 and len(reply.answer) == 1, "class ANY holds IN"


@row("RFC 1035 4.1.1; RFC 1996; RFC 2136; RFC 8906 3.1.4")
def operations_other_than_query_are_answered(c):
    for opcode in range(1, 16):
        query = bytearray(dns.message.make_query("a.t", "A", use_edns=False).to_wire())
        query[2] = query[2] & 0x87 | opcode << 3
        reply = c.raw(bytes(query))
        expected = dns.rcode.REFUSED if opcode in (4, 5) else dns.rcode.NOTIMP
        assert reply and reply[3] & 15 == expected and reply[2] >> 3 & 15 == opcode, opcode


@row("RFC 1035 4.1; RFC 9619")
def malformed_messages_get_formerr_or_nothing(c):
    query = dns.message.make_query("a.t", "A", use_edns=False).to_wire()
    for name, wire, expected in [
        ("a response", bytes([*query[:2], query[2] | 0x80]) + query[3:], None),
        ("eleven bytes", query[:11], None),
        ("no question", query[:4] + b"\0\0" + query[6:12], dns.rcode.FORMERR),
        ("two questions", query[:4] + b"\0\2" + query[6:] + query[12:], dns.rcode.FORMERR),
        ("a cut question", query[:-3], dns.rcode.FORMERR),
        ("a pointer to itself", query[:12] + b"\xc0\x0c\0\1\0\1", dns.rcode.FORMERR),
        ("a pointer forward", query[:12] + b"\xc0\xff\0\1\0\1", dns.rcode.FORMERR),
        ("a label of 64", query[:12] + b"\x40" + b"x" * 64 + b"\0\0\1\0\1", dns.rcode.FORMERR),
        ("a name of 257", query[:12] + b"\1x" * 128 + b"\0\0\1\0\1", dns.rcode.FORMERR),
        ("trailing bytes", query + b"garbage", dns.rcode.NOERROR),
    ]:
        reply = c.raw(wire, timeout=0.3 if expected is None else 2.0)
        seen = None if reply is None else reply[3] & 15
        assert seen == expected, f"{name}: {seen}"


@row("RFC 5936 6; RFC 1995")
def transfers_are_refused(c):
    for tcp in (False, True):
        for rtype in ("AXFR", "IXFR"):
            query = dns.message.make_query("t", rtype, use_edns=False)
            assert c.raw(query.to_wire(), tcp)[3] & 15 == dns.rcode.REFUSED, f"{rtype} {tcp}"


@row("RFC 8499; RFC 1035 4.1.1")
def what_is_not_ours_is_refused_and_rd_is_copied(c):
    for name in ("example.com", "test", ".", "xt", "t.x"):
        expect(c.ask(name, "A"), "REFUSED")
        expect(c.ask(name, "A", rd=True), "REFUSED rd")
    expect(c.ask("a.t", "A", rd=True), "NOERROR aa rd", "a.t. 60 A 192.0.2.1")


@row("RFC 3597; RFC 9460")
def unknown_types_are_data_or_nodata(c):
    expect(c.ask("unknown.t", 65280), "NOERROR aa",
           r"unknown.t. 60 TYPE65280 \# 5 0001620174")
    expect(c.ask("a.t", "HTTPS"), "NOERROR aa", ABSENT)
    expect(c.ask("a.t", 999), "NOERROR aa", ABSENT)
    expect(c.ask("web.t", "HTTPS"), "NOERROR aa", 'web.t. 60 HTTPS 1 . alpn="h2"')


@row("RFC 1034 3.7.1; RFC 2782")
def addresses_of_hosts_named_in_answers_come_along(c):
    host = "+a.t. 60 A 192.0.2.1"
    expect(c.ask("mail.t", "MX"), "NOERROR aa", "mail.t. 60 MX 10 a.t.", host)
    expect(c.ask("svc.t", "SRV"), "NOERROR aa", "svc.t. 60 SRV 1 2 3 a.t.", host)
    expect(c.ask("t", "NS"), "NOERROR aa", "t. 60 NS ns.t.", "+ns.t. 60 A 192.0.2.53")


@row("RFC 1794; RFC 2181 5.2")
def every_order_of_addresses_is_equally_likely(c):
    orders = collections.Counter()
    for _ in range(1200):
        orders[tuple(str(data) for data in c.ask("three.t", "A").answer[0])] += 1
    square = sum((count - 200) ** 2 / 200 for count in orders.values())
    # Chi-square with 5 degrees of freedom: beyond 30 in 1 of 68,000 runs.
    assert len(orders) == 6 and square < 30, orders


@row("RFC 2181 4")
def answers_come_from_the_address_asked(c):
    for server in ("127.0.0.1", "127.0.0.77", "127.9.8.7"):
        expect(c.ask("a.t", "A", server=server), "NOERROR aa", "a.t. 60 A 192.0.2.1")


@row("RFC 7871; split horizon")
def views_are_told_by_the_longest_prefix_of_the_client(c):
    seen = ["NOERROR aa", "only.private.test. 60 A 192.0.2.77"]
    expect(c.ask("only.private.test", "A", source="127.7.7.7"), *seen)
    expect(c.ask("only.private.test", "A", source="127.7.8.8"), "REFUSED")
    expect(c.ask("only.private.test", "A", source="127.0.0.1"), "REFUSED")
    subnet = dns.edns.ECSOption("127.7.7.7", 32)
    expect(c.ask("only.private.test", "A", use_edns=0, options=[subnet]), "REFUSED edns=1232")


@row("RFC 1035 2.3.4; RFC 2181 11")
def names_have_up_to_255_bytes_of_any_kind(c):
    expect(c.ask("x" * 63 + ".t", "A"), "NOERROR aa", "x" * 63 + ".t. 60 A 192.0.2.13")
    expect(c.ask(LONGEST + ".t", "A"), "NXDOMAIN aa", ABSENT)
    expect(c.ask(dns.name.from_text(r"dot\.ted.t."), "A"), "NOERROR aa",
           r"dot\.ted.t. 60 A 192.0.2.9")
    expect(c.ask(dns.name.from_text(r"bin\000\255.t."), "A"), "NOERROR aa",
           r"bin\000\255.t. 60 A 192.0.2.11")


@row("postern: the endpoints' zone")
def the_regions_zone_is_there_without_endpoints(c):
    zone = "us-east-1.vpce.amazonaws.com"
    reply = c.ask(zone, "SOA")
    assert reply.answer[0].ttl == 60 and reply.flags & dns.flags.AA
    assert c.ask(f"x.{zone}", "A").rcode() == dns.rcode.NXDOMAIN
    expect(c.ask("vpce.amazonaws.com", "NS"), "REFUSED")


VIEWS = """
[[dns.view]]
vpc = "vpc-00000000000000001"
clients = ["127.7.0.0/16"]
[[dns.view]]
vpc = "vpc-00000000000000002"
clients = ["127.7.8.0/24"]
[[dns.zone]]
name = "private.test"
file = "private"
vpcs = ["vpc-00000000000000001"]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--postern", required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        with open(f"{directory}/private", "w") as file:
            file.write(PRIVATE)
        zones = {"t": ONE, "two.test": TWO}
        with peers.Servers(directory, zones, options.postern, (), VIEWS, "0.0.0.0") as servers:
            client = Client(servers)
            for name, reference, check in ROWS:
                if options.only not in name:
                    continue
                try:
                    check(client)
                    print(f"ok    {name} ({reference})")
                except Exception:
                    failed += 1
                    print(f"FAIL  {name} ({reference})")
                    traceback.print_exc(file=sys.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
