//! `application/x-www-form-urlencoded` bytes to names and values.
//!
//! Flat on purpose: `Foo.1.Bar` stays one name, so a caller's indexes never become sizes. What
//! cannot be carried back in XML 1.0 is refused here, for every member at once.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::atomic::{AtomicBool, Ordering},
};

use super::Fault;

/// More than the largest request that is of use: 1,000 targets with three members each.
const PARAMETERS_MAX: usize = 4096;
/// Longer than any name of the API models with their indexes.
const NAME_BYTES_MAX: usize = 256;

/// The parameters of a request, each with whether an operation has looked at it.
#[derive(Debug, Default)]
pub(crate) struct Form {
    parameters: BTreeMap<String, Parameter>,
}

#[derive(Debug)]
struct Parameter {
    value: String,
    used: AtomicBool,
}

impl Form {
    /// Reads the parts of a request that hold parameters: query string and body.
    pub(crate) fn parse(parts: &[&[u8]]) -> Result<Self, Fault> {
        let mut parameters = BTreeMap::new();
        let pairs =
            parts.iter().flat_map(|part| part.split(|b| *b == b'&')).filter(|p| !p.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count >= PARAMETERS_MAX {
                return Err(Fault::malformed_form("The request has too many parameters."));
            }
            let split = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let name = decoded(&pair[..split])?;
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                return Err(Fault::malformed_form("The name of a parameter is empty or too long."));
            }
            let value = decoded(pair.get(split + 1..).unwrap_or_default())?;
            match parameters.entry(name) {
                Entry::Occupied(_) => {
                    return Err(Fault::malformed_form("A parameter is given more than once."));
                }
                Entry::Vacant(slot) => {
                    slot.insert(Parameter { value, used: AtomicBool::new(false) });
                }
            }
        }
        Ok(Self { parameters })
    }

    /// Takes out the members of a query signature, which are not the operation's.
    pub(crate) fn without_signature(mut self) -> Self {
        self.parameters.retain(|name, _| !name.starts_with("X-Amz-"));
        self
    }

    /// The same parameters, none of them looked at.
    pub(crate) fn unread(&self) -> Self {
        let copy = |(name, parameter): (&String, &Parameter)| {
            let value = parameter.value.clone();
            (name.clone(), Parameter { value, used: AtomicBool::new(false) })
        };
        Self { parameters: self.parameters.iter().map(copy).collect() }
    }

    /// All names and values, without counting as a look at them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter.value.as_str()))
    }

    /// A value, without counting as a look at it.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(|parameter| parameter.value.as_str())
    }

    /// A value.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(|parameter| {
            parameter.used.store(true, Ordering::Relaxed);
            parameter.value.as_str()
        })
    }

    /// All names that start so.
    pub(super) fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .range(prefix.to_owned()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(prefix))
    }

    /// A parameter that nobody has looked at.
    pub(super) fn unused(&self) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(_, parameter)| !parameter.used.load(Ordering::Relaxed))
            .map(|(name, _)| name.as_str())
    }
}

/// Undoes `+` and `%XX`, and insists on UTF-8 of which XML 1.0 can carry every character.
fn decoded(bytes: &[u8]) -> Result<String, Fault> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [rest.next(), rest.next()].map(|b| b.copied().unwrap_or_default());
                let mut decoded = [0];
                hex::decode_to_slice(pair, &mut decoded).map_err(|_| {
                    Fault::malformed_form("The request has a malformed percent escape.")
                })?;
                decoded[0]
            }
            other => *other,
        });
    }
    let text = String::from_utf8(plain)
        .map_err(|_| Fault::malformed_form("The request is not in UTF-8."))?;
    if text.chars().all(is_xml_char) {
        Ok(text)
    } else {
        Err(Fault::new(
            "InvalidParameterValue",
            "The request has a control character that an answer in XML could not carry.",
        ))
    }
}

/// `Char` of XML 1.0 (2.2); surrogates cannot occur in a `char`.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let form = Form::parse(&[text.as_bytes()]).map_err(|fault| fault.code)?;
        Ok(form.parameters.into_iter().map(|(name, p)| (name, p.value)).collect())
    }

    #[test]
    fn forms_are_read_as_clients_write_them() {
        let table: [(&str, &[(&str, &str)]); 6] = [
            ("", &[]),
            ("&&a=1&", &[("a", "1")]),
            ("a=d+e%2Ff%2B~%2A", &[("a", "d e/f+~*")]),
            ("Names=&b", &[("Names", ""), ("b", "")]),
            ("a=%C3%A4%26=1", &[("a", "ä&=1")]),
            ("Tag.1.Value=%0A%09x", &[("Tag.1.Value", "\n\tx")]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> =
                expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn malformed_forms_are_refused() {
        let many: String = (0..=PARAMETERS_MAX).map(|i| format!("a{i}=1&")).collect();
        let long = "n".repeat(NAME_BYTES_MAX + 1);
        let malformed = "MalformedQueryString";
        for (text, code) in [
            ("a=%", malformed),
            ("a=%4", malformed),
            ("a=%zz", malformed),
            ("a=%+1", malformed),
            ("a=%ff", malformed),
            ("=1", malformed),
            ("a=1&a=2", malformed),
            (&many, malformed),
            (&long, malformed),
            ("a=%00", "InvalidParameterValue"),
            ("a=%1B", "InvalidParameterValue"),
            ("a=%EF%BF%BF", "InvalidParameterValue"),
            ("a%0B=1", "InvalidParameterValue"),
        ] {
            assert_eq!(read(text), Err(code), "{text:.40}");
        }
    }

    #[test]
    fn a_parameter_may_not_be_in_query_and_body() {
        assert!(Form::parse(&[b"Action=A", b"Action=B"]).is_err());
    }
}
