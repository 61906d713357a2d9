//! Any bytes are a zone or are refused with a line; a zone that was taken answers any question
//! about its names within the bounds, and repeats nothing of a file that was not.
#![no_main]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
};

use dns_core::{
    CatalogBuilder, Name, StaticZone, TCP_LEN_MAX, Transport, UDP_LEN_MAX, answer, read_zone,
};
use model::{Health, Snapshot};

/// How many of the words in a file are asked for as names.
const QUESTIONS_MAX: usize = 8;
const HEADER: [u8; 12] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const APEX: &[u8] = b"\x07example\x00";

static ZONE: LazyLock<Name> =
    LazyLock::new(|| Name::root().child(b"example").expect("a short label"));

// A type to ask for; the file; behind a zero byte, what it includes.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((kind, files)) = input.split_first_chunk() else { return };
    let kind = u16::from_be_bytes(*kind);
    let mut files = files.splitn(2, |byte| *byte == 0);
    let [text, included] = [(); 2].map(|()| files.next().unwrap_or_default());
    let lines = text.iter().chain(included).filter(|byte| **byte == b'\n').count() + 1;
    let mut include = |_: &str| Some(included.to_vec());
    match read_zone(&ZONE, "zone", text, &mut include) {
        Ok(zone) => ask(zone, kind, text),
        Err(fault) => assert!(usize::try_from(fault.line).is_ok_and(|line| line <= lines)),
    }
});

fn ask(zone: StaticZone, kind: u16, text: &[u8]) {
    let name_servers = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let mut builder = CatalogBuilder::new(name_servers);
    builder.set_static_zones(vec![zone]);
    let region = "us-east-1".parse().expect("a region");
    let catalog = builder.build(&Snapshot::empty(region), &Health::default());
    let view = catalog.view_of(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for word in words.take(QUESTIONS_MAX).chain([&b""[..]]) {
        let Some(question) = question(word, kind) else { continue };
        for (transport, len_max) in [(Transport::Udp, UDP_LEN_MAX), (Transport::Tcp, TCP_LEN_MAX)] {
            let mut buffer = vec![0; len_max];
            let answer = answer(view, &question, transport, 0, &mut buffer);
            assert!(answer.len <= len_max, "{} bytes", answer.len);
            assert!(answer.len >= HEADER.len(), "no answer");
            assert_eq!(buffer[..2], HEADER[..2]);
        }
    }
}

/// Asks for the name that a word is below the zone's.
fn question(word: &[u8], kind: u16) -> Option<Vec<u8>> {
    let mut message = HEADER.to_vec();
    for label in word.split(|byte| *byte == b'.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).ok().filter(|length| *length < 64)?);
        message.extend_from_slice(label);
    }
    message.extend_from_slice(APEX);
    let fits = message.len() - HEADER.len() <= 255;
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    fits.then_some(message)
}
