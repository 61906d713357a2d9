//! Master files: what they say, and how zones made of them answer.

use dns_core::{CatalogBuilder, Fault, Name, Problem, StaticZone, Transport, read_zone};
use model::{Health, Snapshot};
use proptest::prelude::*;

use crate::rig::{ask, reply, text, udp};

pub(crate) fn zone(name: &str, lines: &str) -> Result<StaticZone, Fault> {
    let mut include = |file: &str| match file {
        "hosts" => Some(b"a A 192.0.2.7\n$ORIGIN deep\nb 5 A 192.0.2.8\n".to_vec()),
        "loop" => Some(b"$INCLUDE loop\n".to_vec()),
        "faulty" => Some(b"\n\nx A 1.2.3\n".to_vec()),
        _ => None,
    };
    let labels = name.rsplit('.').filter(|label| !label.is_empty());
    let name = labels.fold(Name::root(), |name, label| name.child(label.as_bytes()).unwrap());
    read_zone(&name, "test.zone", lines.as_bytes(), &mut include)
}

/// Answers a question from these zones, with the names written out.
fn answer(zones: &[&StaticZone], name: &str, qtype: u16) -> String {
    let mut builder = CatalogBuilder::default();
    builder.set_static_zones(zones.iter().map(|zone| (*zone).clone()).collect());
    let empty = Snapshot::empty("us-east-1".parse().unwrap());
    let catalog = builder.build(&empty, &Health::default());
    text(&udp(&catalog, &ask(name, qtype).bytes()).1)
}

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DS: u16 = 43;

#[test]
fn rfc4592_2_2_1_the_example_zone_answers_as_written_there() {
    let zone = zone(
        "example",
        r#"$ORIGIN example.
example.                 3600 IN  SOA   ns.example.com. admin.example. 1 2 3 4 3600
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   "this is a wildcard"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   "this is not a wildcard"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV   0 0 22 host1.example.
_ssh._tcp.host2.example. 3600     SRV   0 0 22 host1.example.
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.
"#,
    )
    .unwrap();
    let soa = "\n~example. 3600 SOA ns.example.com. admin.example. 1 2 3 4 3600";
    let glue = "\n+host1.example. 3600 A 192.0.2.1";
    let delegated = "NoError\n~subdel.example. 3600 NS ns.example.com.\
                     \n~subdel.example. 3600 NS ns.example.net.";
    let rows = [
        (
            "host3.example",
            MX,
            format!("NoError aa\nhost3.example. 3600 MX 10 host1.example.{glue}"),
        ),
        ("host3.example", A, format!("NoError aa{soa}")),
        ("foo.bar.example", TXT, "NoError aa\nfoo.bar.example. 3600 TXT this is a wildcard".into()),
        ("host1.example", MX, format!("NoError aa{soa}")),
        ("sub.*.example", MX, format!("NoError aa{soa}")),
        ("_telnet._tcp.host1.example", SRV, format!("NXDomain aa{soa}")),
        ("host.subdel.example", A, delegated.into()),
        ("subdel.example", NS, delegated.into()),
        ("subdel.example", DS, format!("NoError aa{soa}")),
        ("host.subdel.example", DS, delegated.into()),
        ("ghost.*.example", MX, format!("NXDomain aa{soa}")),
        ("*.example", TXT, "NoError aa\n*.example. 3600 TXT this is a wildcard".into()),
        ("host2.example", MX, format!("NoError aa{soa}")),
        ("_tcp.host2.example", TXT, format!("NoError aa{soa}")),
        ("x.host2.example", TXT, format!("NXDomain aa{soa}")),
    ];
    for (name, qtype, expected) in rows {
        assert_eq!(answer(&[&zone], name, qtype), expected, "{name} TYPE{qtype}");
    }
}

#[test]
fn rfc4592_2_2_3_a_wildcard_without_records_still_stands_for_names() {
    let zone = zone("t", "@ 60 SOA ns m 1 2 3 4 60\nsub.*.a A 192.0.2.1\n").unwrap();
    let soa = "\n~t. 60 SOA ns.t. m.t. 1 2 3 4 60";
    for (name, rcode) in [("x.a.t", "NoError"), ("x.y.a.t", "NoError"), ("x.t", "NXDomain")] {
        assert_eq!(answer(&[&zone], name, A), format!("{rcode} aa{soa}"), "{name}");
    }
}

#[test]
fn rfc1034_4_3_2_aliases_are_followed_within_what_is_served() {
    let one = zone(
        "one.test",
        "@ 60 SOA ns m 1 2 3 4 60\nns A 192.0.2.53\nhere CNAME host\nhost A 192.0.2.1\n\
         next CNAME there.two.test.\nout CNAME www.example.com.\ngone CNAME absent\n\
         away CNAME absent.two.test.\nloop CNAME pool\npool CNAME loop\nself CNAME self\n\
         below CNAME x.cut\ncut NS ns.cut\nns.cut A 192.0.2.2\n*.wild CNAME host\n",
    )
    .unwrap();
    let two = zone("two.test", "@ 60 SOA ns m 9 2 3 4 5\nthere A 192.0.2.9\n").unwrap();
    let soa_one = "\n~one.test. 60 SOA ns.one.test. m.one.test. 1 2 3 4 60";
    let soa_two = "\n~two.test. 5 SOA ns.two.test. m.two.test. 9 2 3 4 5";
    let alias = |from: &str, to: &str| format!("\n{from}.one.test. 60 CNAME {to}.");
    let here = alias("here", "host.one.test");
    let host = "\nhost.one.test. 60 A 192.0.2.1";
    let rows = [
        ("here", A, format!("NoError aa{here}{host}")),
        ("here", CNAME, format!("NoError aa{here}")),
        ("here", AAAA, format!("NoError aa{here}{soa_one}")),
        ("x.y.wild", A, format!("NoError aa{}{host}", alias("x.y.wild", "host.one.test"))),
        (
            "next",
            A,
            format!(
                "NoError aa{}\nthere.two.test. 60 A 192.0.2.9",
                alias("next", "there.two.test")
            ),
        ),
        ("out", A, format!("NoError aa{}", alias("out", "www.example.com"))),
        ("gone", A, format!("NXDomain aa{}{soa_one}", alias("gone", "absent.one.test"))),
        ("away", A, format!("NXDomain aa{}{soa_two}", alias("away", "absent.two.test"))),
        ("self", A, format!("NoError aa{}", alias("self", "self.one.test"))),
        (
            "loop",
            A,
            format!(
                "NoError aa{}{}",
                alias("loop", "pool.one.test"),
                alias("pool", "loop.one.test")
            ),
        ),
        (
            "below",
            A,
            format!(
                "NoError aa{}\n~cut.one.test. 60 NS ns.cut.one.test.\
                 \n+ns.cut.one.test. 60 A 192.0.2.2",
                alias("below", "x.cut.one.test")
            ),
        ),
    ];
    for (name, qtype, expected) in rows {
        let name = format!("{name}.one.test");
        assert_eq!(answer(&[&one, &two], &name, qtype), expected, "{name} TYPE{qtype}");
    }
}

#[test]
fn the_nearest_zone_answers_and_its_parent_for_ds() {
    let parent = zone("test", "@ 60 SOA ns m 1 2 3 4 60\ny A 192.0.2.1\nsub NS ns.sub\n").unwrap();
    let child = zone("sub.test", "@ 60 SOA ns m 2 2 3 4 60\nx A 192.0.2.2\n").unwrap();
    let root = zone("", "@ 60 SOA ns. m. 3 2 3 4 60\nexample. A 192.0.2.3\n").unwrap();
    let undelegated = zone("island.x.test", "@ 60 SOA ns m 4 2 3 4 60\n").unwrap();
    let zones = [&parent, &child, &undelegated, &root];
    let root_soa = "\n~. 60 SOA ns. m. 3 2 3 4 60";
    let rows = [
        ("x.sub.test", A, "NoError aa\nx.sub.test. 60 A 192.0.2.2".to_owned()),
        (
            "y.sub.test",
            A,
            "NXDomain aa\n~sub.test. 60 SOA ns.sub.test. m.sub.test. 2 2 3 4 60".into(),
        ),
        ("sub.test", DS, "NoError aa\n~test. 60 SOA ns.test. m.test. 1 2 3 4 60".into()),
        ("island.x.test", DS, "NoError aa\n~test. 60 SOA ns.test. m.test. 1 2 3 4 60".into()),
        ("y.test", A, "NoError aa\ny.test. 60 A 192.0.2.1".into()),
        ("example", A, "NoError aa\nexample. 60 A 192.0.2.3".into()),
        ("a.b.c", A, format!("NXDomain aa{root_soa}")),
        ("", AAAA, format!("NoError aa{root_soa}")),
    ];
    for (name, qtype, expected) in rows {
        assert_eq!(answer(&zones, name, qtype), expected, "{name} TYPE{qtype}");
    }
}

#[test]
fn rfc1035_5_master_files_may_be_written_in_many_ways() {
    let zone = zone(
        "t",
        "; a comment\r\n$TTL 1h1\n@\tIN SOA ns (\n  m ; mailbox\n 1 2 3\n 4 60 )\r\n\
         \t IN\tNS ns.t. ; same owner\n  NS ns.t.\nUPPER in a 192.0.2.1\n 5 A 192.0.2.2\n\
         order IN 7 TXT one \"two words\" \"a\\\"b;(c)\\065\"\nswap 7 IN TXT \"\"\n\
         dot\\.ted A 192.0.2.3\n\\097bc A 192.0.2.4\n$INCLUDE hosts inc\nafter A 192.0.2.5\n\
         gen TYPE1 \\# 4 C0 000206\nodd TYPE65280 \\# 3 0A0b 0C\nnone TYPE65280 \\# 0\n\
         elsewhere.example. A 192.0.2.9\nmx MX 5 @\nsrv SRV 1 2 3 .\n\
         caa CAA 0 issue \"ca.example\"\n\
         h HTTPS 1 . alpn=\"h2,h3\" port=443 ipv4hint=192.0.2.1\n\
         n NAPTR 1 2 \"s\" \"x\" \"!^.*$!x!\" .\n\
         tlsa TLSA 3 1 1 ABCD EF01\n",
    )
    .unwrap();
    let rows = [
        ("upper.t", A, "NoError aa\nupper.t. 5 A 192.0.2.1\nupper.t. 5 A 192.0.2.2"),
        ("t", NS, "NoError aa\nt. 3601 NS ns.t."),
        ("order.t", TXT, "NoError aa\norder.t. 7 TXT onetwo wordsa\"b;(c)A"),
        ("swap.t", TXT, "NoError aa\nswap.t. 7 TXT "),
        ("abc.t", A, "NoError aa\nabc.t. 3601 A 192.0.2.4"),
        ("a.inc.t", A, "NoError aa\na.inc.t. 3601 A 192.0.2.7"),
        ("b.deep.inc.t", A, "NoError aa\nb.deep.inc.t. 5 A 192.0.2.8"),
        ("after.t", A, "NoError aa\nafter.t. 3601 A 192.0.2.5"),
        ("gen.t", A, "NoError aa\ngen.t. 3601 A 192.0.2.6"),
        ("mx.t", MX, "NoError aa\nmx.t. 3601 MX 5 t."),
        ("srv.t", SRV, "NoError aa\nsrv.t. 3601 SRV 1 2 3 ."),
        ("caa.t", 257, "NoError aa\ncaa.t. 3601 CAA 0 issue \"ca.example\""),
        ("h.t", 65, "NoError aa\nh.t. 3601 HTTPS 1 . alpn=h2,h3, port=443 ipv4hint=192.0.2.1,"),
        ("elsewhere.example", A, "Refused"),
    ];
    for (name, qtype, expected) in rows {
        assert_eq!(answer(&[&zone], name, qtype), expected, "{name} TYPE{qtype}");
    }
}

#[test]
fn faulty_master_files_are_refused_with_file_and_line() {
    let soa = "@ 60 SOA ns m 1 2 3 4 60\n";
    let rows = [
        ("a A 1.2.3.4.5\n", 2, Problem::Data),
        ("a A\n", 2, Problem::Data),
        ("a A 192.0.2.1 x\n", 2, Problem::Data),
        ("\n\na MX x y\n", 4, Problem::Data),
        ("a TXT\n", 2, Problem::Data),
        ("a TYPE1 \\# 3 010203\n", 2, Problem::Data),
        ("a TYPE15 \\# 2 0102\n", 2, Problem::Data),
        ("a TYPE2 \\# 3 C00C00\n", 2, Problem::Data),
        ("a TYPE9999 abc\n", 2, Problem::Data),
        ("a SVCB 1 . port=1 port=2\n", 2, Problem::Data),
        ("a FOO 1\n", 2, Problem::Type),
        ("a\n", 2, Problem::Type),
        ("a TYPE255 \\# 0\n", 2, Problem::Type),
        ("a CH A 192.0.2.1\n", 2, Problem::Class),
        ("a 2147483648 A 192.0.2.1\n", 2, Problem::Ttl),
        ("a 1x A 192.0.2.1\n", 2, Problem::Ttl),
        ("a..b A 192.0.2.1\n", 2, Problem::Name),
        (".a A 192.0.2.1\n", 2, Problem::Name),
        ("a\\ TXT\\", 2, Problem::Escape),
        ("a\\25 A 192.0.2.1\n", 2, Problem::Escape),
        ("a\\256 A 192.0.2.1\n", 2, Problem::Escape),
        ("a TXT \"x\n\"\n", 2, Problem::Quote),
        ("a A (\n192.0.2.1\n", 4, Problem::Parenthesis),
        ("a A ) 192.0.2.1\n", 2, Problem::Parenthesis),
        ("$FOO bar\n", 2, Problem::Directive),
        ("$ORIGIN\n", 2, Problem::Directive),
        ("$TTL x\n", 2, Problem::Ttl),
        ("$INCLUDE nowhere\n", 2, Problem::Include),
        ("@ SOA ns m 2 2 3 4 60\n", 2, Problem::Soa),
        ("a SOA ns m 1 2 3 4 60\n", 2, Problem::Soa),
        ("a CNAME b\na A 192.0.2.1\n", 3, Problem::Alias),
        ("a CNAME b\na CNAME c\n", 3, Problem::Alias),
        ("@ CNAME b\n", 2, Problem::Alias),
    ];
    for (lines, line, problem) in rows {
        let fault = zone("t", &format!("{soa}{lines}")).unwrap_err();
        assert_eq!((fault.line, fault.problem), (line, problem), "{lines:?}");
        assert_eq!(&*fault.file, "test.zone");
    }
    assert_eq!(zone("t", "a 5 A 192.0.2.1\n").unwrap_err().problem, Problem::Soa);
    let fault = zone("t", &format!("{soa}$INCLUDE faulty\n")).unwrap_err();
    assert_eq!(fault.to_string(), "faulty:3: the data is not what the type wants");
    let fault = zone("t", &format!("{soa}$INCLUDE loop\n")).unwrap_err();
    assert_eq!((&*fault.file, fault.problem), ("loop", Problem::IncludeDepth));
}

#[test]
fn rfc2181_9_large_rrsets_are_cut_over_udp_and_whole_over_tcp() {
    let most = 70_000;
    let counted: String = (0..most).map(|n| format!("most TXT {n}\n")).collect();
    let records: String = (0..200).map(|n| format!("many A 10.0.0.{n}\n")).collect();
    let zone = zone("t", &format!("@ 60 SOA ns m 1 2 3 4 60\n{records}{counted}")).unwrap();
    let mut builder = CatalogBuilder::default();
    builder.set_static_zones(vec![zone]);
    let empty = Snapshot::empty("us-east-1".parse().unwrap());
    let catalog = builder.build(&empty, &Health::default());
    let question = ask("many.t", A).bytes();
    assert_eq!(text(&udp(&catalog, &question).1), "NoError aa tc");
    let (_, tcp) = reply(&catalog, &question, Transport::Tcp, 65_535);
    assert_eq!(text(&tcp).lines().count(), 201);
    // More records than a count can say.
    let question = ask("most.t", TXT).bytes();
    assert_eq!(text(&udp(&catalog, &question).1), "NoError aa tc");
    let (_, tcp) = reply(&catalog, &question, Transport::Tcp, 65_535);
    assert_eq!(text(&tcp), "NoError aa tc");
}

proptest! {
    /// Whatever a file holds, it is taken or refused, and what is taken can be asked.
    #[test]
    fn any_text_is_a_zone_or_a_fault(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "@", "*", "*.a", "b.a", ".", "..", "\n", "\n", "\n", " ", "\t", "(", ")", ";",
                "\"", "\\", "\\#", "\\065", "\\999", "$ORIGIN", "$TTL", "$INCLUDE", "IN", "CH",
                "A", "AAAA", "NS", "MX", "TXT", "CNAME", "SOA", "HTTPS", "TYPE2", "TYPE15", "1",
                "4", "192.0.2.1", "::1", "alpn=", "port=1", "0A", "C00C", "4294967296", "\u{e9}",
            ]),
            0..60,
        ),
        spaces in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut text = "@ 60 SOA ns m 1 2 3 4 60\n".to_owned();
        for (word, space) in words.iter().zip(spaces) {
            text.push_str(word);
            text.push_str(if space { " " } else { "" });
        }
        if let Ok(zone) = zone("t", &text) {
            for (name, qtype) in [("a.t", A), ("b.a.t", MX), ("x.t", TXT), ("t", 255)] {
                answer(&[&zone], name, qtype);
            }
        }
    }
}
