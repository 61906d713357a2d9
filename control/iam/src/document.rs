//! A policy document: JSON in, statements out, everything malformed refused at once.

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value};

use crate::{
    condition::Condition,
    json,
    pattern::{Pattern, Variables, Wildcards},
    principal::Principals,
};

/// Characters a policy may have (guide: "Endpoint policies": 20,480, white space included).
pub const CHARACTERS_MAX: usize = 20_480;
/// Statements a policy may have: more than 20,480 characters can hold usefully.
const STATEMENTS_MAX: usize = 500;

/// Why a text is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedPolicy {
    /// Longer than [`CHARACTERS_MAX`].
    TooLong,
    /// Not JSON, or not an object.
    Json,
    /// An object of it has a member twice, of which other readers would drop one, or two statements
    /// have one `Sid`.
    Duplicate,
    /// A version other than 2012-10-17 and 2008-10-17.
    Version,
    /// `Statement` is missing, empty or not made of objects, or a `Sid` is no text.
    Statement,
    /// `Effect` is not `Allow` or `Deny`.
    Effect,
    /// Neither or both of `Action` and `NotAction`, or not made of `*` and `service:operation`.
    Action,
    /// Neither or both of `Resource` and `NotResource`, not made of `*` and ARNs, or present in the
    /// trust policy of a role.
    Resource,
    /// `Principal` is missing where it is needed, present where it is not, or of a wrong form.
    Principal,
    /// An unknown operator, or values of a wrong form.
    Condition,
    /// A member that the language does not have.
    UnknownMember,
}

impl fmt::Display for MalformedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the policy is longer than 20480 characters",
            Self::Json => "the policy is not a JSON object",
            Self::Duplicate => "the policy has a member or a Sid twice",
            Self::Version => "Version is neither 2012-10-17 nor 2008-10-17",
            Self::Statement => "Statement is missing, empty or no object, or a Sid is no text",
            Self::Effect => "Effect is neither Allow nor Deny",
            Self::Action => {
                "a statement needs either Action or NotAction, made of * and service:operation"
            }
            Self::Resource => {
                "a statement needs either Resource or NotResource, made of * and ARNs; in a role's \
                 trust policy neither"
            }
            Self::Principal => {
                "Principal or NotPrincipal is missing, not allowed or malformed; NotPrincipal goes \
                 with Deny only"
            }
            Self::Condition => "Condition has an unknown operator or malformed values",
            Self::UnknownMember => "the policy has a member that the language does not have",
        })
    }
}

impl std::error::Error for MalformedPolicy {}

/// Which kind of policy a document is: whether its statements name principals and resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Attached to an identity: no `Principal`.
    Identity,
    /// Attached to a resource or an endpoint: `Principal` needed.
    Resource,
    /// Attached to a role, says who may assume it: `Principal` needed, no `Resource`.
    Trust,
}

/// What a matching statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Permits.
    Allow,
    /// Forbids, whatever permits.
    Deny,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its statements.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name, for explanations.
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
    pub(crate) principals: Option<Matcher<Principals>>,
    pub(crate) actions: Matcher<Vec<Pattern>>,
    /// None in a trust policy: there it is the role.
    pub(crate) resources: Option<Matcher<Vec<Pattern>>>,
    pub(crate) conditions: Vec<Condition>,
}

/// A list, or everything but a list (`NotAction` and its like).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matcher<T> {
    /// What the list holds.
    In(T),
    /// All but what the list holds.
    NotIn(T),
}

impl<T> Matcher<T> {
    /// Whether something matches, given a test of the list.
    pub(crate) fn is_met(&self, test: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::In(list) => test(list),
            Self::NotIn(list) => !test(list),
        }
    }
}

impl Document {
    /// Parses a policy.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, MalformedPolicy> {
        if text.chars().count() > CHARACTERS_MAX {
            return Err(MalformedPolicy::TooLong);
        }
        let value = json::parse(text)?;
        let object = value.as_object().ok_or(MalformedPolicy::Json)?;
        known(object, &["Version", "Id", "Statement"])?;
        // Without a version the language is that of 2008: no variables.
        let variables = match object.get("Version").map(Value::as_str) {
            None | Some(Some("2008-10-17")) => Variables::Literal,
            Some(Some("2012-10-17")) => Variables::Expand,
            Some(_) => return Err(MalformedPolicy::Version),
        };
        let statements: Vec<&Map<String, Value>> = match object.get("Statement") {
            Some(Value::Object(one)) => vec![one],
            Some(Value::Array(many)) => many
                .iter()
                .map(|one| one.as_object().ok_or(MalformedPolicy::Statement))
                .collect::<Result<_, _>>()?,
            _ => return Err(MalformedPolicy::Statement),
        };
        if statements.is_empty() || statements.len() > STATEMENTS_MAX {
            return Err(MalformedPolicy::Statement);
        }
        let statements = statements.into_iter().map(|one| statement(one, kind, variables));
        let statements: Vec<Statement> = statements.collect::<Result<_, _>>()?;
        let mut sids = BTreeSet::new();
        if !statements.iter().filter_map(|one| one.sid.as_ref()).all(|sid| sids.insert(sid)) {
            return Err(MalformedPolicy::Duplicate);
        }
        Ok(Self { statements })
    }
}

const MEMBERS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn known(object: &Map<String, Value>, members: &[&str]) -> Result<(), MalformedPolicy> {
    let all = object.keys().all(|key| members.contains(&key.as_str()));
    if all { Ok(()) } else { Err(MalformedPolicy::UnknownMember) }
}

fn statement(
    object: &Map<String, Value>,
    kind: Kind,
    variables: Variables,
) -> Result<Statement, MalformedPolicy> {
    known(object, MEMBERS)?;
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(MalformedPolicy::Effect),
    };
    let sid = match object.get("Sid") {
        None => None,
        Some(Value::String(sid)) => Some(sid.clone()),
        Some(_) => return Err(MalformedPolicy::Statement),
    };
    let actions = either(object, "Action", "NotAction", MalformedPolicy::Action)?;
    Ok(Statement {
        sid,
        effect,
        principals: principals(object, kind, effect)?,
        actions: actions.try_map(|value| {
            patterns(value, Variables::Literal, is_action).ok_or(MalformedPolicy::Action)
        })?,
        resources: resources(object, kind, variables)?,
        conditions: Condition::parse_all(object.get("Condition"), variables)?,
    })
}

fn resources(
    object: &Map<String, Value>,
    kind: Kind,
    variables: Variables,
) -> Result<Option<Matcher<Vec<Pattern>>>, MalformedPolicy> {
    let present = object.contains_key("Resource") || object.contains_key("NotResource");
    match kind {
        Kind::Trust if present => Err(MalformedPolicy::Resource),
        Kind::Trust => Ok(None),
        Kind::Identity | Kind::Resource => {
            let value = either(object, "Resource", "NotResource", MalformedPolicy::Resource)?;
            let parse =
                |value| patterns(value, variables, is_resource).ok_or(MalformedPolicy::Resource);
            value.try_map(parse).map(Some)
        }
    }
}

fn patterns(
    value: &Value,
    variables: Variables,
    is_well_formed: impl Fn(&str) -> bool,
) -> Option<Vec<Pattern>> {
    let texts = one_or_many(value).ok()?;
    let parse = |text: &str| Pattern::parse(text, variables, Wildcards::Match);
    let well_formed = texts.iter().all(|text| is_well_formed(text));
    well_formed.then(|| texts.into_iter().map(parse).collect())
}

/// IAM refuses actions without a service in front: they would silently match nothing.
fn is_action(text: &str) -> bool {
    text == "*" || text.split_once(':').is_some_and(|(service, _)| !service.is_empty())
}

fn is_resource(text: &str) -> bool {
    text == "*" || text.starts_with("arn:")
}

fn principals(
    object: &Map<String, Value>,
    kind: Kind,
    effect: Effect,
) -> Result<Option<Matcher<Principals>>, MalformedPolicy> {
    let present = object.contains_key("Principal") || object.contains_key("NotPrincipal");
    match kind {
        Kind::Identity if present => Err(MalformedPolicy::Principal),
        Kind::Identity => Ok(None),
        Kind::Resource | Kind::Trust => {
            let value = either(object, "Principal", "NotPrincipal", MalformedPolicy::Principal)?;
            // Everybody but a few is never whom to permit something (IAM guide, "NotPrincipal").
            if effect == Effect::Allow && matches!(value, Matcher::NotIn(_)) {
                return Err(MalformedPolicy::Principal);
            }
            value.try_map(Principals::parse).map(Some)
        }
    }
}

/// The value of exactly one of two members.
fn either<'a>(
    object: &'a Map<String, Value>,
    member: &str,
    not_member: &str,
    error: MalformedPolicy,
) -> Result<Matcher<&'a Value>, MalformedPolicy> {
    match (object.get(member), object.get(not_member)) {
        (Some(value), None) => Ok(Matcher::In(value)),
        (None, Some(value)) => Ok(Matcher::NotIn(value)),
        _ => Err(error),
    }
}

impl<'a> Matcher<&'a Value> {
    fn try_map<T>(
        self,
        parse: impl Fn(&'a Value) -> Result<T, MalformedPolicy>,
    ) -> Result<Matcher<T>, MalformedPolicy> {
        Ok(match self {
            Self::In(value) => Matcher::In(parse(value)?),
            Self::NotIn(value) => Matcher::NotIn(parse(value)?),
        })
    }
}

/// A text, or a list of texts that is not empty.
pub(crate) fn one_or_many(value: &Value) -> Result<Vec<&str>, MalformedPolicy> {
    match value {
        Value::String(one) => Ok(vec![one]),
        Value::Array(many) if !many.is_empty() => many
            .iter()
            .map(|one| one.as_str().ok_or(MalformedPolicy::Json))
            .collect::<Result<_, _>>(),
        _ => Err(MalformedPolicy::Json),
    }
}
