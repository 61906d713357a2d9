//! The extra rules for policies of VPC endpoints (guide: "Control access to VPC endpoints using
//! endpoint policies", Considerations). The document is otherwise a resource policy.

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    document::{Document, Kind, MalformedPolicy},
    json,
};

/// What is attached to an endpoint that is given no policy: full access.
pub const DEFAULT: &str = r#"{
  "Statement": [
    {
      "Action": "*",
      "Effect": "Allow",
      "Principal": "*",
      "Resource": "*"
    }
  ]
}"#;

/// Characters in a row that a wildcard in a string condition needs before or after it.
const BESIDE_WILDCARD_MIN: usize = 6;

/// Global keys that hold identifiers made by the system, lower case.
const SYSTEM_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
];

/// Why a text is no endpoint policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no policy with principals.
    Malformed(MalformedPolicy),
    /// A wildcard or a numeric operator on a key with system-made identifiers.
    SystemKey(String),
    /// A wildcard with fewer than six characters in a row beside it.
    WildcardTooWide(String),
    /// An ARN whose account part mixes digits and wildcards.
    AccountPart(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => fmt::Display::fmt(malformed, f),
            Self::SystemKey(key) => {
                write!(f, "{key} takes neither wildcards nor numeric operators")
            }
            Self::WildcardTooWide(value) => {
                write!(f, "a wildcard in {value:?} needs six characters before or after it")
            }
            Self::AccountPart(arn) => {
                write!(f, "the account of {arn} must be an account id or a wildcard, not both")
            }
        }
    }
}

impl std::error::Error for Refused {}

/// Parses a policy that is to be attached to an endpoint.
pub fn parse(text: &str) -> Result<Document, Refused> {
    let document = Document::parse(text, Kind::Resource).map_err(Refused::Malformed)?;
    // It parsed above, so it parses here; the rules below are about its text, not its meaning.
    let value = json::parse(text).map_err(Refused::Malformed)?;
    match &value["Statement"] {
        Value::Array(many) => many.iter().try_for_each(statement)?,
        one => statement(one)?,
    }
    Ok(document)
}

fn statement(value: &Value) -> Result<(), Refused> {
    for member in ["Resource", "NotResource"] {
        texts(&value[member]).try_for_each(account_part)?;
    }
    let empty = Map::new();
    for (operator, keys) in value["Condition"].as_object().unwrap_or(&empty) {
        for (key, values) in keys.as_object().unwrap_or(&empty) {
            condition(operator, key, values)?;
        }
    }
    Ok(())
}

fn condition(operator: &str, key: &str, values: &Value) -> Result<(), Refused> {
    let operator = operator.rsplit(':').next().unwrap_or(operator);
    if SYSTEM_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
        let wild = texts(values).any(|text| text.contains(['*', '?']));
        if wild || operator.starts_with("Numeric") {
            return Err(Refused::SystemKey(key.to_owned()));
        }
    }
    if operator.starts_with("String") {
        texts(values).try_for_each(wildcards)?;
    }
    texts(values).try_for_each(account_part)
}

fn wildcards(text: &str) -> Result<(), Refused> {
    let is_wild = |c: char| matches!(c, '*' | '?');
    let runs: Vec<usize> = text.split(is_wild).map(|run| run.chars().count()).collect();
    let enough = |pair: &[usize]| pair.iter().any(|run| *run >= BESIDE_WILDCARD_MIN);
    if runs.windows(2).all(enough) {
        Ok(())
    } else {
        Err(Refused::WildcardTooWide(text.to_owned()))
    }
}

fn account_part(text: &str) -> Result<(), Refused> {
    if !text.starts_with("arn:") {
        return Ok(());
    }
    let account = text.split(':').nth(4).unwrap_or_default();
    let wild = account.contains(['*', '?']);
    if wild && account.bytes().any(|b| b.is_ascii_digit()) {
        return Err(Refused::AccountPart(text.to_owned()));
    }
    Ok(())
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().map(Vec::as_slice).unwrap_or_default();
    many.iter().chain(value.is_string().then_some(value)).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(members: &str) -> Result<Document, Refused> {
        parse(&format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"*",{members}}}}}"#
        ))
    }

    #[test]
    fn the_default_policy_is_one() {
        assert!(parse(DEFAULT).is_ok());
    }

    #[test]
    fn the_guides_considerations_are_checked() {
        let condition = |text: &str| with(&format!(r#""Resource":"*","Condition":{text}"#));
        for (condition_text, ok) in [
            (r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#, true),
            (r#"{"StringLike":{"aws:PrincipalAccount":"111122*"}}"#, false),
            (r#"{"NumericEquals":{"aws:PrincipalAccount":"111122223333"}}"#, false),
            (r#"{"StringLike":{"aws:PrincipalTag/team":"abcdef*"}}"#, true),
            (r#"{"StringLike":{"aws:PrincipalTag/team":"*abcdef"}}"#, true),
            (r#"{"StringLike":{"aws:PrincipalTag/team":"abc*def"}}"#, false),
            (r#"{"StringLike":{"aws:PrincipalTag/team":"*"}}"#, false),
            (r#"{"StringLike":{"aws:PrincipalTag/team":"abcdef*a*"}}"#, false),
            (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a"}}"#, true),
            (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1111*:role/a"}}"#, false),
        ] {
            assert_eq!(condition(condition_text).is_ok(), ok, "{condition_text}");
        }
        assert!(with(r#""Resource":"arn:aws:s3:::bucket/*""#).is_ok());
        assert!(with(r#""Resource":"arn:aws:sns:us-east-1:1*:topic""#).is_err());
        let no_principal = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert_eq!(parse(no_principal), Err(Refused::Malformed(MalformedPolicy::Principal)));
    }
}
