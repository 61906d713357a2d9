//! Writing a reply into a caller's buffer: sections, name compression, truncation, OPT.
//!
//! A reply starts as a copy of the header and question, so the question comes back bit for bit.
//! What does not fit is noticed at the end: the reply is then cut back to the RRsets that are
//! whole, with TC set, and keeps its OPT record (RFC 2181 9, RFC 6891 7). Does not know what is
//! right to answer.

use crate::{
    name::{ancestors, labels, parent},
    query::{Edns, Query},
    wire::{
        CLASS_IN, DNSSEC_OK, HEADER_LEN, OPT_LEN, POINTER, Rcode, RecordType, UDP_LEN_MAX, flag,
        u16_at,
    },
};

/// How many places of names a reply remembers for compression; later names repeat less often.
const PLACES_MAX: usize = 48;
/// Farthest place that a pointer can name (RFC 1035 4.1.4).
const POINTER_REACH: usize = 0x3FFF;

/// A section that records are added to, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Answer,
    Authority,
    Additional,
}

/// A reply being written.
pub(crate) struct Reply<'b> {
    bytes: &'b mut [u8],
    len: usize,
    /// Where records must end, so that the OPT record still fits.
    limit: usize,
    question_count: u16,
    edns: Option<Edns>,
    /// What the OPT record holds.
    options: &'b [u8],
    counts: [u16; 3],
    overflown: bool,
    /// Flags beside those that follow from the rest.
    flags: u16,
    /// Where names start that later ones may point to; the first is filled from the question.
    places: [u16; PLACES_MAX],
    places_used: usize,
    /// The end of the last RRset that is whole.
    whole: Mark,
}

impl<'b> Reply<'b> {
    /// Starts the reply to a query, to be at most `len_max` long, with these EDNS options; nothing
    /// if the buffer is too small to repeat the question.
    pub(crate) fn to(
        query: &Query<'_>,
        options: &'b [u8],
        bytes: &'b mut [u8],
        len_max: usize,
    ) -> Option<Self> {
        let room_for_opt = if query.edns.is_some() { OPT_LEN + options.len() } else { 0 };
        let limit = bytes.len().min(len_max).checked_sub(room_for_opt)?;
        let question_end = query.question_end;
        if question_end > limit {
            return None;
        }
        bytes[..question_end].copy_from_slice(&query.message[..question_end]);
        Some(Self {
            bytes,
            len: question_end,
            limit,
            question_count: query.has_question.into(),
            edns: query.edns,
            options,
            counts: [0; 3],
            overflown: false,
            flags: 0,
            places: [0; PLACES_MAX],
            places_used: 0,
            whole: Mark { len: question_end, counts: [0; 3], places_used: 0 },
        })
    }

    /// Appends records that are ready as they are; their owner points to the question.
    pub(crate) fn records(&mut self, section: Section, count: u16, wire: &[u8]) {
        self.put(wire);
        self.add(section, count);
    }

    /// Appends one record that is ready but for pointers to one name, which go to these places in
    /// it.
    pub(crate) fn template(
        &mut self,
        section: Section,
        wire: &[u8],
        places: &[usize],
        name_at: usize,
    ) {
        let start = self.len;
        self.put(wire);
        if !self.overflown {
            let pointer = POINTER | u16::try_from(name_at).unwrap_or(0);
            for place in places {
                let at = start + place;
                self.bytes[at..at + 2].copy_from_slice(&pointer.to_be_bytes());
            }
        }
        self.add(section, 1);
    }

    /// Appends a record up to its data, which `data` then writes.
    pub(crate) fn record(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: RecordType,
        ttl: u32,
        data: impl FnOnce(&mut Self),
    ) {
        self.name(owner);
        self.put(&rtype.0.to_be_bytes());
        self.put(&CLASS_IN.to_be_bytes());
        self.put(&ttl.to_be_bytes());
        let length_at = self.len;
        self.put(&[0; 2]);
        data(self);
        if !self.overflown {
            let len = u16::try_from(self.len - length_at - 2).unwrap_or(u16::MAX);
            self.bytes[length_at..length_at + 2].copy_from_slice(&len.to_be_bytes());
        }
        self.add(section, 1);
    }

    fn add(&mut self, section: Section, count: u16) {
        // More than can be counted is more than fits.
        let count = self.counts[section as usize].saturating_add(count);
        self.counts[section as usize] = count;
    }

    /// Says that we would have asked others, had the name not been ours.
    pub(crate) fn offer_recursion(&mut self) {
        self.flags |= flag::RECURSION_AVAILABLE;
    }

    /// Whether something did not fit, so that writing more is in vain.
    pub(crate) fn is_overflown(&self) -> bool {
        self.overflown
    }

    /// Appends bytes, if they fit.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if self.overflown || end > self.limit {
            self.overflown = true;
        } else {
            self.bytes[self.len..end].copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Appends a name, with its longest ending that was written before replaced by a pointer.
    pub(crate) fn name(&mut self, wire: &[u8]) {
        if self.places_used == 0 {
            self.remember_question();
        }
        // Not this name's own places: what follows them is not written yet.
        let known = self.places_used;
        for rest in ancestors(wire) {
            let Some(label) = labels(rest).next() else { break };
            if self.overflown {
                return;
            }
            if let Some(place) = self.find(known, rest) {
                self.put(&(POINTER | place).to_be_bytes());
                return;
            }
            self.remember(self.len);
            self.put(&rest[..=label.len()]);
        }
        self.put(&[0]);
    }

    /// The place of a name, among the first ones remembered.
    fn find(&self, known: usize, wire: &[u8]) -> Option<u16> {
        let places = &self.places[..known];
        places.iter().copied().find(|place| self.is_name_at(usize::from(*place), wire))
    }

    /// Whether the name written at a place equals this one.
    fn is_name_at(&self, mut at: usize, wire: &[u8]) -> bool {
        let mut rest = wire;
        loop {
            let len = usize::from(self.bytes[at]);
            if len > 63 {
                let Some(pointer) = u16_at(self.bytes, at) else { return false };
                at = usize::from(pointer & !POINTER);
                continue;
            }
            // Labels are compared with their length bytes, which no letter equals.
            let label = &rest[..=len.min(rest.len() - 1)];
            let same = self.bytes[at..=at + len].eq_ignore_ascii_case(label);
            match parent(rest) {
                _ if !same => return false,
                None => return true,
                Some(next) => rest = next,
            }
            at += 1 + len;
        }
    }

    fn remember_question(&mut self) {
        let mut at = HEADER_LEN;
        while self.bytes[at] != 0 {
            self.remember(at);
            at += 1 + usize::from(self.bytes[at]);
        }
    }

    fn remember(&mut self, at: usize) {
        if at <= POINTER_REACH && self.places_used < PLACES_MAX && !self.overflown {
            self.places[self.places_used] = u16::try_from(at).unwrap_or(u16::MAX);
            self.places_used += 1;
        }
    }

    /// Whether anything stands in the answer section, or would but for its length.
    pub(crate) fn has_answers(&self) -> bool {
        self.overflown || self.counts[0] > 0
    }

    /// Says that an RRset ends here: what does not fit later leaves it in place.
    pub(crate) fn end_rrset(&mut self) {
        if !self.overflown {
            self.whole = self.mark();
        }
    }

    /// Where optional records may return to if they turn out not to fit.
    pub(crate) fn mark(&self) -> Mark {
        Mark { len: self.len, counts: self.counts, places_used: self.places_used }
    }

    /// Takes back what did not fit since the mark; whether anything was.
    pub(crate) fn take_back_overflow(&mut self, mark: Mark) -> bool {
        if !self.overflown {
            return false;
        }
        self.overflown = false;
        self.len = mark.len;
        self.counts = mark.counts;
        self.places_used = mark.places_used;
        true
    }

    /// Makes the reply one that is cut to its question.
    pub(crate) fn overflow(&mut self) {
        self.overflown = true;
    }

    /// Ends the reply: header, counts, OPT. Gives its length and whether it was truncated.
    pub(crate) fn finish(mut self, rcode: Rcode, is_authoritative: bool) -> (usize, bool) {
        if self.overflown {
            (self.len, self.counts) = (self.whole.len, self.whole.counts);
        }
        if let Some(edns) = self.edns {
            self.append_opt(edns, rcode);
            self.counts[Section::Additional as usize] += 1;
        }
        let asked = u16_at(self.bytes, 2).unwrap_or(0);
        let mut flags = asked & (flag::OPCODE | flag::RECURSION_DESIRED);
        flags |= self.flags | flag::RESPONSE | (rcode.0 & 0xF);
        if is_authoritative {
            flags |= flag::AUTHORITATIVE;
        }
        if self.overflown {
            flags |= flag::TRUNCATED;
        }
        let [answers, authorities, additionals] = self.counts;
        let fields = [flags, self.question_count, answers, authorities, additionals];
        for (place, field) in self.bytes[2..HEADER_LEN].chunks_exact_mut(2).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        (self.len, self.overflown)
    }

    /// Appends the OPT record, for which room was kept. Of the client's flags only DO is copied
    /// (RFC 3225 3, RFC 6891 6.1.4).
    fn append_opt(&mut self, edns: Edns, rcode: Rcode) {
        let [_, opt_type] = RecordType::OPT.0.to_be_bytes();
        let [size0, size1] = u16::try_from(UDP_LEN_MAX).unwrap_or(u16::MAX).to_be_bytes();
        let [extended, _] = (rcode.0 << 4).to_be_bytes();
        let [dnssec_ok, _] = (edns.flags & DNSSEC_OK).to_be_bytes();
        let [len0, len1] = u16::try_from(self.options.len()).unwrap_or(0).to_be_bytes();
        let opt = [0, 0, opt_type, size0, size1, extended, 0, dnssec_ok, 0, len0, len1];
        for part in [&opt, self.options] {
            self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
            self.len += part.len();
        }
    }
}

/// A place in a reply that may be returned to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    len: usize,
    counts: [u16; 3],
    places_used: usize,
}
