//! The words of a command: positions first, then `key=value`.

use std::str::FromStr;

/// The words of one command.
#[derive(Clone, Debug)]
pub(crate) struct Args<'a> {
    line: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Args<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        Self { line, words: line.split_whitespace().collect() }
    }

    /// The next word that is not `key=value`.
    pub(crate) fn word(&mut self) -> &'a str {
        let at = self.words.iter().position(|word| !word.contains('='));
        let at = at.unwrap_or_else(|| panic!("a word is missing: {}", self.line));
        self.words.remove(at)
    }

    /// All words that are left and not `key=value`.
    pub(crate) fn words(&mut self) -> Vec<&'a str> {
        let (words, left) = self.words.iter().partition(|word| !word.contains('='));
        self.words = left;
        words
    }

    /// The value of a key.
    pub(crate) fn value(&mut self, key: &str) -> Option<&'a str> {
        let is_key = |word: &&str| word.strip_prefix(key).is_some_and(|it| it.starts_with('='));
        let at = self.words.iter().position(is_key)?;
        self.words.remove(at).split_once('=').map(|(_, value)| value)
    }

    /// The value of a key, read.
    pub(crate) fn read<T: FromStr>(&mut self, key: &str) -> Option<T> {
        let text = self.value(key)?;
        Some(text.parse().unwrap_or_else(|_| panic!("{key} cannot be read: {}", self.line)))
    }

    /// The value of a key that must be there, read.
    pub(crate) fn need<T: FromStr>(&mut self, key: &str) -> T {
        self.read(key).unwrap_or_else(|| panic!("{key} is missing: {}", self.line))
    }

    /// The comma-separated values of a key.
    pub(crate) fn list(&mut self, key: &str) -> Vec<&'a str> {
        self.value(key)
            .map_or_else(Vec::new, |it| it.split(',').filter(|it| !it.is_empty()).collect())
    }

    /// Every word must have been used.
    pub(crate) fn end(&self) {
        assert!(self.words.is_empty(), "{:?} means nothing: {}", self.words, self.line);
    }
}
