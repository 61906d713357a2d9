//! The SOA record that goes with "no such name" and "no such data" (RFC 2308 2.1, 2.2, 3).
//!
//! Prepared once per zone: all but the pointers to the zone's name, whose place depends on the
//! question. Its TTL says how long clients may remember the absence. Does not know what is absent.

use crate::{
    name::{Name, QuestionName, is_within},
    record::{split_name, write_data},
    reply::{Reply, Section},
    wire::{CLASS_IN, HEADER_LEN, RecordType},
};

/// A zone's SOA record as negative answers carry it.
#[derive(Debug)]
pub(crate) struct Negative {
    apex: Name,
    ttl: u32,
    data: Box<[u8]>,
    template: Box<[u8]>,
    /// Where the template wants pointers to the zone's name.
    pointers: Box<[usize]>,
}

impl Negative {
    /// Prepares the record of an apex with this SOA data and TTL.
    pub(crate) fn new(apex: &Name, data: &[u8], soa_ttl: u32) -> Self {
        let (mname, rest) = split_name(data);
        let (rname, numbers) = split_name(rest);
        let minimum = numbers.last_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        // RFC 2308 3 and 5: the lesser of the two.
        let ttl = soa_ttl.min(minimum);
        let mut template = Template::default();
        template.name(apex.as_wire(), apex);
        template.wire.extend(RecordType::SOA.0.to_be_bytes());
        template.wire.extend(CLASS_IN.to_be_bytes());
        template.wire.extend(ttl.to_be_bytes());
        let length_at = template.wire.len();
        template.wire.extend([0; 2]);
        template.name(mname, apex);
        template.name(rname, apex);
        template.wire.extend_from_slice(numbers);
        let len = u16::try_from(template.wire.len() - length_at - 2).unwrap_or(u16::MAX);
        template.wire[length_at..length_at + 2].copy_from_slice(&len.to_be_bytes());
        Self {
            apex: apex.clone(),
            ttl,
            data: data.into(),
            template: template.wire.into(),
            pointers: template.pointers.into(),
        }
    }

    /// Adds the record under another owner than the zone's name.
    pub(crate) fn write_at(&self, reply: &mut Reply<'_>, owner: &[u8]) {
        reply.record(Section::Authority, owner, RecordType::SOA, self.ttl, |reply| {
            write_data(reply, RecordType::SOA, &self.data);
        });
    }

    /// Adds the record to a reply.
    pub(crate) fn write(&self, reply: &mut Reply<'_>, question: &QuestionName) {
        let asked = question.as_wire();
        let apex = self.apex.as_wire();
        // A pointer to the root would be longer than the root, and after a CNAME into another zone
        // the question's name does not end in this zone's.
        if apex.len() > 1 && is_within(asked, apex) {
            let apex_at = HEADER_LEN + asked.len() - apex.len();
            reply.template(Section::Authority, &self.template, &self.pointers, apex_at);
        } else {
            self.write_at(reply, apex);
        }
    }
}

/// A record under construction, with the places of its pointers.
#[derive(Default)]
struct Template {
    wire: Vec<u8>,
    pointers: Vec<usize>,
}

impl Template {
    /// Appends a name; if it ends in the apex, that end becomes a pointer.
    fn name(&mut self, name: &[u8], apex: &Name) {
        let apex = apex.as_wire();
        if apex.len() > 1 && is_within(name, apex) {
            self.wire.extend_from_slice(&name[..name.len() - apex.len()]);
            self.pointers.push(self.wire.len());
            self.wire.extend([0; 2]);
        } else {
            self.wire.extend_from_slice(name);
        }
    }
}
