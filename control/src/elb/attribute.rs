//! Attributes: names and values on the wire, and what they mean (semantics 1.3, 1.4).

pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod target_group;

use std::{fmt::Display, str::FromStr};

use control_core::resource::{CrossZone, Threshold};

use crate::query::{Fault, Input, Xml, fault::quoted};

/// An attribute as it is listed.
pub(super) type Listed = (&'static str, String);

/// Reads `Attributes` with the function that knows one kind of resource's.
pub(super) fn read<A>(
    input: &Input<'_>,
    read_one: impl Fn(&str, &str) -> Result<Option<A>, Fault>,
) -> Result<Vec<A>, Fault> {
    let attributes = input.structures("Attributes");
    if attributes.is_empty() {
        return Err(Fault::missing_parameter("Attributes"));
    }
    let mut read = Vec::new();
    for attribute in attributes {
        let (key, value) = (attribute.required_text("Key")?, attribute.required_text("Value")?);
        read.extend(read_one(key, value)?);
    }
    Ok(read)
}

/// Writes `Attributes`.
pub(super) fn write(attributes: Vec<Listed>) -> Xml {
    let mut xml = Xml::new();
    xml.list("Attributes", "member", attributes, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
    xml
}

/// The fault for a name that the resource has no attribute of.
fn unknown(key: &str) -> Fault {
    Fault::new("ValidationError", format!("Attribute key '{}' is not recognized", quoted(key)))
}

/// The fault for a value that the attribute cannot have.
fn invalid(key: &str, value: &str) -> Fault {
    let (key, value) = (quoted(key), quoted(value));
    Fault::new("InvalidConfigurationRequest", format!("'{value}' is not a valid value for '{key}'"))
}

/// Reads a value that is a number or a boolean.
fn value<T: FromStr>(key: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| invalid(key, text))
}

/// Takes a value only if it is the one that the attribute always has here.
fn fixed<A>(key: &str, text: &str, only: &str) -> Result<Option<A>, Fault> {
    if text == only { Ok(None) } else { Err(invalid(key, text)) }
}

/// Reads one of a few words.
fn choice<T: Copy>(key: &str, text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| invalid(key, text))
}

/// The word for a meaning.
fn name<T: PartialEq>(of: T, choices: &[(&'static str, T)]) -> &'static str {
    choices.iter().find(|(_, meaning)| *meaning == of).map_or("", |(name, _)| name)
}

fn threshold(key: &str, text: &str) -> Result<Threshold, Fault> {
    if text == "off" { Ok(Threshold::Off) } else { value(key, text).map(Threshold::AtLeast) }
}

fn threshold_text(threshold: Threshold) -> String {
    match threshold {
        Threshold::Off => "off".into(),
        Threshold::AtLeast(count) => count.to_string(),
    }
}

fn cross_zone(key: &str, text: &str) -> Result<CrossZone, Fault> {
    match text {
        "true" => Ok(CrossZone::On),
        "false" => Ok(CrossZone::Off),
        "use_load_balancer_configuration" => Ok(CrossZone::LoadBalancer),
        _ => Err(invalid(key, text)),
    }
}

fn cross_zone_text(cross_zone: CrossZone) -> String {
    match cross_zone {
        CrossZone::On => "true",
        CrossZone::Off => "false",
        CrossZone::LoadBalancer => "use_load_balancer_configuration",
    }
    .into()
}

fn listed(key: &'static str, value: impl Display) -> Listed {
    (key, value.to_string())
}
