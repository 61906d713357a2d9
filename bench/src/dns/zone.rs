//! The zone that all serve, and the questions about it: endpoints in three Availability Zones, each
//! with a Regional name of three A and three AAAA records and three zonal names of one each.
//!
//! Drawn from a fixed seed, so all runs ask the same.

use std::{fmt::Write as _, fs, io, path::Path};

/// The zone's name. Postern is another Region, so that it is a zone file like any other there.
pub const NAME: &str = "us-east-1.vpce.amazonaws.com";
/// The file that the zone is in.
pub const FILE: &str = "vpce.zone";
/// Questions that have answers.
pub const POSITIVE: &str = "positive";
/// Questions that have none.
pub const NEGATIVE: &str = "negative";
/// Names of one endpoint.
const NAMES_EACH: usize = 4;
/// Questions per file.
const QUESTIONS: usize = 100_000;

/// Numbers without pattern (SplitMix64, Steele, Lea and Flood 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }
}

/// A query for records of a name, with an id of zero (RFC 1035 4).
pub fn question(name: &str, rtype: u16) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        // Names of the bench are valid.
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(rtype.to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

/// Writes the zone of about so many names, and the questions, into a folder.
pub fn write(folder: &Path, names: usize) -> io::Result<()> {
    let mut draw = Draw(7);
    let mut zone = format!(
        "$ORIGIN {NAME}.\n$TTL 60\n@ 900 IN SOA ns1 hostmaster 1 7200 900 1209600 60\n\
         @ 900 IN NS ns1\nns1 900 IN A 127.0.0.53\n"
    );
    let (mut regional, mut zonal) = (Vec::new(), Vec::new());
    let mut service = 0;
    for n in 0..names / NAMES_EACH {
        if n % 10 == 0 {
            service = draw.next();
        }
        let (id, [token, ..]) = (draw.next(), draw.next().to_be_bytes().map(u32::from));
        let token = token << 24 | u32::try_from(n).unwrap_or(0);
        let (endpoint, service) =
            (format!("vpce-0{id:016x}-{token:08x}"), format!("vpce-svc-0{service:016x}"));
        for (z, letter) in ["a", "b", "c"].into_iter().enumerate() {
            let own = format!("{endpoint}-us-east-1{letter}.{service}");
            for name in [&format!("{endpoint}.{service}"), &own] {
                let _ = writeln!(zone, "{name} A 10.{z}.{}.{}", n / 250, n % 250 + 1);
                let _ = writeln!(zone, "{name} AAAA fd00:{z}::{:x}", n + 1);
            }
            zonal.push(format!("{own}.{NAME}"));
        }
        regional.push(format!("{endpoint}.{service}.{NAME}"));
    }
    let (mut positive, mut negative) = (String::new(), String::new());
    for _ in 0..QUESTIONS {
        let (all, any) = (&regional[draw.below(regional.len())], &zonal[draw.below(zonal.len())]);
        let (name, rtype) = match draw.below(100) {
            0..50 => (all, "A"),
            50..70 => (all, "AAAA"),
            70..90 => (any, "A"),
            _ => (any, "AAAA"),
        };
        let _ = writeln!(positive, "{name} {rtype}");
        let _ = match draw.below(2) {
            0 => writeln!(negative, "x{all} A"),
            _ => writeln!(negative, "{all} TXT"),
        };
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join(FILE), zone)?;
    fs::write(folder.join(POSITIVE), positive)?;
    fs::write(folder.join(NEGATIVE), negative)
}
