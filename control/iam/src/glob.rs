//! Whether tokens match a text, in time that no pattern can make long.
//!
//! All ways in which the tokens may match are followed at once, one bit each, so the time is the
//! length of the text times a 64th of the pattern's, whatever stands in them: there is nothing to
//! go back to. Does not know variables: they are resolved before.

use std::collections::BTreeMap;

use crate::pattern::Token;

/// What wildcards may reach over in a text whose first colons divide it (an ARN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anything.
    All,
    /// None of the dividing colons: components are compared one by one (IAM guide, "ARN condition
    /// operators").
    Component,
    /// A `*` at the end of a component may, others may not (IAM guide, "Resource", wildcards).
    ComponentEnd,
}

/// The colons that divide an ARN; those of the sixth component, the resource, are its own.
const DIVIDING_COLONS: usize = 5;

/// Whether the tokens match the whole text. Variables match nothing.
pub(crate) fn matches(tokens: &[Token], text: &str, reach: Reach) -> bool {
    let consuming = tokens.iter().filter(|token| **token != Token::Any).count();
    let length = text.chars().count();
    let has_star = consuming < tokens.len();
    if consuming > length || (!has_star && consuming < length) {
        return false;
    }
    if !has_star && !tokens.contains(&Token::One) {
        return text.chars().zip(tokens).all(|(c, token)| *token == Token::Literal(c));
    }
    Ways::of(tokens, reach, consuming).lead_through(text, consuming)
}

/// A set of small numbers, 64 to a word.
type Bits = Vec<u64>;

/// From how many tokens matched so far what may come next. Bit `i` is about having matched `i` of
/// those that take a character.
struct Ways {
    /// The next takes this character.
    literal: BTreeMap<char, Bits>,
    /// The next takes any character but a dividing colon.
    one: Bits,
    /// A `*` is here that takes any.
    star: Bits,
    /// A `*` is here that takes any but a dividing colon.
    star_within: Bits,
    dividing: usize,
}

impl Ways {
    fn of(tokens: &[Token], reach: Reach, consuming: usize) -> Self {
        let words = consuming / 64 + 1;
        let none = || vec![0_u64; words];
        let dividing = if reach == Reach::All { 0 } else { DIVIDING_COLONS };
        let (one, star, star_within) = (none(), none(), none());
        let mut ways = Self { literal: BTreeMap::new(), one, star, star_within, dividing };
        let mut at = 0;
        for (index, token) in tokens.iter().enumerate() {
            let (word, bit) = (at / 64, 1_u64 << (at % 64));
            match token {
                Token::Any if ends_component(&tokens[index..], reach) => ways.star[word] |= bit,
                Token::Any => ways.star_within[word] |= bit,
                Token::One => ways.one[word] |= bit,
                Token::Literal(c) => ways.literal.entry(*c).or_insert_with(none)[word] |= bit,
                Token::Variable { .. } => {}
            }
            at += usize::from(*token != Token::Any);
        }
        ways
    }

    fn lead_through(&self, text: &str, consuming: usize) -> bool {
        let words = self.one.len();
        let (mut now, mut next, none) = (vec![0_u64; words], vec![0_u64; words], vec![0; words]);
        now[0] = 1;
        let mut colons = 0;
        for c in text.chars() {
            let divides = c == ':' && colons < self.dividing;
            colons += usize::from(c == ':');
            let literal = self.literal.get(&c).unwrap_or(&none);
            let unless_it_divides = if divides { 0 } else { u64::MAX };
            let (mut carried, mut alive) = (0, 0);
            for word in 0..words {
                let taken = now[word] & (literal[word] | (self.one[word] & unless_it_divides));
                let stays = self.star[word] | (self.star_within[word] & unless_it_divides);
                next[word] = (taken << 1) | carried | (now[word] & stays);
                carried = taken >> 63;
                alive |= next[word];
            }
            if alive == 0 {
                return false;
            }
            std::mem::swap(&mut now, &mut next);
        }
        now[consuming / 64] & (1 << (consuming % 64)) != 0
    }
}

/// Whether the `*` that these tokens begin with may reach over a dividing colon.
fn ends_component(tokens: &[Token], reach: Reach) -> bool {
    match reach {
        Reach::All => true,
        Reach::Component => false,
        Reach::ComponentEnd => {
            let follows = tokens.iter().find(|token| **token != Token::Any);
            follows.is_none_or(|token| *token == Token::Literal(':'))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn tokens(pattern: &str) -> Vec<Token> {
        let token = |c| match c {
            '*' => Token::Any,
            '?' => Token::One,
            other => Token::Literal(other),
        };
        pattern.chars().map(token).collect()
    }

    /// The obvious way, which some patterns make take for ever.
    fn obviously(tokens: &[Token], text: &[char]) -> bool {
        match (tokens.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Token::Any, rest)), None) => obviously(rest, text),
            (Some((Token::Any, rest)), Some((_, after))) => {
                obviously(rest, text) || obviously(tokens, after)
            }
            (Some((Token::One, rest)), Some((_, after))) => obviously(rest, after),
            (Some((Token::Literal(c), rest)), Some((d, after))) => c == d && obviously(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_says_what_the_obvious_way_says(
            pattern in vec(select(&['a', 'b', '*', '?', 'ä'][..]), 0..10),
            text in vec(select(&['a', 'b', 'ä'][..]), 0..10),
        ) {
            let tokens = tokens(&pattern.iter().collect::<String>());
            let expected = obviously(&tokens, &text);
            let text: String = text.into_iter().collect();
            prop_assert_eq!(matches(&tokens, &text, Reach::All), expected);
        }

        #[test]
        fn components_are_compared_one_by_one(
            pattern in vec(select(&['a', ':', '*', '?'][..]), 0..12),
            text in vec(select(&['a', 'b', ':'][..]), 0..12),
        ) {
            let pattern: String = pattern.into_iter().collect();
            let text: String = text.into_iter().collect();
            let (patterns, parts) = (pattern.splitn(6, ':'), text.splitn(6, ':'));
            let expected = patterns.clone().count() == parts.clone().count()
                && patterns.zip(parts).all(|(pattern, part)| {
                    obviously(&tokens(pattern), &part.chars().collect::<Vec<_>>())
                });
            prop_assert_eq!(matches(&tokens(&pattern), &text, Reach::Component), expected);
        }
    }

    #[test]
    fn stars_reach_as_far_as_they_may() {
        for (pattern, text, component, component_end) in [
            ("a:b:c:d:e:f", "a:b:c:d:e:f", true, true),
            ("a:*:f", "a:b:c:d:e:f", false, true),
            ("a:*", "a:b:c:d:e:f", false, true),
            ("a:b*e:f", "a:b:c:d:e:f", false, false),
            ("a:b:c:d:?:f", "a:b:c:d:e:f", true, true),
            ("a:b:c:d?e:f", "a:b:c:d:e:f", false, false),
            ("a:b:c:d:e:f*h", "a:b:c:d:e:f:g:h", true, true),
            ("a:b:c:d:e:f?g", "a:b:c:d:e:f:g", true, true),
            ("a:**:f", "a:b:c:d:e:f", false, true),
        ] {
            let tokens = tokens(pattern);
            let found =
                [Reach::Component, Reach::ComponentEnd].map(|reach| matches(&tokens, text, reach));
            assert_eq!(found, [component, component_end], "{pattern} on {text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    fn no_pattern_takes_long() {
        // The longest pattern that a policy holds, and a text longer than any request may bring.
        let (pattern_max, text_max) = (20_000, 4096);
        let text = "a".repeat(text_max);
        for pattern in [
            "*a".repeat(pattern_max / 2) + "b",
            "*".repeat(pattern_max) + "b",
            "*a".repeat(text_max - 1) + "b",
            format!("*{}b", "a".repeat(text_max / 2)),
            format!("*{}b", "?a".repeat(text_max / 4)),
            "*?".repeat(text_max / 2) + "b",
            "a*".repeat(text_max - 1) + "?b",
        ] {
            let started = Instant::now();
            assert!(!matches(&tokens(&pattern), &text, Reach::All));
            // Milliseconds; going back costs minutes, and the machine may be busy.
            assert!(started.elapsed() < Duration::from_secs(1), "{pattern:.20}");
        }
    }
}
