//! Tags on ELBv2's wire.

use control_core::Tags;

use crate::query::{Fault, Input, Xml, fault::quoted};

/// Reads `Tags`.
pub(super) fn read(input: &Input<'_>) -> Result<Tags, Fault> {
    let mut tags = Tags::none();
    for tag in input.structures("Tags") {
        let key = tag.required_text("Key")?;
        let value = tag.text("Value")?.unwrap_or_default();
        if tags.0.insert(key.to_owned(), value.to_owned()).is_some() {
            let message = format!("The tag key '{}' is specified twice", quoted(key));
            return Err(Fault::new("DuplicateTagKeys", message));
        }
    }
    Ok(tags)
}

/// Writes `Tags`.
pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    xml.list("Tags", "member", tags.iter(), |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
