//! Records as they are kept for answering: whole RRsets, laid out for copying.
//!
//! Addresses are rendered once, owner pointing to the question, in a layout of which every order
//! is a slice. Other records keep their data in wire form without compression, and the reply
//! compresses the names that RFC 3597 4 lets it compress. Does not know zones.

use crate::{
    name::{QuestionName, parent},
    reply::{Reply, Section},
    rotation,
    wire::{CLASS_IN, RecordType},
};

/// All records of one name and type; they share their TTL (RFC 2181 5.2).
#[derive(Debug)]
pub(crate) struct RrSet {
    rtype: RecordType,
    ttl: u32,
    data: Data,
}

#[derive(Debug)]
enum Data {
    /// Rendered records of equal length, in the order of [`rotation::layout`].
    Addresses { wire: Box<[u8]>, count: u16 },
    /// The data of each record.
    Others(Box<[Box<[u8]>]>),
}

/// What a rendered record's owner is: a pointer to the question's name.
const QUESTION_POINTER: [u8; 2] = [0xC0, 12];
/// Length of owner pointer, type, class, TTL and data length.
const RENDERED_HEAD_LEN: usize = 12;

impl RrSet {
    /// The A or AAAA records of these addresses.
    pub(crate) fn addresses<const LEN: usize>(
        rtype: RecordType,
        ttl: u32,
        data: &[[u8; LEN]],
    ) -> Self {
        let count = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let wire = render(rtype, ttl, &data[..usize::from(count)]);
        Self { rtype, ttl, data: Data::Addresses { wire, count } }
    }

    /// Records of any type, by their uncompressed data.
    pub(crate) fn new(rtype: RecordType, ttl: u32, data: Vec<Box<[u8]>>) -> Self {
        match rtype {
            RecordType::A => Self::addresses(rtype, ttl, &fixed::<4>(&data)),
            RecordType::AAAA => Self::addresses(rtype, ttl, &fixed::<16>(&data)),
            _ => Self { rtype, ttl, data: Data::Others(data.into()) },
        }
    }

    /// The type.
    pub(crate) fn rtype(&self) -> RecordType {
        self.rtype
    }

    /// How long they may be remembered, in seconds.
    pub(crate) fn ttl(&self) -> u32 {
        self.ttl
    }

    /// The names in the data of records that lead on: NS and aliases by their whole data, MX and
    /// SRV by its end.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &[u8]> {
        let skip = match self.rtype {
            RecordType::NS | RecordType::CNAME | RecordType::DNAME => Some(0),
            RecordType::MX => Some(2),
            RecordType::SRV => Some(6),
            _ => None,
        };
        let records: &[Box<[u8]>] = match &self.data {
            Data::Others(records) => records,
            Data::Addresses { .. } => &[],
        };
        records.iter().filter_map(move |data| data.get(skip?..))
    }

    /// Adds the records to a reply. `owner` is none where it is the question's own name.
    pub(crate) fn write(
        &self,
        reply: &mut Reply<'_>,
        section: Section,
        owner: Option<&[u8]>,
        question: &QuestionName,
        turn: u32,
    ) {
        match &self.data {
            Data::Addresses { wire, count } => {
                let records = in_turn(wire, usize::from(*count), turn);
                match owner {
                    None => reply.records(section, *count, records),
                    Some(owner) => self.write_moved(reply, section, owner, records),
                }
            }
            Data::Others(records) => {
                let owner = owner.unwrap_or(question.as_wire());
                for data in records {
                    if reply.is_overflown() {
                        break;
                    }
                    reply.record(section, owner, self.rtype, self.ttl, |reply| {
                        write_data(reply, self.rtype, data);
                    });
                }
            }
        }
    }

    /// Adds rendered records under another owner than the question.
    fn write_moved(&self, reply: &mut Reply<'_>, section: Section, owner: &[u8], records: &[u8]) {
        for record in records.chunks_exact(rendered_len(self.rtype)) {
            reply.record(section, owner, self.rtype, self.ttl, |reply| {
                reply.put(&record[RENDERED_HEAD_LEN..]);
            });
        }
    }
}

/// Data that all has this length; what has not is none of the type.
fn fixed<const LEN: usize>(data: &[Box<[u8]>]) -> Vec<[u8; LEN]> {
    data.iter().filter_map(|data| (&**data).try_into().ok()).collect()
}

/// The length of one rendered address record.
fn rendered_len(rtype: RecordType) -> usize {
    RENDERED_HEAD_LEN + if rtype == RecordType::A { 4 } else { 16 }
}

/// The slice of a layout that starts in this turn.
fn in_turn(wire: &[u8], count: usize, turn: u32) -> &[u8] {
    let len = wire.len() / rotation::layout_len(count).max(1);
    let start = rotation::start(count, turn) * len;
    &wire[start..start + count * len]
}

/// Renders address records in the layout of their orders.
fn render<const LEN: usize>(rtype: RecordType, ttl: u32, data: &[[u8; LEN]]) -> Box<[u8]> {
    let mut head = [0; RENDERED_HEAD_LEN];
    head[..2].copy_from_slice(&QUESTION_POINTER);
    head[2..4].copy_from_slice(&rtype.0.to_be_bytes());
    head[4..6].copy_from_slice(&CLASS_IN.to_be_bytes());
    head[6..10].copy_from_slice(&ttl.to_be_bytes());
    head[10..].copy_from_slice(&u16::try_from(LEN).unwrap_or(0).to_be_bytes());
    let len = rotation::layout_len(data.len()) * (RENDERED_HEAD_LEN + LEN);
    let mut wire = Vec::with_capacity(len);
    for index in rotation::layout(data.len()) {
        wire.extend_from_slice(&head);
        wire.extend_from_slice(&data[index]);
    }
    wire.into()
}

/// Writes a record's data, compressing the names of the types of RFC 1035 (RFC 3597 4).
pub(crate) fn write_data(reply: &mut Reply<'_>, rtype: RecordType, data: &[u8]) {
    match rtype {
        RecordType::NS | RecordType::CNAME | RecordType::PTR => reply.name(data),
        RecordType::MX => {
            reply.put(&data[..2]);
            reply.name(&data[2..]);
        }
        RecordType::SOA => {
            let (mname, rest) = split_name(data);
            let (rname, numbers) = split_name(rest);
            reply.name(mname);
            reply.name(rname);
            reply.put(numbers);
        }
        _ => reply.put(data),
    }
}

/// Splits data into the name that it starts with and the rest.
pub(crate) fn split_name(data: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = data;
    while let Some(next) = parent(rest) {
        rest = next;
    }
    data.split_at(data.len() - rest.len() + 1)
}
