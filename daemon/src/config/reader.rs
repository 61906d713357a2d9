//! Reading a TOML document so that all its mistakes are found in one go.
//!
//! A [`Table`] hands out its values one by one, notes for each value that is missing or of the
//! wrong kind what is allowed, and in the end names the keys that nobody asked for. Serde would
//! stop at the first of these. Does not know what any key means.

use std::{
    cell::RefCell,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::kind::Kind;
use crate::follow::Version;

/// Syntax errors reported: one unclosed bracket makes an error of every line after it.
const SYNTAX_ERRORS_MAX: usize = 5;

/// One thing wrong with the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mistake {
    /// The file, if it is another one than the configuration itself.
    pub(crate) file: Option<PathBuf>,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong and what is allowed.
    pub(crate) message: String,
}

/// The document being read, with the mistakes found so far.
pub(crate) struct Source<'t> {
    text: &'t str,
    mistakes: RefCell<Vec<Mistake>>,
    files: RefCell<Vec<Version>>,
}

impl<'t> Source<'t> {
    /// Starts to read the text; syntax errors are already noted in the source returned. There the
    /// reading should end: what follows one is often misunderstood.
    pub(crate) fn parse(text: &'t str) -> (Self, Spanned<DeTable<'t>>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let source = Self { text, mistakes: RefCell::default(), files: RefCell::default() };
        for error in errors.into_iter().take(SYNTAX_ERRORS_MAX) {
            let at = error.span().map_or(0, |span| span.start);
            source.report(Place(at), error.message().replace('\n', ", "));
        }
        (source, root)
    }

    /// Notes a mistake.
    pub(crate) fn report(&self, place: Place, message: impl Into<String>) {
        let before = self.text.get(..place.0).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        self.mistakes.borrow_mut().push(Mistake { file: None, line, message: message.into() });
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// All mistakes, in the order of their files and lines, and the files that were read.
    pub(crate) fn into_parts(self) -> (Vec<Mistake>, Vec<Version>) {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        mistakes.dedup();
        (mistakes, self.files.into_inner())
    }

    /// Takes over what was found out about a document that this one names.
    fn take_over(&self, path: &Path, other: Source<'_>) {
        let (mut mistakes, files) = other.into_parts();
        for mistake in &mut mistakes {
            mistake.file.get_or_insert_with(|| path.to_owned());
        }
        self.mistakes.borrow_mut().append(&mut mistakes);
        self.files.borrow_mut().extend(files);
    }

    /// The table at the top.
    pub(crate) fn root<'r>(&'r self, root: &'r Spanned<DeTable<'t>>) -> Table<'r> {
        Table::new(self, String::new(), Place(0), root.get_ref())
    }
}

/// Where in the document something was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(usize);

impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Self {
        Self(span.start)
    }
}

/// A value with its place, for checks that need the rest of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it was said.
    pub(crate) place: Place,
}

/// One table of the document.
pub(crate) struct Table<'r> {
    source: &'r Source<'r>,
    path: String,
    place: Place,
    entries: &'r DeTable<'r>,
    known: Vec<&'static str>,
}

impl<'r> Table<'r> {
    fn new(source: &'r Source<'r>, path: String, place: Place, entries: &'r DeTable<'r>) -> Self {
        Self { source, path, place, entries, known: Vec::new() }
    }

    /// Where a value of the table is; the table itself if it has no such key.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        self.entries.get(key).map_or(self.place, |value| value.span().into())
    }

    /// Whether the table has the key, whatever its value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Notes that the table may have these keys, though none is asked for.
    pub(crate) fn know(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// Notes a mistake about one key of this table.
    pub(crate) fn report(&self, key: &str, message: impl fmt::Display) {
        let path = self.path_of(key);
        self.source.report(self.place_of(key), format!("`{path}`: {message}"));
    }

    /// Notes a mistake about something below this table.
    pub(crate) fn report_place(&self, place: Place, message: impl Into<String>) {
        self.source.report(place, message);
    }

    /// Reads a file that is named at a place under a key.
    pub(crate) fn read_text(&self, key: &str, place: Place, path: &Path) -> Option<String> {
        self.source.files.borrow_mut().push(Version::of(path));
        match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                self.report_at(place, &self.path_of(key), &message);
                None
            }
        }
    }

    /// Reads another document, which is named under a key. Its mistakes are reported with its name.
    pub(crate) fn read_document<T>(
        &self,
        key: &str,
        path: &Path,
        read: impl FnOnce(Table<'_>) -> T,
    ) -> Option<T> {
        let text = self.read_text(key, self.place_of(key), path)?;
        let (source, document) = Source::parse(&text);
        let is_read = source.is_well_formed();
        let read = is_read.then(|| read(source.root(&document)));
        self.source.take_over(path, source);
        read
    }

    /// Asks for a value of the table that may be missing.
    pub(crate) fn optional<T>(&mut self, key: &'static str, kind: &impl Kind<T>) -> Option<T> {
        self.known.push(key);
        let value = self.entries.get(key)?.get_ref();
        let read = kind.read(value);
        if read.is_none() {
            let expected = kind.expected();
            if kind.is_secret() {
                self.report(key, format!("expected {expected}"));
            } else {
                self.report(key, format!("expected {expected}, found {}", Found(value)));
            }
        }
        read
    }

    /// Asks for a value of the table that must be there.
    pub(crate) fn required<T>(&mut self, key: &'static str, kind: &impl Kind<T>) -> Option<T> {
        if !self.has(key) {
            self.known.push(key);
            self.report(key, format!("missing; expected {}", kind.expected()));
            return None;
        }
        self.optional(key, kind)
    }

    /// Asks for a table below this one.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        self.known.push(key);
        let value = self.entries.get(key)?;
        let DeValue::Table(entries) = value.get_ref() else {
            self.report(key, format!("expected a table, found {}", Found(value.get_ref())));
            return None;
        };
        Some(Self::new(self.source, self.path_of(key), value.span().into(), entries))
    }

    /// Reads a table below this one whole; a missing one is an empty one.
    pub(crate) fn with_table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'_>) -> T,
    ) -> T {
        match self.table(key) {
            Some(mut table) => {
                let value = read(&mut table);
                table.finish();
                value
            }
            None => {
                let empty = DeTable::new();
                read(&mut Table::new(self.source, self.path_of(key), self.place, &empty))
            }
        }
    }

    /// Asks for a list of tables below this one; a missing list is an empty one.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let mut tables = Vec::new();
        for (path, value) in self.elements(key, "a list of tables") {
            match value.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(Self::new(self.source, path, value.span().into(), entries));
                }
                other => self.report_at(
                    value.span().into(),
                    &path,
                    &format!("expected a table, found {}", Found(other)),
                ),
            }
        }
        tables
    }

    /// Asks for a list of values; a missing list is an empty one.
    pub(crate) fn list<T>(&mut self, key: &'static str, kind: &impl Kind<T>) -> Vec<Placed<T>> {
        let mut values = Vec::new();
        for (path, value) in self.elements(key, "a list") {
            let place = value.span().into();
            match kind.read(value.get_ref()) {
                Some(value) => values.push(Placed { value, place }),
                None => {
                    let found = Found(value.get_ref());
                    let message = format!("expected {}, found {found}", kind.expected());
                    self.report_at(place, &path, &message);
                }
            }
        }
        values
    }

    /// The names that the tables of a list have under a key, well formed or not: so that a mistake
    /// in one table is not reported again wherever the table is named.
    pub(crate) fn names(&self, list: &str, key: &str) -> Vec<Placed<String>> {
        names(self.entries, list, key)
    }

    /// The same of a list in a table below this one.
    pub(crate) fn names_within(&self, table: &str, list: &str, key: &str) -> Vec<Placed<String>> {
        let table = self.entries.get(table).and_then(|value| value.get_ref().as_table());
        table.map_or_else(Vec::new, |entries| names(entries, list, key))
    }

    /// Ends the reading: every key that was not asked for is a mistake.
    pub(crate) fn finish(self) {
        for (key, _) in self.entries.iter() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let path = self.path_of(name);
                let allowed = self.known.join(", ");
                let message = format!("`{path}`: unknown key; allowed here: {allowed}");
                self.source.report(key.span().into(), message);
            }
        }
    }

    fn elements(
        &mut self,
        key: &'static str,
        expected: &str,
    ) -> Vec<(String, &'r Spanned<DeValue<'r>>)> {
        self.known.push(key);
        match self.entries.get(key).map(|value| value.get_ref()) {
            None => Vec::new(),
            Some(DeValue::Array(elements)) => {
                let path = self.path_of(key);
                elements.iter().enumerate().map(|(i, v)| (format!("{path}[{i}]"), v)).collect()
            }
            Some(other) => {
                self.report(key, format!("expected {expected}, found {}", Found(other)));
                Vec::new()
            }
        }
    }

    fn report_at(&self, place: Place, path: &str, message: &str) {
        self.source.report(place, format!("`{path}`: {message}"));
    }

    /// The name of one of this table's keys with everything before it, for messages.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// The texts that the tables of a list have under a key.
fn names(entries: &DeTable<'_>, list: &str, key: &str) -> Vec<Placed<String>> {
    let tables = entries.get(list).and_then(|value| value.get_ref().as_array());
    let values = tables.into_iter().flat_map(|tables| tables.iter());
    values
        .filter_map(|table| table.get_ref().as_table()?.get(key))
        .filter_map(|name| {
            let value = name.get_ref().as_str()?.to_owned();
            Some(Placed { value, place: name.span().into() })
        })
        .collect()
}

/// A value as a message repeats it: texts in full up to a bound, everything else by its type.
struct Found<'v>(&'v DeValue<'v>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Longer texts are more likely pasted by mistake than worth repeating.
        const CHARS_MAX: usize = 60;
        match self.0 {
            DeValue::String(text) if text.chars().count() <= CHARS_MAX => write!(f, "{text:?}"),
            DeValue::Integer(number) => write!(f, "{}", number.as_str()),
            DeValue::Boolean(value) => write!(f, "{value}"),
            other => write!(f, "a value of type {}", other.type_str()),
        }
    }
}
