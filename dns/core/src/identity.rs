//! What a server says about itself, if it is told to: NSID (RFC 5001) and the names of class CHAOS
//! (RFC 4892). Silent by default. Knows neither zones nor clients.

use crate::wire::RecordType;

/// Longest name-server identifier that is sent: it is to fit into any reply.
pub const NSID_LEN_MAX: usize = 64;
/// Longest text of a CHAOS answer: one string of a TXT record (RFC 1035 3.3.14).
pub const CHAOS_LEN_MAX: usize = 255;
/// Class CHAOS (RFC 1035 3.2.4).
pub(crate) const CLASS_CHAOS: u16 = 3;
/// Length of a TXT record with the longest text: owner pointer, type, class, TTL, two lengths.
const RECORD_LEN_MAX: usize = 13 + CHAOS_LEN_MAX;

/// What a server says about itself; what is missing is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    nsid: Option<Box<[u8]>>,
    version: Option<Box<[u8]>>,
    id: Option<Box<[u8]>>,
}

impl Identity {
    /// Says nothing.
    pub const SILENT: Self = Self { nsid: None, version: None, id: None };

    /// Says these texts: the NSID, the version, and the server's id. One that is empty or too long
    /// is not said.
    pub fn new(nsid: Option<&str>, version: Option<&str>, id: Option<&str>) -> Self {
        let text = |text: Option<&str>, len_max| {
            let text = text.filter(|text| (1..=len_max).contains(&text.len()))?;
            Some(text.as_bytes().into())
        };
        Self {
            nsid: text(nsid, NSID_LEN_MAX),
            version: text(version, CHAOS_LEN_MAX),
            id: text(id, CHAOS_LEN_MAX),
        }
    }

    /// The NSID.
    pub(crate) fn nsid(&self) -> Option<&[u8]> {
        self.nsid.as_deref()
    }

    /// The record that answers a question of class CHAOS, owned by the question's name.
    pub(crate) fn chaos(&self, name: &[u8], qtype: RecordType) -> Option<ChaosRecord> {
        let text = match name {
            b"\x07version\x04bind\0" | b"\x07version\x06server\0" => self.version.as_deref(),
            b"\x02id\x06server\0" | b"\x08hostname\x04bind\0" => self.id.as_deref(),
            _ => None,
        };
        let is_text = matches!(qtype, RecordType::TXT | RecordType::ANY);
        text.filter(|_| is_text).and_then(ChaosRecord::new)
    }
}

/// A TXT record of class CHAOS, as it is sent.
pub(crate) struct ChaosRecord {
    wire: [u8; RECORD_LEN_MAX],
    len: usize,
}

impl ChaosRecord {
    fn new(text: &[u8]) -> Option<Self> {
        let len = u8::try_from(text.len()).ok()?;
        let [type0, type1] = RecordType::TXT.0.to_be_bytes();
        let [class0, class1] = CLASS_CHAOS.to_be_bytes();
        let [data0, data1] = (u16::from(len) + 1).to_be_bytes();
        // TTL 0 (RFC 4892 3.1 leaves it open): another server may answer the next question.
        let head = [0xC0, 12, type0, type1, class0, class1, 0, 0, 0, 0, data0, data1, len];
        let mut wire = [0; RECORD_LEN_MAX];
        wire[..head.len()].copy_from_slice(&head);
        wire[head.len()..head.len() + text.len()].copy_from_slice(text);
        Some(Self { wire, len: head.len() + text.len() })
    }

    /// The bytes.
    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.wire[..self.len]
    }
}
