//! `Condition` blocks: operators, set qualifiers, `IfExists`, `Null`.
//!
//! All operators of a block and all keys of an operator must hold; of an operator's values one is
//! enough, or for a negated operator none may match (IAM guide, "Condition operators").

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ipnet::IpNet;
use serde_json::Value;

use crate::{
    document::{Effect, MalformedPolicy},
    number::Number,
    pattern::{Pattern, Variables, Wildcards},
    request::Context,
};

/// One key of one operator, with the values it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    key: String,
    operator: Operator,
    set: Option<SetQualifier>,
    if_exists: bool,
    values: Vec<Operand>,
}

/// How the several values of a key in the request are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetQualifier {
    /// At least one of the request's values matches.
    ForAnyValue,
    /// Every one matches; also if there are none.
    ForAllValues,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    String { negated: bool, like: bool, ignore_case: bool },
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    IpAddress { negated: bool },
    Arn { negated: bool },
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equals,
    NotEquals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// A value of the policy, parsed as its operator needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
    Pattern(Pattern),
    Bytes(Vec<u8>),
    Number(Number),
    Network(IpNet),
    Bool(bool),
}

impl Condition {
    /// Reads a `Condition` element; none is no condition.
    pub(crate) fn parse_all(
        element: Option<&Value>,
        variables: Variables,
    ) -> Result<Vec<Self>, MalformedPolicy> {
        let Some(element) = element else {
            return Ok(Vec::new());
        };
        let mut conditions = Vec::new();
        for (name, keys) in element.as_object().ok_or(MalformedPolicy::Condition)? {
            for (key, values) in keys.as_object().ok_or(MalformedPolicy::Condition)? {
                conditions.push(Self::parse(name, key, values, variables)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        name: &str,
        key: &str,
        values: &Value,
        variables: Variables,
    ) -> Result<Self, MalformedPolicy> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(SetQualifier::ForAnyValue), rest),
            Some(("ForAllValues", rest)) => (Some(SetQualifier::ForAllValues), rest),
            Some(_) => return Err(MalformedPolicy::Condition),
            None => (None, name),
        };
        let (rest, if_exists) =
            rest.strip_suffix("IfExists").map_or((rest, false), |rest| (rest, true));
        let operator = Operator::parse(rest).ok_or(MalformedPolicy::Condition)?;
        if operator == Operator::Null && if_exists {
            return Err(MalformedPolicy::Condition);
        }
        let values = texts(values)?
            .iter()
            .map(|text| operator.operand(text, variables))
            .collect::<Option<Vec<_>>>()
            .ok_or(MalformedPolicy::Condition)?;
        Ok(Self { key: key.to_owned(), operator, set, if_exists, values })
    }

    /// Whether the request meets it, as a condition of a statement with this effect.
    pub(crate) fn is_met(&self, context: &Context, effect: Effect) -> bool {
        let present = context.values(&self.key);
        if self.operator == Operator::Null {
            let absent = present.is_none_or(<[String]>::is_empty);
            return self.values.contains(&Operand::Bool(absent));
        }
        // What cannot be said does not match; that it does not must permit nobody anything.
        if effect == Effect::Allow && self.operator.is_negated() && !self.is_resolvable(context) {
            return false;
        }
        let Some(present) = present else {
            // A missing key meets ForAllValues, IfExists and the negated operators.
            return self.if_exists
                || self.set == Some(SetQualifier::ForAllValues)
                || (self.set.is_none() && self.operator.is_negated());
        };
        if self.set.is_some() && present.iter().all(String::is_empty) {
            // Empty texts alone are no values (IAM guide, "Multivalued context keys").
            return self.set == Some(SetQualifier::ForAllValues);
        }
        let meets = |value: &String| self.value_meets(value, context);
        match self.set {
            Some(SetQualifier::ForAllValues) => present.iter().all(meets),
            Some(SetQualifier::ForAnyValue) => present.iter().any(meets),
            None if self.operator.is_negated() => present.iter().all(meets),
            None => present.iter().any(meets),
        }
    }

    fn is_resolvable(&self, context: &Context) -> bool {
        self.values.iter().all(|value| match value {
            Operand::Pattern(pattern) => pattern.is_resolvable(context),
            Operand::Bytes(_) | Operand::Number(_) | Operand::Network(_) | Operand::Bool(_) => true,
        })
    }

    fn value_meets(&self, value: &str, context: &Context) -> bool {
        let matches = |operand: &Operand| self.operator.matches(operand, value, context);
        if self.operator.is_negated() {
            !self.values.iter().any(matches)
        } else {
            self.values.iter().any(matches)
        }
    }
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        let string = |negated, like, ignore_case| Self::String { negated, like, ignore_case };
        Some(match name {
            "StringEquals" => string(false, false, false),
            "StringNotEquals" => string(true, false, false),
            "StringEqualsIgnoreCase" => string(false, false, true),
            "StringNotEqualsIgnoreCase" => string(true, false, true),
            "StringLike" => string(false, true, false),
            "StringNotLike" => string(true, true, false),
            "Bool" => Self::Bool,
            "BinaryEquals" => Self::Binary,
            "IpAddress" => Self::IpAddress { negated: false },
            "NotIpAddress" => Self::IpAddress { negated: true },
            // IAM documents ArnEquals and ArnLike as the same.
            "ArnEquals" | "ArnLike" => Self::Arn { negated: false },
            "ArnNotEquals" | "ArnNotLike" => Self::Arn { negated: true },
            "Null" => Self::Null,
            _ => {
                let numeric = name.strip_prefix("Numeric").and_then(Comparison::parse);
                let date = name.strip_prefix("Date").and_then(Comparison::parse);
                numeric.map(Self::Numeric).or_else(|| date.map(Self::Date))?
            }
        })
    }

    fn is_negated(self) -> bool {
        match self {
            Self::String { negated, .. } | Self::IpAddress { negated } | Self::Arn { negated } => {
                negated
            }
            Self::Numeric(comparison) | Self::Date(comparison) => {
                comparison == Comparison::NotEquals
            }
            Self::Bool | Self::Binary | Self::Null => false,
        }
    }

    /// Parses a value of the policy; none if it is not of the operator's kind.
    fn operand(self, text: &str, variables: Variables) -> Option<Operand> {
        Some(match self {
            Self::String { like, .. } => {
                let wildcards = if like { Wildcards::Match } else { Wildcards::Literal };
                Operand::Pattern(Pattern::parse(text, variables, wildcards))
            }
            Self::Arn { .. } => Operand::Pattern(Pattern::parse(text, variables, Wildcards::Match)),
            Self::Numeric(_) => Operand::Number(Number::decimal(text)?),
            Self::Date(_) => Operand::Number(Number::date(text)?),
            Self::Bool | Self::Null => Operand::Bool(boolean(text)?),
            Self::Binary => Operand::Bytes(BASE64.decode(text).ok()?),
            Self::IpAddress { .. } => Operand::Network(network(text)?),
        })
    }

    /// Whether a value of the request matches one of the policy; a negated operator's opposite.
    fn matches(self, operand: &Operand, value: &str, context: &Context) -> bool {
        match (self, operand) {
            (Self::String { ignore_case: true, .. }, Operand::Pattern(pattern)) => {
                pattern.matches_ignoring_case(value, context)
            }
            (Self::String { .. }, Operand::Pattern(pattern)) => pattern.matches(value, context),
            (Self::Arn { .. }, Operand::Pattern(pattern)) => pattern.matches_arn(value, context),
            (Self::Numeric(comparison), Operand::Number(number)) => {
                Number::decimal(value).is_some_and(|value| comparison.holds(value, *number))
            }
            (Self::Date(comparison), Operand::Number(number)) => {
                Number::date(value).is_some_and(|value| comparison.holds(value, *number))
            }
            (Self::Bool, Operand::Bool(expected)) => boolean(value) == Some(*expected),
            (Self::Binary, Operand::Bytes(bytes)) => {
                BASE64.decode(value).is_ok_and(|value| value == *bytes)
            }
            (Self::IpAddress { .. }, Operand::Network(network)) => {
                value.parse::<IpAddr>().is_ok_and(|ip| network.contains(&ip.to_canonical()))
            }
            _ => false,
        }
    }
}

impl Comparison {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Equals" => Self::Equals,
            "NotEquals" => Self::NotEquals,
            "LessThan" => Self::LessThan,
            "LessThanEquals" => Self::LessThanEquals,
            "GreaterThan" => Self::GreaterThan,
            "GreaterThanEquals" => Self::GreaterThanEquals,
            _ => return None,
        })
    }

    /// `NotEquals` asks whether they are equal: its caller negates.
    fn holds(self, left: Number, right: Number) -> bool {
        match self {
            Self::Equals | Self::NotEquals => left == right,
            Self::LessThan => left < right,
            Self::LessThanEquals => left <= right,
            Self::GreaterThan => left > right,
            Self::GreaterThanEquals => left >= right,
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// An address, or a network whose host bits do not matter.
fn network(text: &str) -> Option<IpNet> {
    let host = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(host)
}

/// Values may be texts, numbers or booleans, alone or in a list.
fn texts(values: &Value) -> Result<Vec<String>, MalformedPolicy> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(MalformedPolicy::Condition),
    };
    match values {
        Value::Array(many) if !many.is_empty() => many.iter().map(text).collect(),
        Value::Array(_) => Err(MalformedPolicy::Condition),
        one => Ok(vec![text(one)?]),
    }
}
