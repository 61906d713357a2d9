//! Master files: zones as text (RFC 1035 5, RFC 2308 4, RFC 3597 5).
//!
//! Reading is pure: whoever has files brings their bytes, and an `$INCLUDE` asks for more through a
//! function. A file is taken whole or not at all; every refusal says file and line. Does not know
//! who may see the zone.

mod data;
mod entry;
mod field;
mod kinds;
mod location;
mod service_parameter;

use std::{fmt, sync::Arc};

use model::VpcId;

use self::entry::{Entries, Entry, Token, take_char};
use crate::{
    name::{LABEL_LEN_MAX, Name, is_within},
    wire::RecordType,
    zone::Zone,
    zone_builder::ZoneBuilder,
};

/// How deep files may include files; loops end here.
const INCLUDE_DEPTH_MAX: u32 = 8;
/// Largest TTL (RFC 2181 8).
const TTL_S_MAX: u32 = i32::MAX.cast_unsigned();

/// The TTL of records for which no line says one: what other servers take.
const USUAL_TTL_S: u32 = 3_600;

/// A zone read from a master file.
#[derive(Clone, Debug)]
pub struct StaticZone {
    pub(crate) zone: Arc<Zone>,
    /// The networks that see it; all if none is named.
    pub(crate) vpcs: Vec<VpcId>,
}

impl StaticZone {
    /// Shows the zone to these networks only; with none, to all.
    #[must_use]
    pub fn only_for(mut self, vpcs: &[VpcId]) -> Self {
        self.vpcs = vpcs.to_vec();
        self
    }

    /// The name of the zone.
    pub fn name(&self) -> &Name {
        self.zone.apex()
    }

    /// How many names exist in it.
    pub fn name_count(&self) -> usize {
        self.zone.name_count()
    }
}

/// Why a master file was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 if the fault is the file's as a whole.
    pub line: u32,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl std::error::Error for Fault {}

/// What can be wrong with a master file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A name at which an alias stands has other records, or a second alias.
    Alias,
    /// A class other than IN.
    Class,
    /// The data is not what its type wants.
    Data,
    /// A directive that is not known, or without what it needs.
    Directive,
    /// A backslash without what it needs.
    Escape,
    /// A file to include cannot be had.
    Include,
    /// Files include files too deeply.
    IncludeDepth,
    /// A name is malformed, or one of its labels or itself is too long.
    Name,
    /// A parenthesis without its counterpart.
    Parenthesis,
    /// A quotation mark without its counterpart in the line.
    Quote,
    /// The zone has no SOA record at its name, more than one, or one elsewhere.
    Soa,
    /// Data or a character string is too long for its length field.
    TooLong,
    /// A time to live is malformed or too great.
    Ttl,
    /// A type that is not known, or not one of records.
    Type,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alias => "a name with a CNAME record has no other records",
            Self::Class => "the class has to be IN",
            Self::Data => "the data is not what the type wants",
            Self::Directive => "expected $ORIGIN NAME, $TTL SECONDS or $INCLUDE FILE [ORIGIN]",
            Self::Escape => "a backslash needs a character or three digits up to 255 behind it",
            Self::Include => "cannot read the file, or it is outside the zone file's directory",
            Self::IncludeDepth => "files include files more than 8 deep",
            Self::Name => "a name has labels of 1 to 63 bytes and at most 255 bytes in all",
            Self::Parenthesis => "a parenthesis has no counterpart",
            Self::Quote => "a quotation mark has no counterpart in its line",
            Self::Soa => "a zone has one SOA record, at its own name",
            Self::TooLong => "data takes at most 65,535 bytes, a character string 255",
            Self::Ttl => "a time to live is at most 2147483647 seconds",
            Self::Type => "the type is not known; TYPE and its number names any",
        })
    }
}

/// Reads the zone of a name from a master file. `include` gives the bytes of a file that an
/// `$INCLUDE` names.
///
/// # Errors
///
/// At the first thing that is wrong.
pub fn read_zone(
    name: &Name,
    file: &str,
    text: &[u8],
    include: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<StaticZone, Fault> {
    let mut reader =
        Reader { zone: ZoneBuilder::new(name.clone()), include, default_ttl: None, last_ttl: None };
    let mut place = Place { origin: name.clone(), owner: name.clone() };
    reader.read(file, text, &mut place, 0)?;
    let whole = |problem| Fault { file: file.into(), line: 0, problem };
    let zone = reader.zone.build().map_err(whole)?;
    Ok(StaticZone { zone: Arc::new(zone), vpcs: Vec::new() })
}

/// What is carried through all files of a zone.
struct Reader<'i> {
    zone: ZoneBuilder,
    include: &'i mut dyn FnMut(&str) -> Option<Vec<u8>>,
    /// From `$TTL`.
    default_ttl: Option<u32>,
    /// From the last record that said.
    last_ttl: Option<u32>,
}

/// What is carried from entry to entry, and comes back at the end of an included file.
#[derive(Clone)]
struct Place {
    origin: Name,
    /// Of the last record; at the start the zone's name, as other servers have it.
    owner: Name,
}

impl Reader<'_> {
    fn read(
        &mut self,
        file: &str,
        text: &[u8],
        place: &mut Place,
        depth: u32,
    ) -> Result<(), Fault> {
        let fault = |line, problem| Fault { file: file.into(), line, problem };
        let mut entries = Entries::new(text);
        loop {
            let entry = entries.next().map_err(|problem| fault(entries.line(), problem))?;
            let Some(entry) = entry else { return Ok(()) };
            let line = entry.line;
            match entry.tokens[0].raw.strip_prefix(b"$") {
                Some(directive)
                    if !entry.is_indented && directive.eq_ignore_ascii_case(b"INCLUDE") =>
                {
                    let (file, text, mut inner) = self
                        .open(&entry.tokens[1..], place, depth)
                        .map_err(|problem| fault(line, problem))?;
                    self.read(&file, &text, &mut inner, depth + 1)?;
                }
                Some(directive) if !entry.is_indented => self
                    .directive(directive, &entry.tokens[1..], place)
                    .map_err(|problem| fault(line, problem))?,
                _ => self.record(&entry, place).map_err(|problem| fault(line, problem))?,
            }
        }
    }

    fn directive(
        &mut self,
        directive: &[u8],
        arguments: &[Token<'_>],
        place: &mut Place,
    ) -> Result<(), Problem> {
        let [argument] = arguments else { return Err(Problem::Directive) };
        if directive.eq_ignore_ascii_case(b"ORIGIN") {
            place.origin = parse_name(argument.raw, &place.origin)?;
        } else if directive.eq_ignore_ascii_case(b"TTL") {
            self.default_ttl = Some(argument.as_text().and_then(parse_ttl).ok_or(Problem::Ttl)?);
        } else {
            return Err(Problem::Directive);
        }
        Ok(())
    }

    /// Gets an included file: its name, its bytes, and where it starts out.
    fn open(
        &mut self,
        arguments: &[Token<'_>],
        place: &Place,
        depth: u32,
    ) -> Result<(String, Vec<u8>, Place), Problem> {
        let (file, origin) = match arguments {
            [file] => (file, place.origin.clone()),
            [file, origin] => (file, parse_name(origin.raw, &place.origin)?),
            _ => return Err(Problem::Directive),
        };
        if depth == INCLUDE_DEPTH_MAX {
            return Err(Problem::IncludeDepth);
        }
        let file = String::from_utf8(file.unescaped()?).map_err(|_| Problem::Include)?;
        let text = (self.include)(&file).ok_or(Problem::Include)?;
        Ok((file, text, Place { origin, owner: place.owner.clone() }))
    }

    fn record(&mut self, entry: &Entry<'_>, place: &mut Place) -> Result<(), Problem> {
        let mut tokens = entry.tokens.as_slice();
        if !entry.is_indented {
            place.owner = parse_name(tokens[0].raw, &place.origin)?;
            tokens = &tokens[1..];
        }
        let (ttl, rtype, tokens) = head(tokens)?;
        let owner = &place.owner;
        let data = data::parse(rtype, tokens, &place.origin)?;
        self.last_ttl = ttl.or(self.last_ttl);
        let ttl = ttl.or(self.default_ttl).or(self.last_ttl);
        // RFC 1035 allows to leave out every TTL; the SOA record's MINIMUM then stands in.
        let minimum = || data.last_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let ttl = match ttl {
            None if rtype == RecordType::SOA => {
                self.last_ttl = minimum();
                self.last_ttl
            }
            ttl => ttl,
        };
        // What is not in the zone is not ours to say, whoever wrote it here.
        if is_within(owner.as_wire(), self.zone.apex().as_wire()) {
            self.zone.add(owner, rtype, ttl.unwrap_or(USUAL_TTL_S), data)?;
        }
        Ok(())
    }
}

/// Takes TTL and class, in either order and each optional, and the type off a record's tokens.
fn head<'t, 'e>(
    mut tokens: &'e [Token<'t>],
) -> Result<(Option<u32>, RecordType, &'e [Token<'t>]), Problem> {
    let (mut ttl, mut has_class) = (None, false);
    loop {
        let (token, rest) = tokens.split_first().ok_or(Problem::Type)?;
        let text = token.as_text().filter(|_| !token.is_quoted).ok_or(Problem::Type)?;
        tokens = rest;
        if text.starts_with(|c: char| c.is_ascii_digit()) && ttl.is_none() {
            ttl = Some(parse_ttl(text).ok_or(Problem::Ttl)?);
        } else if !has_class && is_class(text)? {
            has_class = true;
        } else {
            return kinds::record_type(text).map(|rtype| (ttl, rtype, rest)).ok_or(Problem::Type);
        }
    }
}

/// Whether a token names a class, which has to be IN.
fn is_class(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_uppercase().as_str() {
        "IN" | "CLASS1" => Ok(true),
        "CH" | "HS" | "CS" => Err(Problem::Class),
        other if other.starts_with("CLASS") => Err(Problem::Class),
        _ => Ok(false),
    }
}

fn parse_ttl(text: &str) -> Option<u32> {
    parse_seconds(text).filter(|ttl| *ttl <= TTL_S_MAX)
}

/// A number of seconds, or sums of them with units as in `1h30m`.
fn parse_seconds(text: &str) -> Option<u32> {
    let mut total = 0_u32;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, unit) = rest.split_at(end);
        let number: u32 = digits.parse().ok()?;
        let factor = match unit.as_bytes().first().map(u8::to_ascii_lowercase) {
            None | Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            Some(b'w') => 604_800,
            Some(_) => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = unit.get(1..).unwrap_or("");
    }
    if text.is_empty() { None } else { Some(total) }
}

impl std::str::FromStr for Name {
    type Err = Problem;

    /// Reads a whole name as master files write it, with or without its final dot.
    fn from_str(text: &str) -> Result<Self, Problem> {
        parse_name(text.as_bytes(), &Self::root())
    }
}

/// A name as master files write it: relative to the origin unless it ends in a dot.
fn parse_name(raw: &[u8], origin: &Name) -> Result<Name, Problem> {
    match raw {
        b"@" => return Ok(origin.clone()),
        b"." => return Ok(Name::root()),
        _ => {}
    }
    let mut labels = vec![Vec::new()];
    let mut rest = raw;
    while let Some((byte, is_escaped)) = take_char(&mut rest)? {
        match labels.last_mut() {
            Some(label) if byte == b'.' && !is_escaped => {
                if label.is_empty() {
                    return Err(Problem::Name);
                }
                labels.push(Vec::new());
            }
            Some(label) if label.len() < LABEL_LEN_MAX => label.push(byte),
            _ => return Err(Problem::Name),
        }
    }
    let is_absolute = labels.pop_if(|label| label.is_empty()).is_some();
    let end = if is_absolute { Name::root() } else { origin.clone() };
    let name = labels.iter().rev().try_fold(end, |name, label| name.child(label));
    name.filter(|_| !labels.is_empty()).ok_or(Problem::Name)
}
