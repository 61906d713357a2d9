//! Response rate limiting: how many answers of a kind the clients of a network may have.
//!
//! A forged source address makes the server send to a victim; limiting what one network gets over
//! UDP takes the gain out of that. Each network and kind has a token bucket, kept as one number in
//! one atomic word, so that all threads share a table without locks and without ever allocating.
//! The table is bounded: when a set of it is full, the bucket nearest to being full of tokens makes
//! room, so whoever asks most stays known. Does not know what is done with what is over the limit.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
};

use ipnet::IpNet;

use crate::outcome::Outcome;

/// Buckets in a set: as many as share a cache line.
const SET_LEN: usize = 8;
/// Sets; with 64 bytes each, 512 KiB. An attack on more networks at a time than there are buckets,
/// 65,536, has each of them get little.
const SETS: usize = 1 << 13;
/// Bits of a word that tell when the bucket is full again, in microseconds: 203 days until they
/// wrap. The other bits tell whose it is.
const TIME_BITS: u32 = 44;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// What an IPv4 prefix is longer as IPv6 (RFC 4291 2.5.5.2).
const MAPPED_LEN: u8 = 96;

/// How much clients of one network may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Answers of a kind in a second.
    pub per_second: NonZeroU32,
    /// Answers of a kind at once, after a silence.
    pub burst: NonZeroU32,
    /// How long the prefix of an IPv4 network is.
    pub ipv4_prefix_len: u8,
    /// How long the prefix of an IPv6 network is.
    pub ipv6_prefix_len: u8,
}

/// Counts what networks get.
pub struct Limiter {
    sets: Box<[[AtomicU64; SET_LEN]]>,
    seed: u64,
    /// Microseconds per token, and until a bucket is full.
    token_us: u64,
    full_us: u64,
    masks: [u128; 2],
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("token_us", &self.token_us).finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter of which nobody has got anything yet. The seed, drawn at random, keeps clients
    /// from choosing addresses that share buckets.
    pub fn new(rate: Rate, seed: u64) -> Self {
        let token_us = (1_000_000 / u64::from(rate.per_second.get())).max(1);
        let masks =
            [mask(rate.ipv4_prefix_len.min(32) + MAPPED_LEN), mask(rate.ipv6_prefix_len.min(128))];
        Self {
            sets: (0..SETS).map(|_| Default::default()).collect(),
            seed,
            token_us,
            // A bucket that took longer to fill could not be told from one long forgotten.
            full_us: (token_us * u64::from(rate.burst.get())).min(TIME_MASK >> 2),
            masks,
        }
    }

    /// Whether a client may have one more answer of this kind at this time, in microseconds since
    /// whenever. If so, it is taken as given.
    pub fn admits(&self, client: IpAddr, outcome: Outcome, now_us: u64) -> bool {
        let hash = self.hash(client, kind(outcome));
        let (tag, now) = (hash & !TIME_MASK, now_us & TIME_MASK);
        let index = usize::try_from(hash & (SETS as u64 - 1)).unwrap_or(0);
        let (bucket, word) = self.find(&self.sets[index], tag, now);
        let wait = if word & !TIME_MASK == tag { self.wait(word, now) } else { 0 };
        if wait + self.token_us > self.full_us.max(self.token_us) {
            return false;
        }
        let full_at = (now + wait + self.token_us) & TIME_MASK;
        // Who loses a race against another thread gets its answer for nothing.
        let (new, order) = (tag | full_at, Ordering::Relaxed);
        let _ = bucket.compare_exchange(word, new, order, order);
        true
    }

    /// The bucket of this tag, or else the one that is to make room for it.
    fn find<'s>(&self, set: &'s [AtomicU64; SET_LEN], tag: u64, now: u64) -> (&'s AtomicU64, u64) {
        let (mut best, mut best_word, mut least) = (&set[0], 0, u64::MAX);
        for bucket in set {
            let word = bucket.load(Ordering::Relaxed);
            if word & !TIME_MASK == tag {
                return (bucket, word);
            }
            let wait = self.wait(word, now);
            if wait < least {
                (best, best_word, least) = (bucket, word, wait);
            }
        }
        (best, best_word)
    }

    /// How long until the bucket is full: not at all if its word is from before the clock wrapped.
    fn wait(&self, word: u64, now: u64) -> u64 {
        let wait = (word & TIME_MASK).wrapping_sub(now) & TIME_MASK;
        if wait <= self.full_us { wait } else { 0 }
    }

    fn hash(&self, client: IpAddr, kind: u64) -> u64 {
        let network = match client.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits() & self.masks[0],
            IpAddr::V6(address) => address.to_bits() & self.masks[1],
        };
        let [high, low] = [network >> 64, network & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or(0));
        [high, low, kind].iter().fold(self.seed, |state, word| mix(state ^ word))
    }
}

/// Answers of one kind share a bucket: so few kinds that no questions escape the limit, and enough
/// that a client's mistakes do not take its answers away.
fn kind(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::NoError | Outcome::Forwarded => 0,
        Outcome::NoData | Outcome::NxDomain => 1,
        Outcome::Referral => 2,
        _ => 3,
    }
}

/// Spreads every bit over all of them (the finalizer of MurmurHash3).
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let word = (word ^ (word >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    word ^ (word >> 33)
}

fn mask(len: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0)
}

/// Networks, of which an address is in one or in none. For a few of them: each is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefixes(Box<[(u128, u128)]>);

impl Prefixes {
    /// These networks.
    pub fn new(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        let pair = |prefix: IpNet| {
            let mapped = if prefix.addr().is_ipv4() { MAPPED_LEN } else { 0 };
            let mask = mask(prefix.prefix_len() + mapped);
            (bits(prefix.addr()) & mask, mask)
        };
        Self(prefixes.into_iter().map(pair).collect())
    }

    /// Whether an address is in one of them.
    pub fn hold(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|(prefix, mask)| bits & mask == *prefix)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn limiter(per_second: u32, burst: u32) -> Limiter {
        let [per_second, burst] = [per_second, burst].map(|n| NonZeroU32::new(n).unwrap());
        Limiter::new(Rate { per_second, burst, ipv4_prefix_len: 24, ipv6_prefix_len: 56 }, 7)
    }

    fn admitted(limiter: &Limiter, client: &str, outcome: Outcome, now: u64, asked: u32) -> usize {
        let client = client.parse().unwrap();
        (0..asked).filter(|_| limiter.admits(client, outcome, now)).count()
    }

    #[test]
    fn a_network_gets_its_burst_and_then_its_rate() {
        let limiter = limiter(100, 20);
        let start = 5 * SECOND;
        for (after, client, outcome, expected) in [
            (0, "192.0.2.1", Outcome::NoError, 20),
            (0, "192.0.2.255", Outcome::NoError, 0),
            (0, "::ffff:192.0.2.7", Outcome::Forwarded, 0),
            (0, "192.0.2.1", Outcome::NxDomain, 20),
            (0, "192.0.2.1", Outcome::NoData, 0),
            (0, "192.0.2.1", Outcome::Referral, 20),
            (0, "192.0.2.1", Outcome::Refused, 20),
            (0, "192.0.2.1", Outcome::FormErr, 0),
            (0, "192.0.3.1", Outcome::NoError, 20),
            (0, "2001:db8:0:1::1", Outcome::NoError, 20),
            (0, "2001:db8:0:ff::1", Outcome::NoError, 0),
            (0, "2001:db8:0:100::1", Outcome::NoError, 20),
            (100_000, "192.0.2.1", Outcome::NoError, 10),
            (130_000, "192.0.2.1", Outcome::NoError, 3),
            (SECOND, "192.0.2.1", Outcome::NoError, 20),
        ] {
            let got = admitted(&limiter, client, outcome, start + after, 50);
            assert_eq!(got, expected, "{client} {outcome:?} after {after}");
        }
    }

    #[test]
    fn the_clock_of_a_bucket_may_wrap() {
        let limiter = limiter(100, 20);
        let end = 1 << TIME_BITS;
        assert_eq!(admitted(&limiter, "192.0.2.1", Outcome::NoError, end - 1000, 50), 20);
        assert_eq!(admitted(&limiter, "192.0.2.1", Outcome::NoError, end + 9000, 50), 1);
        assert_eq!(admitted(&limiter, "192.0.2.1", Outcome::NoError, end + SECOND, 50), 20);
    }

    #[test]
    fn whoever_asks_most_stays_known_however_many_ask() {
        let limiter = limiter(100, 20);
        let start = 5 * SECOND;
        assert_eq!(admitted(&limiter, "192.0.2.1", Outcome::NoError, start, 50), 20);
        for network in 0..200_000_u32 {
            let client = std::net::Ipv4Addr::from(0x0A00_0000 + (network << 8)).into();
            limiter.admits(client, Outcome::NoError, start);
        }
        assert_eq!(admitted(&limiter, "192.0.2.1", Outcome::NoError, start, 50), 0);
    }

    #[test]
    fn prefixes_hold_the_addresses_of_both_families() {
        let prefixes = ["127.0.0.0/8", "fd00::/8", "::1/128"].map(|text| text.parse().unwrap());
        let prefixes = Prefixes::new(prefixes);
        for (address, expected) in [
            ("127.1.2.3", true),
            ("::ffff:127.1.2.3", true),
            ("128.0.0.1", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(prefixes.hold(address.parse().unwrap()), expected, "{address}");
        }
    }
}
