//! Answers in XML, well-formed whatever is in the texts.
//!
//! Element names are constants of the callers; texts are anybody's. Relies on `quick-xml` for
//! escaping. A character that XML 1.0 cannot carry is refused on input; should one get here all the
//! same, it is replaced rather than sent.

use std::borrow::Cow;

use model::Timestamp;
use quick_xml::{
    Writer,
    escape::escape,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::form::is_xml_char;

/// A sequence of elements.
pub(crate) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    /// An empty sequence.
    pub(crate) fn new() -> Self {
        Self { writer: Writer::new(Vec::with_capacity(1024)) }
    }

    /// The answer of EC2 operations that have nothing to show.
    pub(crate) fn yes() -> Self {
        let mut xml = Self::new();
        xml.value("return", true);
        xml
    }

    /// An element with elements inside.
    pub(crate) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.write(Event::Start(BytesStart::new(name)));
        inside(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with a text inside.
    pub(crate) fn text(&mut self, name: &str, text: impl AsRef<str>) {
        let text = escaped(text.as_ref());
        self.element(name, |xml| xml.write(Event::Text(BytesText::from_escaped(text))));
    }

    /// An element with something printable inside.
    pub(crate) fn value(&mut self, name: &str, value: impl ToString) {
        self.text(name, value.to_string());
    }

    /// An element only if there is something to put in.
    pub(crate) fn option(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// A moment: ISO 8601 with milliseconds, UTC.
    pub(crate) fn time(&mut self, name: &str, at: Timestamp) {
        self.text(name, iso_8601(at));
    }

    /// A list: the list's element, and one for each item; empty lists keep their element.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        item: &str,
        items: impl IntoIterator<Item = T>,
        mut inside: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for one in items {
                xml.element(item, |xml| inside(xml, one));
            }
        });
    }

    /// A list of printable values.
    pub(crate) fn values<T: ToString>(
        &mut self,
        name: &str,
        item: &str,
        values: impl IntoIterator<Item = T>,
    ) {
        self.element(name, |xml| values.into_iter().for_each(|value| xml.value(item, value)));
    }

    /// The sequence within a root element of a namespace.
    pub(crate) fn rooted(self, root: &str, namespace: &str) -> Self {
        let mut xml = Self::new();
        let mut start = BytesStart::new(root);
        start.push_attribute(("xmlns", namespace));
        xml.write(Event::Start(start));
        xml.append(self);
        xml.write(Event::End(BytesEnd::new(root)));
        xml
    }

    /// The sequence as the members of an EC2 answer.
    pub(crate) fn ec2_document(self, action: &str, namespace: &str, request_id: &str) -> Vec<u8> {
        let mut xml = Self::new();
        xml.text("requestId", request_id);
        xml.append(self);
        xml.rooted(&format!("{action}Response"), namespace).into_document()
    }

    /// The sequence as the members of an AWS Query answer.
    pub(crate) fn query_document(self, action: &str, namespace: &str, request_id: &str) -> Vec<u8> {
        let mut xml = Self::new();
        xml.element(&format!("{action}Result"), |xml| xml.append(self));
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
        xml.rooted(&format!("{action}Response"), namespace).into_document()
    }

    /// Adds another sequence.
    pub(crate) fn append(&mut self, other: Self) {
        self.writer.get_mut().extend_from_slice(&other.writer.into_inner());
    }

    /// The bytes of a document; the sequence must be one element.
    pub(crate) fn into_document(self) -> Vec<u8> {
        let mut document = Self::new();
        document.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        document.append(self);
        document.writer.into_inner()
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("writing to a Vec cannot fail");
    }
}

fn escaped(text: &str) -> String {
    let clean: Cow<'_, str> = if text.chars().all(is_xml_char) {
        text.into()
    } else {
        text.chars().map(|c| if is_xml_char(c) { c } else { '\u{fffd}' }).collect()
    };
    // A parser turns a bare carriage return into a line feed (XML 1.0, 2.11).
    escape(clean).replace('\r', "&#13;")
}

/// `2026-11-21T03:06:19.000Z`.
pub(crate) fn iso_8601(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .unwrap_or(jiff::Timestamp::MAX)
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;

    use super::*;
    use crate::query::{Dialect, Fault};

    /// All texts of a document, or nothing if it is not well-formed.
    fn parsed(document: &[u8]) -> Option<Vec<String>> {
        let mut reader = Reader::from_reader(document);
        reader.config_mut().check_end_names = true;
        let (mut texts, mut depth) = (Vec::new(), 0_i32);
        let mut current = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(_) => {
                    depth += 1;
                    current.clear();
                }
                Event::End(_) => {
                    depth -= 1;
                    texts.push(std::mem::take(&mut current));
                }
                Event::Text(text) => current.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => {
                    let name = entity.xml10_content();
                    current.push_str(&match entity.resolve_char_ref().ok()? {
                        Some(c) => c.to_string(),
                        None => quick_xml::escape::resolve_xml_entity(&name)?.to_owned(),
                    });
                }
                Event::Decl(_) => {}
                Event::Eof => return (depth == 0).then_some(texts),
                _ => return None,
            }
        }
    }

    #[test]
    fn shapes_are_written_as_clients_read_them() {
        let mut xml = Xml::new();
        xml.value("flag", true);
        xml.time("at", Timestamp(1_795_230_379_007));
        xml.values("emptySet", "item", Vec::<String>::new());
        xml.list("tagSet", "item", [("a", "<b>&\"'\r")], |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
        let text = String::from_utf8(xml.rooted("R", "http://x/").into_document()).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><R xmlns=\"http://x/\"><flag>true</flag>\
             <at>2026-11-21T03:06:19.007Z</at><emptySet></emptySet><tagSet><item><key>a</key>\
             <value>&lt;b&gt;&amp;&quot;&apos;&#13;</value></item></tagSet></R>"
        );
    }

    proptest! {
        #[test]
        fn documents_parse_whatever_the_texts(texts in proptest::collection::vec(".*", 0..8)) {
            let mut xml = Xml::new();
            xml.values("set", "item", &texts);
            let read = parsed(&xml.into_document()).expect("well-formed");
            for (text, read) in texts.iter().zip(&read) {
                let clean = |c| if is_xml_char(c) { c } else { '\u{fffd}' };
                prop_assert_eq!(&text.chars().map(clean).collect::<String>(), read);
            }
        }

        #[test]
        fn errors_parse_whatever_the_message(message: String) {
            for dialect in [Dialect::Ec2, Dialect::Query] {
                let document = Fault::new("Code", &*message).document(dialect, "id");
                prop_assert!(parsed(&document).is_some());
            }
        }

        #[test]
        fn forms_never_panic(bytes: Vec<u8>, text in "[A-Za-z0-9.&=%+]{0,200}") {
            crate::query::parse_form(&bytes);
            crate::query::parse_form(text.as_bytes());
        }
    }
}
