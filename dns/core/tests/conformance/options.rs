//! What an operator settles: what a server says about itself, cookies, and how much a client may
//! have without one.

use std::net::IpAddr;

use dns_core::{
    Answer, Cookie, CookieSecret, Identity, Outcome, Terms, Transport, UDP_LEN_MAX, answer_on,
    answer_shortly,
};
use hickory_proto::op::Message;
use proptest::prelude::*;

use crate::rig::{Question, ZONE, ask, name, text, world};

const A: u16 = 1;
const TXT: u16 = 16;
const ANY: u16 = 255;
const CHAOS: u16 = 3;
const NSID: u16 = 3;
const COOKIE: u16 = 10;
const NOW: u32 = 1_700_000_000;
const CLIENT: [u8; 8] = *b"a client";

/// What is settled in a test.
struct Server {
    identity: Identity,
    cookies: Option<CookieSecret>,
    amplification_max: Option<usize>,
}

impl Server {
    fn new() -> Self {
        let identity = Identity::new(Some("dns-1"), Some("Postern"), Some("one"));
        let cookies = Some(CookieSecret::shared([9; 16], None));
        Self { identity, cookies, amplification_max: None }
    }

    fn terms(&self, client: &str) -> Terms<'_> {
        Terms {
            client: client.parse::<IpAddr>().unwrap(),
            now_s: NOW,
            identity: &self.identity,
            cookies: self.cookies.as_ref(),
            amplification_max: self.amplification_max,
            ..Terms::plain(Transport::Udp, 0)
        }
    }

    fn ask(&self, client: &str, question: &[u8]) -> (Answer, Vec<u8>) {
        let mut buffer = vec![0xEE; UDP_LEN_MAX];
        let catalog = world();
        let view = catalog.view_of(client.parse().unwrap());
        let answer = answer_on(&self.terms(client), view, question, &mut buffer);
        buffer.truncate(answer.len);
        (answer, buffer)
    }

    fn ask_shortly(&self, client: &str, question: &[u8]) -> (Answer, Vec<u8>) {
        let mut buffer = vec![0xEE; UDP_LEN_MAX];
        let answer = answer_shortly(&self.terms(client), question, &mut buffer);
        buffer.truncate(answer.len);
        (answer, buffer)
    }
}

fn option(code: u16, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap();
    [&code.to_be_bytes()[..], &len.to_be_bytes(), data].concat()
}

/// The data of an option of a reply.
fn option_of(reply: &[u8], code: u16) -> Option<Vec<u8>> {
    let message = Message::from_vec(reply).unwrap();
    let edns = message.edns?;
    let option = edns.options().as_ref().iter().find(|(found, _)| u16::from(*found) == code)?;
    Some(Vec::try_from(&option.1).unwrap())
}

/// The server cookie of a reply, behind the client's own.
fn cookie_of(reply: &[u8]) -> Option<Vec<u8>> {
    option_of(reply, COOKIE)?.strip_prefix(&CLIENT).map(<[u8]>::to_vec)
}

fn with_cookie(question: Question, server: &[u8]) -> Vec<u8> {
    question.opt(1232, 0, &option(COOKIE, &[&CLIENT, server].concat())).bytes()
}

#[test]
fn chaos_names_say_what_is_set_and_nothing_else_is_answered() {
    let server = Server::new();
    let silent = Server { identity: Identity::SILENT, ..Server::new() };
    for (name, qtype, expected) in [
        ("version.bind", TXT, Some("Postern")),
        ("VERSION.Bind", ANY, Some("Postern")),
        ("version.server", TXT, Some("Postern")),
        ("id.server", TXT, Some("one")),
        ("hostname.bind", TXT, Some("one")),
        ("hostname.bind", A, None),
        ("authors.bind", TXT, None),
        ("bind", TXT, None),
        (ZONE, TXT, None),
    ] {
        let question = ask(name, qtype).class(CHAOS).bytes();
        let expected = expected.map_or_else(
            || "Refused".to_owned(),
            |text| format!("NoError aa\n{name}. 0 TXT {text}"),
        );
        assert_eq!(text(&server.ask("192.0.2.1", &question).1), expected, "{name}");
        assert_eq!(text(&silent.ask("192.0.2.1", &question).1), "Refused", "{name}");
    }
    let class = |reply: &[u8]| Message::from_vec(reply).unwrap().answers[0].dns_class;
    let question = ask("id.server", TXT).class(CHAOS).bytes();
    assert_eq!(u16::from(class(&server.ask("192.0.2.1", &question).1)), CHAOS);
    // In class IN these are names as any other.
    assert_eq!(text(&server.ask("192.0.2.1", &ask("id.server", TXT).bytes()).1), "Refused");
}

#[test]
fn the_servers_name_is_said_to_who_asks_for_it() {
    let server = Server::new();
    let silent = Server { identity: Identity::SILENT, ..Server::new() };
    let question = ask(name(1, None), A);
    let asking = question.clone().opt(1232, 0, &option(NSID, b"")).bytes();
    let nsid = |server: &Server, question: &[u8]| {
        let (_, reply) = server.ask("192.0.2.1", question);
        assert_eq!(Message::from_vec(&reply).unwrap().answers.len(), 3);
        option_of(&reply, NSID)
    };
    assert_eq!(nsid(&server, &asking), Some(b"dns-1".to_vec()));
    assert_eq!(nsid(&server, &question.clone().opt(1232, 0, &[]).bytes()), None);
    assert_eq!(nsid(&server, &question.bytes()), None);
    assert_eq!(nsid(&silent, &asking), None);
    // RFC 5001 2.2: also with an error.
    let (_, reply) = server.ask("192.0.2.1", &ask("x", A).opt(1232, 0, &option(NSID, b"")).bytes());
    assert_eq!(option_of(&reply, NSID), Some(b"dns-1".to_vec()));
}

#[test]
fn a_client_gets_a_server_cookie_and_proves_its_address_with_it() {
    let server = Server::new();
    let question = || ask(name(1, None), A);
    let (answer, reply) = server.ask("192.0.2.1", &with_cookie(question(), b""));
    assert_eq!((answer.cookie, answer.outcome), (Cookie::Unproved, Outcome::NoError));
    let cookie = cookie_of(&reply).unwrap();
    assert_eq!(cookie.len(), 16);
    let (answer, reply) = server.ask("192.0.2.1", &with_cookie(question(), &cookie));
    assert_eq!((answer.cookie, answer.outcome), (Cookie::Proved, Outcome::NoError));
    assert_eq!(cookie_of(&reply).as_ref(), Some(&cookie), "a fresh one is kept");
    // Somebody else's, and one that no server of ours made: answered, with a right one.
    for (client, sent) in
        [("192.0.2.2", &cookie[..]), ("192.0.2.1", &[7; 8]), ("192.0.2.1", &[7; 32])]
    {
        let (answer, reply) = server.ask(client, &with_cookie(question(), sent));
        assert_eq!((answer.cookie, answer.outcome), (Cookie::Unproved, Outcome::NoError));
        assert_eq!(cookie_of(&reply).unwrap().len(), 16);
    }
    let without = Server { cookies: None, ..Server::new() };
    let (answer, reply) = without.ask("192.0.2.1", &with_cookie(question(), b""));
    assert_eq!((answer.cookie, cookie_of(&reply)), (Cookie::Absent, None));
}

#[test]
fn a_cookie_of_no_cookies_length_is_malformed() {
    let server = Server::new();
    let without = Server { cookies: None, ..Server::new() };
    for len in 0..=48 {
        let data = vec![1; len];
        let question = ask(name(1, None), A).opt(1232, 0, &option(COOKIE, &data)).bytes();
        let is_malformed = !(len == 8 || (16..=40).contains(&len));
        let (answer, reply) = server.ask("192.0.2.1", &question);
        assert_eq!(answer.outcome == Outcome::FormErr, is_malformed, "{len}");
        assert!(text(&reply).contains(" edns=1232"), "{len}");
        let (answer, _) = without.ask("192.0.2.1", &question);
        assert_eq!(answer.outcome, Outcome::NoError, "ignored without cookies: {len}");
    }
    // RFC 7873 5: of several the first counts.
    let options = [option(COOKIE, &CLIENT), option(COOKIE, &[1])].concat();
    let (answer, _) =
        server.ask("192.0.2.1", &ask(name(1, None), A).opt(1232, 0, &options).bytes());
    assert_eq!(answer.outcome, Outcome::NoError);
}

#[test]
fn a_message_without_a_question_is_answered_with_a_cookie_alone() {
    let server = Server::new();
    let empty = |server: &[u8]| {
        let option = option(COOKIE, &[&CLIENT, server].concat());
        let mut bytes =
            vec![0x4A, 0x4A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0];
        bytes.extend(u16::try_from(option.len()).unwrap().to_be_bytes());
        bytes.extend(option);
        bytes
    };
    let rcode = |reply: &[u8]| u16::from(Message::from_vec(reply).unwrap().metadata.response_code);
    let (_, reply) = server.ask("192.0.2.1", &empty(b""));
    let cookie = cookie_of(&reply).unwrap();
    assert_eq!((rcode(&reply), reply.len()), (0, 12 + 11 + 28));
    assert_eq!(rcode(&server.ask("192.0.2.1", &empty(&cookie)).1), 0);
    let (_, reply) = server.ask("192.0.2.2", &empty(&cookie));
    assert_eq!((rcode(&reply), cookie_of(&reply).is_some()), (23, true));
    let without = Server { cookies: None, ..Server::new() };
    assert_eq!(text(&without.ask("192.0.2.1", &empty(b"")).1), "FormErr");
}

#[test]
fn whoever_is_over_the_limit_is_shown_another_way() {
    let server = Server::new();
    let question = || ask(name(1, None), A);
    let (answer, reply) = server.ask_shortly("192.0.2.1", &question().bytes());
    assert_eq!((answer.outcome, text(&reply).as_str()), (Outcome::Limited, "NoError tc"));
    let (answer, reply) = server.ask_shortly("192.0.2.1", &with_cookie(question(), b""));
    assert_eq!((answer.outcome, answer.cookie), (Outcome::BadCookie, Cookie::Unproved));
    let code = Message::from_vec(&reply).unwrap().metadata.response_code;
    assert_eq!((u16::from(code), reply[2] & 2), (23, 0));
    let cookie = cookie_of(&reply).unwrap();
    let (answer, _) = server.ask("192.0.2.1", &with_cookie(question(), &cookie));
    assert_eq!(answer.cookie, Cookie::Proved);
    assert_eq!(server.ask_shortly("192.0.2.1", &[0; 12]).1.len(), 12, "FORMERR all the same");
    assert_eq!(server.ask_shortly("192.0.2.1", &[0; 11]).1.len(), 0);
}

#[test]
fn what_exceeds_the_question_threefold_needs_a_proof() {
    let server = Server { amplification_max: Some(3), ..Server::new() };
    // An apex's SOA, NS and address, asked for in few bytes.
    let short = ask(name(1, None), A);
    let (answer, reply) = server.ask("192.0.2.1", &short.bytes());
    assert!(!answer.truncated && reply.len() <= 3 * short.bytes().len());
    // The least that may be set: the SOA record of an apex is longer than the question for it.
    let little = Server { amplification_max: Some(1), ..Server::new() };
    let short = ask(ZONE, 6);
    let (answer, reply) = little.ask("192.0.2.1", &short.bytes());
    assert!(answer.truncated && reply.len() == short.bytes().len());
    let (_, reply) = little.ask("192.0.2.1", &with_cookie(short.clone(), b""));
    let cookie = cookie_of(&reply).unwrap();
    let (answer, reply) = little.ask("192.0.2.1", &with_cookie(short, &cookie));
    assert!(!answer.truncated && text(&reply).contains(" SOA "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Amplification: whatever is sent, without a cookie at most three times as much comes back.
    #[test]
    fn no_request_without_a_cookie_gets_more_than_thrice_its_length(
        which in 0..6_usize,
        qtype in prop_oneof![Just(1_u16), Just(28), Just(255), Just(6), Just(2), any::<u16>()],
        class in prop_oneof![4 => Just(1_u16), 1 => Just(3), 1 => Just(255)],
        flags in any::<u16>(),
        payload in any::<u16>(),
        options in prop_oneof![
            Just(Vec::new()),
            Just(option(NSID, b"")),
            Just(option(COOKIE, &CLIENT)),
            Just([option(COOKIE, &CLIENT), option(NSID, b"")].concat()),
            prop::collection::vec(any::<u8>(), 0..40),
        ],
        has_edns in any::<bool>(),
        cut in 0..200_usize,
    ) {
        let long = "n".repeat(60);
        let identity = Identity::new(Some(&long), Some(&long), Some(&long));
        let server = Server { identity, amplification_max: Some(3), ..Server::new() };
        let endpoint = name(1, None);
        let server_name = format!("ns1.{ZONE}");
        let names = [endpoint.as_str(), ZONE, "", "version.bind", &server_name, "x"];
        let mut question = ask(names[which], qtype).class(class).flags(flags & 0x7FFF);
        if has_edns {
            question = question.opt(payload, 0, &options);
        }
        let mut bytes = question.bytes();
        if cut < bytes.len() && cut % 3 == 0 {
            bytes.truncate(cut);
        }
        let (_, reply) = server.ask("192.0.2.1", &bytes);
        prop_assert!(reply.len() <= 3 * bytes.len(), "{} for {}", reply.len(), bytes.len());
        let (_, reply) = server.ask_shortly("192.0.2.1", &bytes);
        prop_assert!(reply.len() <= 3 * bytes.len(), "{} for {}", reply.len(), bytes.len());
    }
}
