//! DNS cookies (RFC 7873) in the form that different servers of one address share (RFC 9018).
//!
//! A server cookie says when it was made, and that whoever made it knew the secret and sent it to
//! this client's address. Pure: the secret and the time are arguments. Does not know what a client
//! without a cookie may have.

use std::{fmt, net::IpAddr};

use siphasher::sip::SipHasher24;

/// Length of a client cookie (RFC 7873 4).
pub(crate) const CLIENT_LEN: usize = 8;
/// Length of our server cookies (RFC 9018 4.2).
pub(crate) const SERVER_LEN: usize = 16;
/// Length of any server cookie (RFC 7873 4).
const SERVER_LENS: std::ops::RangeInclusive<usize> = 8..=32;
/// Version 1, and three bytes reserved (RFC 9018 4.1, 4.2).
const VERSION: [u8; 4] = [1, 0, 0, 0];
/// How old a cookie may be, and how far ahead, in seconds (RFC 9018 4.3).
const AGE_S_MAX: i32 = 3600;
const AHEAD_S_MAX: i32 = 300;
/// At this age a cookie is replaced by a new one, in seconds (RFC 9018 4.3).
const RENEWAL_AGE_S: i32 = 1800;
/// For how long a secret that was drawn makes cookies, in seconds. Its predecessor's are good for
/// as long again, which is more than a cookie's life.
const ROLLOVER_S: u32 = 24 * 3600;

/// What server cookies are made with.
#[derive(Clone, PartialEq, Eq)]
pub struct CookieSecret(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Shared { present: [u8; 16], former: Option<[u8; 16]> },
    Drawn([u8; 16]),
}

impl CookieSecret {
    /// A secret that all servers of an address have, and the one that some may still have, or whose
    /// cookies clients may still have (RFC 9018 5).
    pub fn shared(present: [u8; 16], former: Option<[u8; 16]>) -> Self {
        Self(Kind::Shared { present, former })
    }

    /// A secret of this process alone, drawn at its start. What makes cookies is derived from it
    /// and is another every day.
    pub fn drawn(bits: [u8; 16]) -> Self {
        Self(Kind::Drawn(bits))
    }

    /// The key that makes cookies, and one whose cookies are still good.
    fn keys(&self, now_s: u32) -> [Option<[u8; 16]>; 2] {
        match &self.0 {
            Kind::Shared { present, former } => [Some(*present), *former],
            Kind::Drawn(bits) => {
                let period = now_s / ROLLOVER_S;
                [period, period.wrapping_sub(1)].map(|period| Some(derived(bits, period)))
            }
        }
    }

    /// The server cookie for a client.
    pub(crate) fn make(&self, client: [u8; CLIENT_LEN], from: IpAddr, now_s: u32) -> ServerCookie {
        let [key, _] = self.keys(now_s);
        seal(&key.unwrap_or_default(), client, from, VERSION, now_s.to_be_bytes())
    }

    /// Judges a server cookie that a client sent.
    pub(crate) fn judge(
        &self,
        client: [u8; CLIENT_LEN],
        server: ServerCookie,
        from: IpAddr,
        now_s: u32,
    ) -> Judgement {
        let [v0, v1, v2, v3, t0, t1, t2, t3, ..] = server;
        let (head, time) = ([v0, v1, v2, v3], [t0, t1, t2, t3]);
        // The clock's 32 bits wrap (RFC 1982), in 2106 for the first time.
        let age = now_s.wrapping_sub(u32::from_be_bytes(time)).cast_signed();
        if v0 != VERSION[0] || !(-AHEAD_S_MAX..=AGE_S_MAX).contains(&age) {
            return Judgement::Bad;
        }
        let made_by = |key: Option<[u8; 16]>| {
            key.is_some_and(|key| seal(&key, client, from, head, time) == server)
        };
        match self.keys(now_s).map(made_by) {
            [true, _] if age < RENEWAL_AGE_S => Judgement::Good,
            [true, _] | [_, true] => Judgement::Ageing,
            _ => Judgement::Bad,
        }
    }
}

impl fmt::Debug for CookieSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieSecret")
    }
}

/// A server cookie of ours: version, time, hash.
pub(crate) type ServerCookie = [u8; SERVER_LEN];

/// What a server cookie is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is ours, and the client may keep it.
    Good,
    /// It is ours, and the client should have a new one.
    Ageing,
    /// It is not ours, or too old, or was made for another client.
    Bad,
}

/// A COOKIE option of a client (RFC 7873 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientOption {
    /// Of a length that no cookie has.
    Malformed,
    /// The client's cookie, and a server's if it has the length of ours.
    Cookie { client: [u8; CLIENT_LEN], server: Option<ServerCookie>, has_server: bool },
}

impl ClientOption {
    /// Reads the option's data.
    pub(crate) fn read(data: &[u8]) -> Self {
        let Some((client, server)) = data.split_first_chunk() else { return Self::Malformed };
        if !server.is_empty() && !SERVER_LENS.contains(&server.len()) {
            return Self::Malformed;
        }
        let has_server = !server.is_empty();
        Self::Cookie { client: *client, server: server.try_into().ok(), has_server }
    }
}

/// The key of a period.
fn derived(bits: &[u8; 16], period: u32) -> [u8; 16] {
    let half = |index: u8| {
        let mut text = [index; 5];
        text[1..].copy_from_slice(&period.to_be_bytes());
        SipHasher24::new_with_key(bits).hash(&text).to_le_bytes()
    };
    let mut key = [0; 16];
    key[..8].copy_from_slice(&half(0));
    key[8..].copy_from_slice(&half(1));
    key
}

/// The cookie: head, time, and the hash over client cookie, head, time and address (RFC 9018 4.4).
fn seal(
    key: &[u8; 16],
    client: [u8; CLIENT_LEN],
    from: IpAddr,
    head: [u8; 4],
    time: [u8; 4],
) -> ServerCookie {
    let mut text = [0; CLIENT_LEN + 4 + 4 + 16];
    text[..8].copy_from_slice(&client);
    text[8..12].copy_from_slice(&head);
    text[12..16].copy_from_slice(&time);
    // A client is the same one whether a socket of either family hears it.
    let len = match from.to_canonical() {
        IpAddr::V4(address) => {
            text[16..20].copy_from_slice(&address.octets());
            20
        }
        IpAddr::V6(address) => {
            text[16..].copy_from_slice(&address.octets());
            text.len()
        }
    };
    let mut cookie = [0; SERVER_LEN];
    cookie[..4].copy_from_slice(&head);
    cookie[4..8].copy_from_slice(&time);
    cookie[8..].copy_from_slice(&SipHasher24::new_with_key(key).hash(&text[..len]).to_le_bytes());
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let digits: Vec<_> = hex.chars().map(|c| u8::try_from(c.to_digit(16).unwrap())).collect();
        std::array::from_fn(|i| digits[2 * i].unwrap() << 4 | digits[2 * i + 1].unwrap())
    }

    /// RFC 9018 appendix A.
    #[test]
    fn cookies_are_those_of_the_standards_vectors() {
        let first = CookieSecret::shared(bytes("e5e973e5a6b2a43f48e7dc849e37bfcf"), None);
        let second = CookieSecret::shared(
            bytes("445536bcd2513298075a5d379663c962"),
            Some(bytes("dd3bdf9344b678b185a6f5cb60fca715")),
        );
        for (secret, client, from, sent, now_s, judged, made) in [
            (
                &first,
                "2464c4abcf10c957",
                "198.51.100.100",
                None,
                1_559_731_985,
                None,
                "010000005cf79f111f8130c3eee29480",
            ),
            (
                &first,
                "2464c4abcf10c957",
                "198.51.100.100",
                Some("010000005cf79f111f8130c3eee29480"),
                1_559_734_385,
                Some(Judgement::Ageing),
                "010000005cf7a871d4a564a1442aca77",
            ),
            (
                &first,
                "fc93fc62807ddb86",
                "203.0.113.203",
                Some("01abcdef5cf78f71a314227b6679ebf5"),
                1_559_728_000,
                Some(Judgement::Good),
                "010000005cf78f80",
            ),
            (
                &first,
                "fc93fc62807ddb86",
                "203.0.113.203",
                None,
                1_559_734_700,
                None,
                "010000005cf7a9acf73a7810aca2381e",
            ),
            (
                &second,
                "22681ab97d52c298",
                "2001:db8:220:1:59de:d0f4:8769:82b8",
                Some("010000005cf7c57926556bd0934c72f8"),
                1_559_741_961,
                Some(Judgement::Ageing),
                "010000005cf7c609a6bb79d16625507a",
            ),
        ] {
            let (client, from) = (bytes(client), from.parse().unwrap());
            let sent = sent.map(|sent| secret.judge(client, bytes(sent), from, now_s));
            assert_eq!(sent, judged, "{from} {now_s}");
            let cookie = secret.make(client, from, now_s);
            let known = made.len() / 2;
            assert_eq!(cookie[..known], bytes::<16>(&format!("{made:0<32}"))[..known]);
        }
    }

    #[test]
    fn a_cookie_is_good_for_its_client_and_its_time() {
        let (secret, from, now) =
            (CookieSecret::drawn([7; 16]), "192.0.2.1".parse().unwrap(), 1_000_000);
        let (client, other) = ([1; 8], "192.0.2.2".parse().unwrap());
        let cookie = secret.make(client, from, now);
        for (after_s, expected) in [
            (-301, Judgement::Bad),
            (-300, Judgement::Good),
            (0, Judgement::Good),
            (1799, Judgement::Good),
            (1800, Judgement::Ageing),
            (3600, Judgement::Ageing),
            (3601, Judgement::Bad),
        ] {
            let judged = secret.judge(client, cookie, from, now.wrapping_add_signed(after_s));
            assert_eq!(judged, expected, "{after_s}");
        }
        assert_eq!(secret.judge([2; 8], cookie, from, now), Judgement::Bad);
        assert_eq!(secret.judge(client, cookie, other, now), Judgement::Bad);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(secret.judge(client, cookie, mapped, now), Judgement::Good);
        assert_eq!(CookieSecret::drawn([8; 16]).judge(client, cookie, from, now), Judgement::Bad);
    }

    #[test]
    fn drawn_secrets_roll_over_without_refusing_anyones_cookie() {
        let secret = CookieSecret::drawn([7; 16]);
        let (client, from) = ([1; 8], "192.0.2.1".parse().unwrap());
        let before = 10 * ROLLOVER_S - 1;
        let cookie = secret.make(client, from, before);
        assert_eq!(secret.judge(client, cookie, from, before), Judgement::Good);
        assert_eq!(secret.judge(client, cookie, from, before + 1), Judgement::Ageing);
        let keys = [0, 1, 2].map(|day| secret.keys(day * ROLLOVER_S)[0]);
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    }

    #[test]
    fn an_option_of_another_length_is_malformed() {
        for len in 0..=50 {
            let is_fine = len == 8 || (16..=40).contains(&len);
            let option = ClientOption::read(&vec![1; len]);
            assert_eq!(option != ClientOption::Malformed, is_fine, "{len}");
        }
        let server = |len| match ClientOption::read(&vec![1; len]) {
            ClientOption::Cookie { server, .. } => server.is_some(),
            ClientOption::Malformed => false,
        };
        assert!(server(24) && !server(8) && !server(23));
    }
}
