//! The parameters of a question to the admin side. Does not know what is asked.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// How an explanation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For programs.
    Json,
    /// For people.
    Text,
}

/// The query of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'a>(pub(super) &'a str);

impl Parameters<'_> {
    /// A parameter's text.
    pub(super) fn text(self, name: &str) -> Option<String> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// A parameter's value, if it is there.
    pub(super) fn value<T: FromStr>(self, name: &str) -> Result<Option<T>, String> {
        let text = self.text(name);
        text.map(|text| text.parse().map_err(|_| wrong(name, &text))).transpose()
    }

    /// The form that is asked for.
    pub(super) fn form(self) -> Result<Form, String> {
        match self.text("format").as_deref() {
            None | Some("json") => Ok(Form::Json),
            Some("text") => Ok(Form::Text),
            Some(other) => Err(wrong("format", other)),
        }
    }
}

/// What to say about a value that is none.
pub(super) fn wrong(name: &str, value: &str) -> String {
    format!("the parameter {name} has no such value: {value}")
}
