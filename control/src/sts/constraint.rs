//! Constraints of members, refused in the words of STS.

use std::time::Duration;

use crate::query::{Fault, Input, fault::quoted};

/// A text of bounded length, made of letters, digits and a few more.
pub(super) struct Name {
    /// The member, as the wire has it.
    pub(super) member: &'static str,
    /// The same, as STS writes it in messages.
    pub(super) said: &'static str,
    /// Fewest and most characters.
    pub(super) length: (usize, usize),
    /// What it may have beside letters and digits.
    pub(super) marks: &'static str,
}

impl Name {
    /// The member, if it is there.
    pub(super) fn read<'a>(&self, input: &Input<'a>) -> Result<Option<&'a str>, Fault> {
        let Some(text) = input.text(self.member)? else { return Ok(None) };
        let plain = |c: char| c.is_ascii_alphanumeric() || self.marks.contains(c);
        if !text.chars().all(plain) {
            let rule = format!("satisfy regular expression pattern: [\\w{}]*", self.marks);
            return Err(violated(self.said, text, &rule));
        }
        check_length(self.said, text, self.length)?;
        Ok(Some(text))
    }
}

/// Refuses a text that has too few characters, or too many.
pub(super) fn check_length(
    said: &str,
    text: &str,
    (min, max): (usize, usize),
) -> Result<(), Fault> {
    let length = text.chars().count();
    let rule = if length < min {
        format!("have length greater than or equal to {min}")
    } else if length > max {
        format!("have length less than or equal to {max}")
    } else {
        return Ok(());
    };
    Err(violated(said, text, &rule))
}

/// How long a session is to last, in seconds.
pub(super) fn duration(
    input: &Input<'_>,
    (min, max): (u64, u64),
) -> Result<Option<Duration>, Fault> {
    let Some(seconds) = input.parse::<u64>("DurationSeconds", "an integer")? else {
        return Ok(None);
    };
    let rule = if seconds < min {
        format!("have value greater than or equal to {min}")
    } else if seconds > max {
        format!("have value less than or equal to {max}")
    } else {
        return Ok(Some(Duration::from_secs(seconds)));
    };
    Err(violated("durationSeconds", &seconds.to_string(), &rule))
}

/// The fault of a member that breaks a rule.
pub(super) fn violated(member: &str, value: &str, rule: &str) -> Fault {
    let value = quoted(value);
    Fault::new(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
             constraint: Member must {rule}"
        ),
    )
}
