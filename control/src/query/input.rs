//! Typed access to a form's members.
//!
//! An operation asks for the members it knows and then calls [`Input::finish`], which refuses what
//! is left over: a misspelt or unsupported member is never silently dropped. A list costs as much
//! as it has members, whatever indexes the caller wrote.

use std::{collections::BTreeSet, str::FromStr};

use super::{Dialect, Fault, Form};

/// A form, or a structure within it.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    form: &'a Form,
    dialect: Dialect,
    /// Empty, or ends in a dot.
    prefix: String,
}

impl<'a> Input<'a> {
    /// The whole form.
    pub(crate) fn new(form: &'a Form, dialect: Dialect) -> Self {
        Self { form, dialect, prefix: String::new() }
    }

    /// The member's name with everything before it, for messages.
    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        Ok(self.form.value(&self.full_name(name)))
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Fault> {
        self.text(name)?.ok_or_else(|| Fault::missing_parameter(&self.full_name(name)))
    }

    /// A value of a type that can be read from a text; `expected` says what, after "Expected".
    pub(crate) fn parse<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let invalid = |_| Fault::invalid_value(&self.full_name(name), text, expected);
        text.parse().map(Some).map_err(invalid)
    }

    /// A value that must be there.
    pub(crate) fn required<T: FromStr>(&self, name: &str, expected: &str) -> Result<T, Fault> {
        self.parse(name, expected)?.ok_or_else(|| Fault::missing_parameter(&self.full_name(name)))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.parse(name, "true or false")
    }

    /// One of a few texts, each with its meaning.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match choices.iter().find(|(choice, _)| *choice == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let choices: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
                let expected = format!("one of {}", choices.join(", "));
                Err(Fault::invalid_value(&self.full_name(name), text, &expected))
            }
        }
    }

    /// A list of texts, in the order of the indexes.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'a str>, Fault> {
        if self.dialect == Dialect::Query && self.form.peek(&self.full_name(name)) == Some("") {
            self.form.value(&self.full_name(name));
            return Ok(Vec::new());
        }
        let prefix = self.list_prefix(name);
        self.indexes(&prefix)
            .into_iter()
            .map(|index| {
                let item = format!("{prefix}{index}");
                self.form.value(&item).ok_or_else(|| Fault::missing_parameter(&item))
            })
            .collect()
    }

    /// A list of texts that must have one at least.
    pub(crate) fn required_texts(&self, name: &str) -> Result<Vec<&'a str>, Fault> {
        let texts = self.texts(name)?;
        if texts.is_empty() {
            return Err(Fault::missing_parameter(&self.full_name(name)));
        }
        Ok(texts)
    }

    /// A list of structures, in the order of the indexes.
    pub(crate) fn structures(&self, name: &str) -> Vec<Self> {
        let prefix = self.list_prefix(name);
        self.indexes(&prefix)
            .into_iter()
            .map(|index| Self { prefix: format!("{prefix}{index}."), ..self.clone() })
            .collect()
    }

    /// A structure; its members may all be missing.
    pub(crate) fn structure(&self, name: &str) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..self.clone() }
    }

    /// Whether the member, or anything within it, is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = self.full_name(name);
        self.form.peek(&name).is_some() || self.form.names(&format!("{name}.")).next().is_some()
    }

    /// Refuses members that AWS has and Postern does not serve.
    pub(crate) fn refuse(&self, names: &[&str]) -> Result<(), Fault> {
        match names.iter().find(|name| self.has(name)) {
            Some(name) => Err(Fault::unsupported_parameter(&self.full_name(name))),
            None => Ok(()),
        }
    }

    /// Refuses members that nobody asked for.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.form.unused() {
            Some(name) => Err(Fault::unknown_parameter(name)),
            None => Ok(()),
        }
    }

    fn list_prefix(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Ec2 => format!("{}{name}.", self.prefix),
            Dialect::Query => format!("{}{name}.member.", self.prefix),
        }
    }

    /// The indexes that occur, in their order. Gaps and any start are taken; leading zeros are not,
    /// for they would make two names of one index.
    fn indexes(&self, prefix: &str) -> BTreeSet<u64> {
        self.form
            .names(prefix)
            .filter_map(|name| {
                let index = name[prefix.len()..].split('.').next().unwrap_or_default();
                let plain = !index.starts_with('0') && index.bytes().all(|b| b.is_ascii_digit());
                if plain { index.parse().ok() } else { None }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(&[text.as_bytes()]).unwrap()
    }

    #[test]
    fn lists_keep_the_order_of_their_indexes_whatever_the_gaps() {
        let far = u64::MAX;
        for (dialect, infix) in [(Dialect::Ec2, ""), (Dialect::Query, "member.")] {
            let form = form(&format!(
                "L.{infix}10=c&L.{infix}2=b&L.{infix}{far}=d&L.{infix}1=a&S.{infix}999999999.A=x"
            ));
            let input = Input::new(&form, dialect);
            assert_eq!(input.texts("L").unwrap(), ["a", "b", "c", "d"]);
            let structures = input.structures("S");
            assert_eq!(structures.len(), 1);
            assert_eq!(structures[0].text("A").unwrap(), Some("x"));
            input.finish().unwrap();
        }
    }

    #[test]
    fn leftovers_are_unknown_parameters() {
        for text in ["B=1", "A.1=1", "L.x=1", "L.01=1", "L.0=1", "L.1.X=1", "a=1", "S.1.A.B=1"] {
            let form = form(text);
            let input = Input::new(&form, Dialect::Ec2);
            input.text("A").unwrap();
            let list = input.texts("L");
            input.structures("S").iter().for_each(|s| drop(s.text("A")));
            let fault = list.and_then(|_| input.finish()).unwrap_err();
            let expected = if text == "L.1.X=1" { "MissingParameter" } else { "UnknownParameter" };
            assert_eq!(fault.code, expected, "{text}: {}", fault.message);
        }
    }

    #[test]
    fn values_of_a_wrong_type_are_refused() {
        let form = form("N=x&B=yes&C=Z&Big=99999999999999999999");
        let input = Input::new(&form, Dialect::Ec2);
        let faults = [
            input.parse::<i32>("N", "an integer").map(drop),
            input.boolean("B").map(drop),
            input.choice("C", &[("X", 1), ("Y", 2)]).map(drop),
            input.parse::<i32>("Big", "an integer").map(drop),
        ];
        for fault in faults {
            assert_eq!(fault.unwrap_err().code, "InvalidParameterValue");
        }
        let fault = input.required_text("Q").unwrap_err();
        assert_eq!(fault.code, "MissingParameter");
        assert_eq!(fault.message, "The request must contain the parameter Q");
    }

    #[test]
    fn an_empty_list_of_the_query_dialect_is_a_list() {
        let form = form("Names=");
        let input = Input::new(&form, Dialect::Query);
        assert!(input.texts("Names").unwrap().is_empty());
        input.finish().unwrap();
    }

    #[test]
    fn unsupported_members_are_named() {
        let form = form("SecurityGroupId.1=sg-1");
        let input = Input::new(&form, Dialect::Ec2);
        let fault = input.refuse(&["PolicyDocument", "SecurityGroupId"]).unwrap_err();
        assert_eq!(fault.code, "UnsupportedOperation");
        assert!(fault.message.contains("SecurityGroupId"));
    }
}
