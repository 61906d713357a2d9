//! The filters of EC2's Describe operations: values of one filter are alternatives, filters add up,
//! `*` and `?` are wildcards, case matters (control-api 1.4). Knows no resource: those are
//! [`Subject`]s.

use super::{Fault, Input, fault::quoted};

/// EC2 takes this many values in one request, all filters together.
const VALUES_MAX: usize = 200;
/// Longer than any value that a resource can have, so that matching stays cheap.
const VALUE_CHARS_MAX: usize = 512;

/// Something that filters look at.
pub(crate) trait Subject {
    /// Its values under a filter's name; several if the member is a list.
    fn values(&self, filter: &str) -> Vec<String>;
    /// Its tags, as key and value.
    fn tags(&self) -> Vec<(&str, &str)>;
}

/// The filters of one request.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Debug)]
struct Filter {
    on: On,
    patterns: Vec<Pattern>,
}

/// A value as it is asked for.
#[derive(Debug)]
enum Pattern {
    /// Without wildcards, as most are.
    Exact(String),
    Wild(Vec<Token>),
}

#[derive(Debug)]
enum On {
    Value(String),
    TagKey,
    Tag(String),
}

impl Filters {
    /// Reads `Filter.N`. Names are those in `known`; `tag-key` among them stands for `tag:KEY` too.
    pub(crate) fn read(input: &Input<'_>, known: &[&str]) -> Result<Self, Fault> {
        let mut filters = Vec::new();
        let mut count = 0;
        for filter in input.structures("Filter") {
            let name = filter.required_text("Name")?;
            let on = match name.strip_prefix("tag:") {
                Some(key) if known.contains(&"tag-key") => On::Tag(key.to_owned()),
                _ if !known.contains(&name) => return Err(invalid_filter(name)),
                _ if name == "tag-key" => On::TagKey,
                _ => On::Value(name.to_owned()),
            };
            let patterns = filter.required_texts("Value")?;
            count += patterns.len();
            if count > VALUES_MAX {
                return Err(Fault::new(
                    "FilterLimitExceeded",
                    format!("The request has more than {VALUES_MAX} filter values."),
                ));
            }
            if let Some(long) = patterns.iter().find(|p| p.len() > VALUE_CHARS_MAX) {
                return Err(Fault::invalid_value(
                    &filter.full_name("Value"),
                    long,
                    "at most 512 bytes",
                ));
            }
            let patterns = patterns.into_iter().map(Pattern::read).collect();
            filters.push(Filter { on, patterns });
        }
        Ok(Self(filters))
    }

    /// The values of which a filter's subject must have one; none if the filter is not there, or
    /// has wildcards.
    pub(crate) fn exact(&self, name: &str) -> Option<Vec<&str>> {
        let is_named = |filter: &&Filter| matches!(&filter.on, On::Value(on) if on == name);
        self.0.iter().find(is_named)?.patterns.iter().map(Pattern::exact).collect()
    }

    /// Whether the subject passes every filter.
    pub(crate) fn admit(&self, subject: &impl Subject) -> bool {
        self.0.iter().all(|filter| match &filter.on {
            On::Value(name) => subject.values(name).iter().any(|value| filter.matches(value)),
            On::TagKey => subject.tags().iter().any(|(key, _)| filter.matches(key)),
            On::Tag(wanted) => {
                subject.tags().iter().any(|(key, value)| key == wanted && filter.matches(value))
            }
        })
    }
}

impl Filter {
    fn matches(&self, value: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::Exact(expected) => expected == value,
            Pattern::Wild(tokens) => is_match(tokens, value),
        })
    }
}

impl Pattern {
    fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(value) => Some(value),
            Self::Wild(_) => None,
        }
    }

    fn read(text: &str) -> Self {
        if text.contains(['*', '?', '\\']) {
            Self::Wild(tokens(text))
        } else {
            Self::Exact(text.to_owned())
        }
    }
}

fn invalid_filter(name: &str) -> Fault {
    Fault::new("InvalidParameterValue", format!("The filter '{}' is invalid", quoted(name)))
}

/// Wildcard matching: `*` is any run, `?` any one character, a backslash takes the next literally.
/// Goes back to the last `*` only, so the cost is at most the product of the lengths.
fn is_match(pattern: &[Token], value: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let (mut p, mut v) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while v < value.len() {
        let one = match pattern.get(p) {
            Some(Token::Run) => {
                star = Some((p, v));
                p += 1;
                continue;
            }
            Some(Token::One) => true,
            Some(Token::Char(c)) => *c == value[v],
            None => false,
        };
        if one {
            (p, v) = (p + 1, v + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, v) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|token| *token == Token::Run)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Run,
    One,
    Char(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '*' => Token::Run,
            '?' => Token::One,
            '\\' => Token::Char(rest.next().unwrap_or('\\')),
            other => Token::Char(other),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Dialect, Form};

    struct Thing;

    impl Subject for Thing {
        fn values(&self, filter: &str) -> Vec<String> {
            match filter {
                "state" => vec!["available".into()],
                "subnet" => vec!["subnet-1".into(), "subnet-2".into()],
                _ => Vec::new(),
            }
        }

        fn tags(&self) -> Vec<(&str, &str)> {
            vec![("Name", "blue"), ("env", "")]
        }
    }

    fn admitted(form: &str) -> Result<bool, Fault> {
        let form = Form::parse(&[form.as_bytes()]).unwrap();
        let input = Input::new(&form, Dialect::Ec2);
        let filters = Filters::read(&input, &["state", "subnet", "tag-key"])?;
        input.finish()?;
        Ok(filters.admit(&Thing))
    }

    #[test]
    fn values_are_alternatives_and_filters_add_up() {
        for (form, expected) in [
            ("", true),
            ("Filter.1.Name=state&Filter.1.Value.1=available", true),
            ("Filter.1.Name=state&Filter.1.Value.1=Available", false),
            ("Filter.1.Name=state&Filter.1.Value.1=x&Filter.1.Value.2=avail*", true),
            ("Filter.7.Name=subnet&Filter.7.Value.3=subnet-2", true),
            ("Filter.1.Name=tag:Name&Filter.1.Value.1=bl?e", true),
            ("Filter.1.Name=tag:env&Filter.1.Value.1=", true),
            ("Filter.1.Name=tag:Name&Filter.1.Value.1=env", false),
            ("Filter.1.Name=tag-key&Filter.1.Value.1=env", true),
            ("Filter.1.Name=tag-key&Filter.1.Value.1=blue", false),
            (
                "Filter.1.Name=state&Filter.1.Value.1=*&Filter.2.Name=subnet&Filter.2.Value.1=x",
                false,
            ),
        ] {
            assert_eq!(admitted(form), Ok(expected), "{form}");
        }
    }

    #[test]
    fn values_without_wildcards_can_be_looked_up() {
        for (form, expected) in [
            ("", None),
            ("Filter.1.Name=subnet&Filter.1.Value.1=a", None),
            ("Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b", Some(vec!["a", "b"])),
            ("Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b*", None),
            (r"Filter.1.Name=state&Filter.1.Value.1=a\b", None),
        ] {
            let form = Form::parse(&[form.as_bytes()]).unwrap();
            let input = Input::new(&form, Dialect::Ec2);
            let filters = Filters::read(&input, &["state", "subnet"]).unwrap();
            assert_eq!(filters.exact("state"), expected);
        }
    }

    #[test]
    fn malformed_filters_are_refused() {
        let many: String = (1..=VALUES_MAX + 1).map(|i| format!("&Filter.1.Value.{i}=x")).collect();
        let long = "x".repeat(VALUE_CHARS_MAX + 1);
        for (form, code) in [
            ("Filter.1.Name=nope&Filter.1.Value.1=x", "InvalidParameterValue"),
            ("Filter.1.Value.1=x", "MissingParameter"),
            ("Filter.1.Name=state", "MissingParameter"),
            (&format!("Filter.1.Name=state{many}"), "FilterLimitExceeded"),
            (&format!("Filter.1.Name=state&Filter.1.Value.1={long}"), "InvalidParameterValue"),
            ("Filter.1.Name=state&Filter.1.Value.1=x&Filter.1.Values.2=y", "UnknownParameter"),
        ] {
            assert_eq!(admitted(form).unwrap_err().code, code, "{form:.60}");
        }
        let fault = admitted("Filter.1.Name=x&Filter.1.Value.1=x").unwrap_err();
        assert_eq!(fault.message, "The filter 'x' is invalid");
    }

    #[test]
    fn wildcards() {
        for (pattern, value, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "abc", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*b*d", "abcbd", true),
            ("?", "ä", true),
            ("??", "a", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", r"a\", true),
            ("*a*a*a*a*a*a*a*b", &"a".repeat(400), false),
        ] {
            assert_eq!(is_match(&tokens(pattern), value), expected, "{pattern} {value:.20}");
        }
    }
}
