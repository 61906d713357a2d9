//! Kinds of values: what is allowed, in words, and how it is read. Does not know where they stand.

use std::{str::FromStr, time::Duration};

use toml::de::DeValue;

/// A kind of value: what is allowed, in words, and how it is read.
pub(crate) trait Kind<T> {
    /// What is allowed, to follow "expected".
    fn expected(&self) -> String;
    /// The value, if it is one of this kind.
    fn read(&self, value: &DeValue<'_>) -> Option<T>;
    /// Whether messages must not repeat the value.
    fn is_secret(&self) -> bool {
        false
    }
}

/// Any text that is not empty.
pub(crate) struct Text(
    /// What it says.
    pub(crate) &'static str,
);

impl Kind<String> for Text {
    fn expected(&self) -> String {
        self.0.to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Option<String> {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// A text with a form of its own.
pub(crate) struct Parsed(
    /// The form, in words.
    pub(crate) &'static str,
);

impl<T: FromStr> Kind<T> for Parsed {
    fn expected(&self) -> String {
        self.0.to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Option<T> {
        value.as_str()?.parse().ok()
    }
}

/// One of a few words.
pub(crate) struct Word<'w, T>(
    /// The words with what they mean.
    pub(crate) &'w [(&'static str, T)],
);

impl<T: Copy> Kind<T> for Word<'_, T> {
    fn expected(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        words.join(" or ")
    }

    fn read(&self, value: &DeValue<'_>) -> Option<T> {
        let text = value.as_str()?;
        self.0.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
    }
}

/// A whole number within bounds, both included.
pub(crate) struct Whole {
    /// The smallest allowed.
    pub(crate) min: u32,
    /// The largest allowed.
    pub(crate) max: u32,
}

impl<T: FromStr> Kind<T> for Whole {
    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn read(&self, value: &DeValue<'_>) -> Option<T> {
        let number = value.as_integer()?;
        let number = u32::from_str_radix(number.as_str(), number.radix()).ok()?;
        (self.min..=self.max).contains(&number).then_some(number)?.to_string().parse().ok()
    }
}

/// True or false.
pub(crate) struct Switch;

impl Kind<bool> for Switch {
    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Option<bool> {
        value.as_bool()
    }
}

/// A length of time within bounds, both included: a whole number and a unit.
pub(crate) struct Span {
    /// The shortest allowed, as written.
    pub(crate) min: &'static str,
    /// The longest allowed, as written.
    pub(crate) max: &'static str,
}

impl Kind<Duration> for Span {
    fn expected(&self) -> String {
        let Self { min, max } = self;
        format!("a length of time from \"{min}\" to \"{max}\" (units ms, s, m, h, d)")
    }

    fn read(&self, value: &DeValue<'_>) -> Option<Duration> {
        let span = duration(value.as_str()?)?;
        (duration(self.min)? <= span && span <= duration(self.max)?).then_some(span)
    }
}

/// Reads a whole number and a unit.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let millis_each = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        "d" => 24 * 3600 * 1000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(millis_each).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("7d", Some(604_800_000)),
            ("", None),
            ("7", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("1w", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}
