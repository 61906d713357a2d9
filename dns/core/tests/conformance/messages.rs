//! What makes a message a question, how long a reply may be, and what EDNS says.

use dns_core::{Outcome, TCP_LEN_MAX, Transport, UDP_LEN_MAX};
use proptest::prelude::*;

use crate::rig::{Question, SERVICE, ZONE, ask, name, reply, text, udp, world};

const A: u16 = 1;
const DO: u32 = 0x8000;

/// The answer to a zonal name's A.
fn one_address() -> String {
    format!("\n{} 60 A 10.0.0.1", name(1, Some(0))).replace(&format!("{SERVICE}.{ZONE}"), "svc.@")
}

fn zonal() -> Question {
    ask(name(1, Some(0)), A)
}

#[test]
fn messages_are_treated_as_the_rfcs_say() {
    let found = format!("NoError aa{}", one_address());
    let found_any_class = format!("NoError{}", one_address());
    let soa = [0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 0];
    let opcode = |code: u16| zonal().flags(code << 11);
    let rows: Vec<(&str, Question, &str)> = vec![
        ("RFC 1035 4.1.1 a question", zonal(), &found),
        (
            "RFC 1035 4.1.1 RD, CD, AD, Z, TC, AA and RA do not matter",
            zonal().flags(0x07FF),
            &found,
        ),
        ("RFC 1035 4.1.1 QR", zonal().flags(0x8100), "dropped"),
        ("RFC 9619 no question", zonal().counts([0; 4]), "FormErr"),
        ("RFC 9619 two questions", zonal().also([1, 0, 0, 0], &[0, 0, 1, 0, 1]), "FormErr"),
        ("RFC 1035 4.1.1 IQUERY", opcode(1), "NotImp"),
        ("RFC 1035 4.1.1 STATUS", opcode(2), "NotImp"),
        ("RFC 6895 2.2 an unassigned opcode", opcode(3), "NotImp"),
        ("RFC 1996 3.10 NOTIFY", opcode(4), "Refused"),
        ("RFC 2136 3.3 UPDATE", opcode(5), "Refused"),
        ("RFC 8490 DSO", opcode(6), "NotImp"),
        ("RFC 8906 3.1.4 opcode 15 with all flags", zonal().flags(0x7FFF), "NotImp"),
        ("RFC 4892 CHAOS", ask("version.bind", 16).class(3), "Refused"),
        ("RFC 1035 3.2.4 HESIOD", zonal().class(4), "Refused"),
        ("RFC 6895 3.2 an unassigned class", zonal().class(4242), "Refused"),
        ("RFC 1035 3.2.5 class ANY", zonal().class(255), &found_any_class),
        ("RFC 5936 2.2 AXFR", ask(ZONE, 252), "Refused"),
        ("RFC 1995 2 IXFR", ask(ZONE, 251).also([0, 0, 1, 0], &soa), "Refused"),
    ];
    for (rule, question, expected) in rows {
        assert_eq!(text(&udp(&world(), &question.bytes()).1), expected, "{rule}");
    }
}

#[test]
fn records_behind_the_question_are_treated_as_the_rfcs_say() {
    let found = format!("NoError aa{}", one_address());
    let found_edns = format!("NoError aa edns=1232{}", one_address());
    let found_do = format!("NoError aa edns=1232 do{}", one_address());
    let pointer_name = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4];
    let named_opt = [1, b'x', 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    let plain_opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    let tsig_like = [1, b'k', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 2, 9, 9];
    let rows: Vec<(&str, Question, &str)> = vec![
        ("RFC 6891 6.1.1 OPT only if asked", zonal().opt(1232, 0, &[]), &found_edns),
        ("RFC 6891 6.1.3 BADVERS", zonal().opt(1232, 1 << 16, &[]), "BADVERS edns=1232"),
        (
            "RFC 6891 6.1.3 BADVERS keeps DO",
            zonal().opt(1232, 99 << 16 | DO, &[]),
            "BADVERS edns=1232 do",
        ),
        ("RFC 3225 3 DO is copied", zonal().opt(1232, DO, &[]), &found_do),
        ("RFC 6891 6.1.4 other flags are not", zonal().opt(1232, 0x7FFF, &[]), &found_edns),
        (
            "RFC 6891 6.1.2 unknown option",
            zonal().opt(1232, 0, &[0xFD, 0xE9, 0, 1, 7]),
            &found_edns,
        ),
        (
            "RFC 6891 6.1.2 two options",
            zonal().opt(1232, 0, &[0, 3, 0, 0, 0, 8, 0, 2, 0, 1]),
            &found_edns,
        ),
        ("RFC 6891 6.1.2 a cut option", zonal().opt(1232, 0, &[0, 3, 0, 9, 1]), "FormErr"),
        ("RFC 6891 6.1.2 a cut option head", zonal().opt(1232, 0, &[0, 3, 0]), "FormErr"),
        ("RFC 6891 6.1.1 two OPT", zonal().opt(1232, 0, &[]).opt(1232, 0, &[]), "FormErr"),
        ("RFC 6891 6.1.2 OPT with a name", zonal().also([0, 0, 0, 1], &named_opt), "FormErr"),
        ("RFC 6891 6.1.1 OPT as an answer", zonal().also([0, 1, 0, 0], &plain_opt), "FormErr"),
        ("RFC 6891 6.2.3 payload 0 is 512", zonal().opt(0, 0, &[]), &found_edns),
        (
            "RFC 1035 7.3 other records are skipped",
            zonal().also([0, 1, 0, 0], &pointer_name).opt(1232, 0, &[]),
            &found_edns,
        ),
        (
            "RFC 8945 5.1 an unknown signature is skipped",
            zonal().opt(1232, 0, &[]).also([0, 0, 0, 1], &tsig_like),
            &found_edns,
        ),
        ("RFC 1035 4.1 trailing bytes", zonal().also([0; 4], b"trailing"), &found),
        ("RFC 1035 4.1 a record that is not there", zonal().also([0, 0, 0, 1], &[]), "FormErr"),
        (
            "RFC 1035 4.1 a record cut in its data",
            zonal().also([0, 0, 0, 1], &pointer_name[..14]),
            "FormErr",
        ),
        (
            "RFC 1035 4.1 65,535 records announced",
            zonal().also([0, 65_535, 65_535, 65_535], &[]),
            "FormErr",
        ),
    ];
    for (rule, question, expected) in rows {
        assert_eq!(text(&udp(&world(), &question.bytes()).1), expected, "{rule}");
    }
}

#[test]
fn rfc1035_4_1_cut_and_crooked_questions_are_malformed() {
    let whole = zonal().bytes();
    for len in 0..whole.len() {
        let expected = if len < 12 { Outcome::Dropped } else { Outcome::FormErr };
        assert_eq!(udp(&world(), &whole[..len]).0.outcome, expected, "{len} bytes");
    }
    let long_label = [&whole[..12], &[64], &[b'x'; 64], &[0, 0, 1, 0, 1]].concat();
    let pointer = [&whole[..12], &[0xC0, 12, 0, 1, 0, 1]].concat();
    let long_name = [&whole[..12], [[1, b'x']; 128].as_flattened(), &[0, 0, 1, 0, 1]].concat();
    for message in [long_label, pointer, long_name] {
        let (answer, reply) = udp(&world(), &message);
        assert_eq!(answer.outcome, Outcome::FormErr);
        assert_eq!(reply, [0x4A, 0x4A, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let longest = [&whole[..12], [[1, b'x']; 127].as_flattened(), &[0, 0, 1, 0, 1]].concat();
    assert_eq!(udp(&world(), &longest).0.outcome, Outcome::Refused);
}

#[test]
fn rfc4343_case_does_not_matter_and_comes_back_bit_for_bit() {
    let mixed: String = name(1, None)
        .char_indices()
        .map(|(i, c)| if i % 2 == 0 { c.to_ascii_uppercase() } else { c })
        .collect();
    for (question, outcome) in [
        (ask(mixed.clone(), A), Outcome::NoError),
        (ask(mixed.clone(), 16), Outcome::NoData),
        (ask(format!("X.{mixed}"), A), Outcome::NxDomain),
        (ask("ExAmPlE.cOm", A), Outcome::Refused),
    ] {
        let question = question.bytes();
        let (answer, reply) = udp(&world(), &question);
        assert_eq!(answer.outcome, outcome);
        assert_eq!(reply[12..question.len()], question[12..]);
    }
}

#[test]
fn rfc1035_4_1_4_owners_point_to_the_question() {
    let question = ask(name(1, None), A).bytes();
    let (_, reply) = udp(&world(), &question);
    assert_eq!(reply.len(), question.len() + 3 * 16, "the size that NSD has");
    for record in reply[question.len()..].chunks(16) {
        assert_eq!(record[..12], [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    }
    // ns1.@, hostmaster.@ and the owner all end in pointers to the zone's name in the question.
    let question = ask(name(1, None), 16).bytes();
    let soa_len = 2 + 10 + (4 + 2) + (11 + 2) + 20;
    assert_eq!(udp(&world(), &question).1.len(), question.len() + soa_len);
}

#[test]
fn rfc2181_9_what_does_not_fit_is_cut_with_tc_and_keeps_opt() {
    let plain = zonal();
    let with_opt = zonal().opt(1232, DO, &[]);
    let whole = udp(&world(), &with_opt.bytes()).1.len();
    for (question, room, expected) in [
        (&with_opt, whole, format!("NoError aa edns=1232 do{}", one_address())),
        (&with_opt, whole - 1, "NoError aa tc edns=1232 do".to_owned()),
        (&plain, whole - 12, "NoError aa tc".to_owned()),
    ] {
        for transport in [Transport::Udp, Transport::Tcp] {
            let (answer, bytes) = reply(&world(), &question.bytes(), transport, room);
            assert_eq!(text(&bytes), expected);
            assert_eq!(answer.truncated, expected.contains(" tc"));
        }
    }
}

#[test]
fn no_reply_is_three_times_its_question() {
    for qtype in [1, 2, 6, 16, 28, 255] {
        for name in [ZONE.to_owned(), name(1, None), format!("x.{ZONE}")] {
            let question = ask(&name, qtype).bytes();
            let (_, reply) = udp(&world(), &question);
            assert!(reply.len() <= 3 * question.len(), "{name} TYPE{qtype}: {}", reply.len());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_get_a_sane_reply_or_none(
        message in prop::collection::vec(any::<u8>(), 0..600),
        room in 0..1300_usize,
    ) {
        sane(&message, room);
    }

    #[test]
    fn questions_with_a_few_wrong_bytes_get_a_sane_reply_or_none(
        n in 0..6_u16,
        qtype in prop::sample::select(vec![1_u16, 2, 6, 28, 41, 43, 250, 251, 252, 255]),
        payload in any::<u16>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        room in 0..1300_usize,
    ) {
        let mut message = ask(name(n, None), qtype).opt(payload, 0, &[0, 3, 0, 0]).bytes();
        for (index, byte) in changes {
            let index = index.index(message.len());
            message[index] = byte;
        }
        sane(&message, room);
    }
}

/// A reply repeats the id, is a response, keeps to its limits and can be read.
fn sane(message: &[u8], room: usize) {
    let catalog = world();
    for transport in [Transport::Udp, Transport::Tcp] {
        let (answer, reply) = reply(&catalog, message, transport, room);
        assert_eq!(answer.len == 0, answer.outcome == Outcome::Dropped);
        assert!(
            reply.len()
                <= room.min(if transport == Transport::Udp { UDP_LEN_MAX } else { TCP_LEN_MAX })
        );
        if !reply.is_empty() {
            assert_eq!(reply[..2], message[..2]);
            assert_eq!(reply[2] & 0x80, 0x80);
            text(&reply);
        }
    }
}
