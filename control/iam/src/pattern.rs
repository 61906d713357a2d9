//! Texts with `*`, `?` and `${variables}`, and what they match.
//!
//! A pattern is parsed once into tokens. A variable's value is put in as literal tokens, so a `*`
//! inside a value never becomes a wildcard: the hole that other evaluators have.

use crate::{
    glob::{self, Reach},
    request::Context,
};

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Exactly this character.
    Literal(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, also none.
    Any,
    /// `${name}` or `${name, 'default'}`: a value of the request's context.
    Variable { key: String, default: Option<String> },
}

/// A text to match with, as written in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Token>);

/// Whether `${...}` stands for a context value: only policies of version 2012-10-17 have variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variables {
    /// `${...}` stands for a value.
    Expand,
    /// `${...}` is text like any other.
    Literal,
}

/// Whether `*` and `?` are wildcards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    /// They match anything.
    Match,
    /// They are characters like any other (`StringEquals`).
    Literal,
}

impl Pattern {
    /// Parses a policy's text. There is no malformed pattern: what is no variable is text.
    pub fn parse(text: &str, variables: Variables, wildcards: Wildcards) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if variables == Variables::Expand
                && let Some((token, after)) = variable(rest)
            {
                tokens.push(token);
                rest = after;
                continue;
            }
            tokens.push(match first {
                '*' if wildcards == Wildcards::Match => Token::Any,
                '?' if wildcards == Wildcards::Match => Token::One,
                other => Token::Literal(other),
            });
            rest = &rest[first.len_utf8()..];
        }
        Self(tokens)
    }

    /// The tokens with variables replaced; none if a variable has no single value and no default,
    /// in which case nothing matches.
    fn resolve(&self, context: &Context) -> Option<Vec<Token>> {
        let mut tokens = Vec::with_capacity(self.0.len());
        for token in &self.0 {
            match token {
                Token::Variable { key, default } => {
                    let value = context.single(key).or(default.as_deref())?;
                    tokens.extend(value.chars().map(Token::Literal));
                }
                other => tokens.push(other.clone()),
            }
        }
        Some(tokens)
    }

    /// Whether every variable in it has a value or a default.
    pub fn is_resolvable(&self, context: &Context) -> bool {
        self.0.iter().all(|token| match token {
            Token::Variable { key, default } => context.single(key).is_some() || default.is_some(),
            Token::Literal(_) | Token::One | Token::Any => true,
        })
    }

    /// Whether the pattern matches the whole text.
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        self.reaching(Reach::All, text, context)
    }

    /// The same without regard to the case of ASCII letters.
    pub fn matches_ignoring_case(&self, text: &str, context: &Context) -> bool {
        let lower = |token: Token| match token {
            Token::Literal(c) => Token::Literal(c.to_ascii_lowercase()),
            other => other,
        };
        self.resolve(context).is_some_and(|tokens| {
            let tokens: Vec<Token> = tokens.into_iter().map(lower).collect();
            glob::matches(&tokens, &text.to_ascii_lowercase(), Reach::All)
        })
    }

    /// Whether the pattern matches an ARN component by component: a wildcard does not reach over
    /// one of the first five colons. The sixth component, the resource, may hold colons itself.
    pub fn matches_arn(&self, arn: &str, context: &Context) -> bool {
        self.0 == [Token::Any] || self.reaching(Reach::Component, arn, context)
    }

    /// Whether the pattern, of a `Resource` element, matches an ARN: a `*` at the end of a
    /// component reaches over colons, other wildcards do not.
    pub fn matches_resource(&self, arn: &str, context: &Context) -> bool {
        self.reaching(Reach::ComponentEnd, arn, context)
    }

    fn reaching(&self, reach: Reach, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|tokens| glob::matches(&tokens, text, reach))
    }
}

/// Reads a `${...}` at the start of the text. `${*}`, `${?}` and `${$}` are the literal characters.
fn variable(text: &str) -> Option<(Token, &str)> {
    let (inner, after) = text.strip_prefix("${")?.split_once('}')?;
    let token = match inner {
        "*" | "?" | "$" => Token::Literal(inner.chars().next()?),
        _ => {
            let (key, default) = match inner.split_once(',') {
                Some((key, default)) => {
                    let default = default.trim();
                    (key, Some(default.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
                }
                None => (inner, None),
            };
            Token::Variable { key: key.trim().to_ascii_lowercase(), default }
        }
    };
    Some((token, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(pattern: &str, text: &str, context: &Context) -> bool {
        Pattern::parse(pattern, Variables::Expand, Wildcards::Match).matches(text, context)
    }

    #[test]
    fn wildcards_match_as_documented() {
        let none = Context::default();
        for (pattern, text, expected) in [
            ("ec2:*", "ec2:CreateVpcEndpoint", true),
            ("ec2:Describe*Endpoints", "ec2:DescribeVpcEndpoints", true),
            ("ec2:Describe?pc*", "ec2:DescribeVpcs", true),
            ("a*b*c", "abxbxc", true),
            ("a*b*c", "abxbx", false),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(like(pattern, text, &none), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_wildcard_inside_a_variables_value_is_literal() {
        let context = Context::default().with("aws:username", ["*"]);
        assert!(like("home/${aws:username}/x", "home/*/x", &context));
        assert!(!like("home/${aws:username}/x", "home/alice/x", &context));
    }

    #[test]
    fn an_unresolvable_variable_matches_nothing_but_its_default_does() {
        let none = Context::default();
        assert!(!like("home/${aws:username}", "home/", &none));
        assert!(!like("${aws:username}*", "anything", &none));
        assert!(like("team-${aws:PrincipalTag/team, 'none'}", "team-none", &none));
        assert!(like("${*}${?}${$}", "*?$", &none));
    }

    #[test]
    fn old_policies_have_no_variables() {
        let context = Context::default().with("aws:username", ["alice"]);
        let old = Pattern::parse("${aws:username}", Variables::Literal, Wildcards::Match);
        assert!(old.matches("${aws:username}", &context));
        assert!(!old.matches("alice", &context));
    }

    #[test]
    fn arns_match_component_by_component() {
        let none = Context::default();
        for (pattern, arn, expected) in [
            ("*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", true),
            ("arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", true),
            ("arn:aws:ec2:*:vpc/*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", false),
            ("arn:aws:*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", false),
            ("arn:aws:ec2:us-*-1:?:vpc/*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", true),
            ("arn:aws:ec2:us-*:vpc/*", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", false),
            ("arn:aws:sns:*:*:a:*", "arn:aws:sns:us-east-1:1:a:b:c", true),
        ] {
            let pattern = Pattern::parse(pattern, Variables::Expand, Wildcards::Match);
            assert_eq!(pattern.matches_arn(arn, &none), expected, "{pattern:?} on {arn}");
        }
    }

    #[test]
    fn resources_match_over_colons_only_by_a_star_that_ends_a_component() {
        let context = Context::default().with("aws:username", ["a:b*"]);
        let vpc = "arn:aws:ec2:us-east-1:1:vpc/vpc-1";
        for (pattern, arn, expected) in [
            ("*", vpc, true),
            ("arn:aws:ec2:*", vpc, true),
            ("arn:aws:ec2:*:vpc/*", vpc, true),
            ("arn:aws:ec2:us-*:vpc/*", vpc, true),
            ("arn:aws:ec2:us*1:vpc/*", vpc, false),
            ("arn:aws:ec2:us*1:1:vpc/*", vpc, true),
            ("arn:aws:ec2:us-east-1?1:vpc/*", vpc, false),
            ("arn:aws:s3:::bucket/*.txt", "arn:aws:s3:::bucket/a:b.txt", true),
            ("arn:aws:sns:r:1:${aws:username}", "arn:aws:sns:r:1:a:b*", true),
            ("arn:aws:sns:r:1:${aws:username}", "arn:aws:sns:r:1:a:bc", false),
        ] {
            let pattern = Pattern::parse(pattern, Variables::Expand, Wildcards::Match);
            assert_eq!(pattern.matches_resource(arn, &context), expected, "{pattern:?} on {arn}");
        }
    }
}
