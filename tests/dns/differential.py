#!/usr/bin/env python3
"""Asks Postern, NSD and Knot the same questions about the same zone files, and compares.

    tests/dns/differential.py --postern target/debug/postern --zones 200 --questions 40 --seed 1

Both are drawn by chance from the seed. A difference is one where Postern agrees with no peer in a
section of the reply; differences that are meant, and why, are the functions of `MEANT`. Prints each
with its zone and ends with 1 if there is any. Needs dnspython.
"""

import argparse
import collections
import random
import sys
import tempfile

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

import generate
import peers

PLAIN = dns.flags.AA | dns.flags.TC | dns.flags.RD | dns.flags.CD | dns.flags.AD


def lowered(section):
    records = set()
    for rrset in section:
        for data in rrset:
            where = (rrset.name.canonicalize().to_text(), dns.rdatatype.to_text(rrset.rdtype))
            records.add((*where, rrset.ttl, data.to_digestable()))
    return frozenset(records)


class Reply:
    """A reply as far as it is compared."""

    def __init__(self, wire):
        self.parts = {"reply": wire is not None}
        if wire is None:
            return
        self.size = len(wire)
        m = dns.message.from_wire(wire, ignore_trailing=False, one_rr_per_rrset=False)
        question = [(q.name.to_text(), q.rdtype, q.rdclass) for q in m.question]
        self.parts |= {
            "rcode": dns.rcode.to_text(m.rcode()),
            "flags": dns.flags.to_text(m.flags & PLAIN),
            "question": question,
            "answer": lowered(m.answer),
            "authority": lowered(m.authority),
            "additional": lowered(m.additional),
            "edns": m.edns if m.edns >= 0 else None,
            "do": bool(m.ednsflags & dns.flags.DO),
        }
        self.message = m


def zone_of(name, zones):
    """The nearest zone above a name, as `lowered` writes names."""
    labels = dns.name.from_text(name).labels[:-1]
    apexes = {tuple(label.lower() for label in apex) for apex in zones}
    return next((labels[n:] for n in range(len(labels)) if labels[n:] in apexes), None)


def owners(reply, section):
    return {record[0] for record in reply.parts[section]}


def meant_across_zones(ours, theirs, zones, section):
    """An alias into another of our zones is followed there, as if the two were one. NSD counts
    names of a zone above as existing, Knot does not follow."""
    names = owners(ours, "answer") | owners(ours, "authority") | owners(theirs, "answer")
    return len({zone_of(name, zones) for name in names} - {None}) > 1 or any(
        zone_of(record[3], zones) not in (None, zone_of(record[0], zones))
        for record in targets(ours))


def targets(reply):
    for rrset in reply.message.answer:
        if rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME):
            for data in rrset:
                yield (rrset.name.to_text(), None, None, data.target.canonicalize().to_text())


def meant_loop(ours, theirs, zones, section):
    """Redirections that grow without end are followed up to our bound, by others to theirs."""
    renamed = [1 for rrset in ours.message.answer if rrset.rdtype == dns.rdatatype.DNAME]
    return renamed and len(ours.parts["answer"]) != len(theirs.parts["answer"])


def meant_optional(ours, theirs, zones, section):
    """Addresses beside an answer are optional, and one below another zone's cut is no glue."""
    return section == "additional" and ours.parts[section] < theirs.parts[section]


MEANT = [meant_across_zones, meant_loop, meant_optional]


def draw_question(rng, zone):
    name, rtype = zone.question()
    labels = [bytes(rng.choice([bytes([b]).lower(), bytes([b]).upper()])[0] for b in label)
              for label in name]
    query = dns.message.make_query(
        dns.name.Name([*labels, b""]), rtype, id=rng.randrange(65536),
        use_edns=rng.choice([-1, 0, 0]), payload=rng.choice([512, 1232, 4096]),
        want_dnssec=False)
    if rng.random() < 0.5:
        query.flags &= ~dns.flags.RD
    return query


def compare(question, replies, zones):
    """The names of sections in which Postern agrees with nobody, or with one of two."""
    ours = replies["postern"]
    others = [name for name in replies if name != "postern"]
    found = []
    for section in ours.parts:
        same = [n for n in others if replies[n].parts.get(section) == ours.parts[section]]
        if not same and any(meant(ours, replies[others[0]], zones, section) for meant in MEANT):
            found.append((section, "nobody, as meant"))
        elif not same:
            found.append((section, "nobody"))
        elif len(same) < len(others):
            found.append((section, "not " + next(n for n in others if n not in same)))
    return found


def show(question, replies, zone, texts):
    print("=" * 100)
    print(texts[zone][:3000])
    print("question:", question.question[0], "edns", question.edns, question.payload)
    for name, reply in replies.items():
        print("---", name)
        print(getattr(reply, "message", "no reply"))


def draw_zones(rng, count):
    zones = {}
    for number in range(count):
        apex = (f"z{number}".encode(), b"test")
        if number and rng.random() < 0.2:
            apex = (rng.choice([b"a", b"b", b"c"]), *rng.choice(list(zones)))
        if apex not in zones and generate.fits(apex * 2):
            zones[apex] = generate.Zone(rng, apex)
    return zones


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--postern", required=True)
    parser.add_argument("--zones", type=int, default=100)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default="nsd,knot")
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("--section", default="")
    parser.add_argument("--strict", action="store_true", help="show what one peer does otherwise")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    zones = draw_zones(rng, options.zones)
    texts = {".".join(l.decode() for l in apex): zone.write() for apex, zone in zones.items()}
    counts, shown = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as directory, peers.Servers(
            directory, texts, options.postern, options.peers.split(",")) as servers:
        for apex, zone in zones.items():
            for _ in range(options.questions):
                question = draw_question(rng, zone)
                wire = question.to_wire()
                tcp = rng.random() < 0.1
                replies = {n: Reply(servers.ask(n, wire, tcp)) for n in servers.names}
                counts["questions"] += 1
                found = compare(question, replies, zones)
                for section, whom in found:
                    counts[f"{section}: {whom}"] += 1
                wanted = [s for s, whom in found if (whom == "nobody" or options.strict)
                          and options.section in s]
                if wanted and shown < options.show:
                    shown += 1
                    show(question, replies, ".".join(l.decode() for l in apex), texts)
                    print("differs in", found)
        for name in servers.names[1:]:
            lines = servers.log(name).splitlines()
            faults = [line for line in lines if "error" in line and "glue" not in line]
            counts[f"complaints of {name}"] += len(faults)
            if options.strict:
                print(*faults, sep="\n")
    for what, count in sorted(counts.items()):
        print(f"{count:8} {what}")
    return 1 if any(what.endswith(": nobody") for what in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
