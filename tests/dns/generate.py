"""Zones and questions about them, drawn by chance, written in as many ways as master files have.

A zone is a dictionary from owner (a tuple of labels, bytes, apex last) to a dictionary from type to
a list of data; `write` makes master-file text of it. Does not know what answers are right.
"""

LABELS = [b"a", b"b", b"c", b"d", b"*", b"*", b"www", b"x-1", b"_tcp", b"UPPER", b"9"]
ODD_LABELS = [b"a.b", b"sp ace", b"\x00", b"\xff\x80", b"q\"t", b"se;mi", b"(p)", b"@", b"$x",
              b"ba\\ck", b"\t", b"*x", b"**", b"x" * 63]
TYPES = ["A", "AAAA", "MX", "TXT", "SRV", "CNAME", "NS", "DS", "PTR", "CAA", "TYPE65280", "HINFO",
         "NAPTR", "DNAME", "SSHFP", "TLSA", "HTTPS", "URI", "LOC", "RP"]
ASKED = ["A", "AAAA", "MX", "TXT", "SRV", "CNAME", "NS", "DS", "PTR", "CAA", "TYPE65280", "SOA",
         "TYPE257", "TYPE999", "HINFO", "DNAME", "HTTPS", "NAPTR", "LOC"]
WEIGHTS = [30, 12, 5, 12, 5, 14, 9, 3, 2, 2, 2, 2, 2, 4, 1, 1, 2, 1, 1, 1]


def escape(label):
    out = ""
    for byte in label:
        char = chr(byte)
        if char in '."\\;()@$':
            out += "\\" + char
        elif 0x21 <= byte <= 0x7E:
            out += char
        else:
            out += f"\\{byte:03d}"
    return out


def absolute(labels):
    return "".join(escape(label) + "." for label in labels) or "."


def fits(labels):
    return sum(len(label) + 1 for label in labels) + 1 <= 255


class Zone:
    def __init__(self, rng, apex, with_dname=True, odd=0.1):
        self.rng, self.apex, self.odd = rng, apex, odd
        self.with_dname = with_dname
        self.records = {}
        self.ttl = {}
        minimum, ttl = rng.choice([0, 5, 60, 300, 3600]), rng.choice([1, 60, 300, 7200])
        self.soa = f"ns.{absolute(apex)}".replace("..", ".")
        self.add(apex, "SOA", f"{self.name_in()} {self.name_in()} {rng.randrange(2**32)} 7200 900 "
                              f"86400 {minimum}", ttl)
        for _ in range(rng.choice([1, 1, 2, 3])):
            self.add(apex, "NS", self.name_in())
        for _ in range(rng.choice([1, 3, 8, 15, 30])):
            self.add_any()

    def label(self):
        return self.rng.choice(ODD_LABELS if self.rng.random() < self.odd else LABELS)

    def owner(self):
        """A name in the zone, often below one that is there already."""
        base = self.apex
        if self.rng.random() < 0.5:
            base = self.rng.choice(list(self.records))
        labels = tuple(self.label() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 3])))
        return labels + base if fits(labels + base) else base

    def name_in(self):
        """A name for data: mostly in the zone, sometimes not."""
        chance = self.rng.random()
        if chance < 0.15:
            return "elsewhere.example."
        if chance < 0.2 and len(self.apex) > 1:
            return absolute((b"up",) + self.apex[1:])
        if chance < 0.5 and self.records:
            return absolute(self.rng.choice(list(self.records)))
        labels = tuple(self.label() for _ in range(self.rng.choice([1, 1, 2])))
        return absolute(labels + self.apex) if fits(labels + self.apex) else "."

    def add(self, owner, rtype, data, ttl=None):
        types = self.records.setdefault(owner, {})
        types.setdefault(rtype, [])
        if data not in types[rtype]:
            types[rtype].append(data)
        self.ttl.setdefault((owner, rtype), ttl or self.rng.choice([1, 60, 300, 3600, 86400]))

    def add_any(self):
        owner = self.owner()
        folded = {tuple(l.lower() for l in name): name for name in self.records}
        owner = folded.get(tuple(l.lower() for l in owner), owner)
        (rtype,) = self.rng.choices(TYPES, WEIGHTS)
        held = self.records.get(owner, {})
        if rtype == "CNAME" and held or "CNAME" in held:
            return
        if rtype in ("DS", "DNAME") and owner == self.apex and rtype == "DS":
            return
        if rtype == "DS" and "NS" not in held:
            return
        if rtype == "DNAME" and (not self.with_dname or "NS" in held or self.below(owner)
                                 or "DNAME" in held or owner[0] == b"*"):
            return
        if rtype == "NS" and (owner == self.apex or "DNAME" in held or owner[0] == b"*"):
            return
        if any(self.records.get(owner[n:], {}).get("DNAME") for n in range(1, len(owner))):
            return
        for _ in range(self.rng.choice([1, 1, 1, 2, 3]) if rtype not in ("CNAME", "DNAME") else 1):
            self.add(owner, rtype, self.data(rtype))

    def below(self, owner):
        return any(len(n) > len(owner) and n[-len(owner):] == owner for n in self.records)

    def data(self, rtype):
        r = self.rng
        number = r.randrange
        return {
            "A": lambda: f"192.0.2.{number(256)}",
            "AAAA": lambda: f"2001:db8::{number(1, 65536):x}",
            "MX": lambda: f"{number(100)} {self.name_in()}",
            "TXT": lambda: " ".join(self.text() for _ in range(r.choice([1, 1, 2, 3]))),
            "SRV": lambda: f"{number(9)} {number(9)} {number(65536)} {self.name_in()}",
            "CNAME": self.name_in, "NS": self.name_in, "PTR": self.name_in, "DNAME": self.name_in,
            "DS": lambda: f"{number(65536)} 8 2 {'%064x' % r.getrandbits(256)}",
            "CAA": lambda: f'0 issue "ca{number(9)}.example"',
            "TYPE65280": lambda: f"\\# 3 {'%06x' % r.getrandbits(24)}",
            "HINFO": lambda: f"{self.text()} {self.text()}",
            "NAPTR": lambda: f'{number(9)} {number(9)} "s" "SIP+D2U" "" {self.name_in()}',
            "SSHFP": lambda: f"1 1 {'%040x' % r.getrandbits(160)}",
            "TLSA": lambda: f"3 1 1 {'%064x' % r.getrandbits(256)}",
            "HTTPS": lambda: f"1 . alpn=h2,h3 port={number(65536)} ipv4hint=192.0.2.{number(256)}",
            "URI": lambda: f'{number(9)} {number(9)} "https://x.example/{number(99)}"',
            "LOC": lambda: f"{number(90)} {number(60)} {number(60)}.{number(1000):03} N "
                           f"{number(180)} {number(60)} 0.000 W {number(9000)}.00m 1m 10m 2m",
            "RP": lambda: f"{self.name_in()} {self.name_in()}",
        }[rtype]()

    def text(self):
        r = self.rng
        size = r.choice([0, 1, 3, 10, 200, 255])
        chars = [r.choice(["a", "B", " ", ";", "(", '\\"', "\\\\", "\\009", "\\200", "x", "="])
                 for _ in range(size)]
        return '"' + "".join(chars) + '"'

    def write(self):
        """The zone as text, in one of many ways of writing."""
        r = self.rng
        end = r.choice(["\n", "\n", "\r\n"])
        lines, origin, default, last = [], self.apex, None, None
        owners = sorted(self.records, key=lambda o: (o != self.apex, r.random()))
        for owner in owners:
            for rtype, many in self.records[owner].items():
                for data in many:
                    if r.random() < 0.05:
                        default = r.choice([60, 300])
                        lines.append(f"$TTL {default}")
                    if r.random() < 0.1 and lines:
                        origin = r.choice([self.apex, owner, self.apex])
                        lines.append(f"$ORIGIN {absolute(origin)}")
                        last = None if r.random() < 0.5 else last
                    line, last = self.line(owner, rtype, data, (origin, default, last))
                    lines.append(line)
                    if r.random() < 0.1:
                        lines.append(r.choice(["", "; words \" ( ", "   ", "\t; more"]))
        return end.join(lines) + end

    def line(self, owner, rtype, data, state):
        r = self.rng
        origin, default, last = state
        ttl = self.ttl[owner, rtype]
        name = self.owner_text(owner, origin)
        if last == owner and r.random() < 0.5:
            name = ""
        middle = []
        if ttl != default or r.random() < 0.5:
            middle.append(self.ttl_text(ttl))
        if r.random() < 0.6:
            middle.insert(r.randrange(len(middle) + 1), r.choice(["IN", "IN", "in"]))
        gap = lambda: r.choice([" ", " ", "\t", "   "])
        head = name + gap() + "".join(word + gap() for word in middle)
        kind = rtype if r.random() < 0.8 else rtype.lower()
        if rtype == "SOA" and r.random() < 0.5:
            words = data.split(" ")
            data = words[0] + " " + words[1] + " (\n ; serial\n" + "\n\t".join(words[2:]) + " )"
        elif r.random() < 0.1 and '"' not in data and "\\" not in data:
            data = "( " + data.replace(" ", " \n  ", 1) + " )"
        comment = r.choice(["", "", "", " ; comment ) \" here"])
        return f"{head}{kind}{gap()}{data}{comment}", owner

    def owner_text(self, owner, origin):
        if owner == origin and self.rng.random() < 0.7:
            return "@"
        depth = len(origin)
        if len(owner) > depth and owner[len(owner) - depth:] == origin and self.rng.random() < 0.7:
            return ".".join(escape(label) for label in owner[:len(owner) - depth])
        return absolute(owner)

    def ttl_text(self, ttl):
        if ttl % 3600 == 0 and self.rng.random() < 0.3:
            return f"{ttl // 3600}h"
        if ttl % 60 == 0 and self.rng.random() < 0.2:
            return f"{ttl // 60}M"
        return str(ttl)

    def question(self):
        """A name to ask about, and a type."""
        r = self.rng
        owner = r.choice(list(self.records))
        chance = r.random()
        if chance < 0.35:
            name = owner
        elif chance < 0.6:
            name = tuple(self.label() for _ in range(r.choice([1, 1, 2, 3]))) + owner
        elif chance < 0.8 and len(owner) > len(self.apex):
            parent = owner[1:]
            name = (self.label(),) + parent if r.random() < 0.6 else parent
        else:
            name = self.owner()
        if not fits(name):
            name = owner
        types = [t for t in self.records.get(name, {}) if t != "SOA"]
        rtype = r.choice(types) if types and r.random() < 0.4 else r.choice(ASKED)
        return name, rtype
