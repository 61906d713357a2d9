//! The URL of a receiver, as a configuration gives it.

use std::str::FromStr;

use hyper::Uri;
use thiserror::Error;

/// The URL of a receiver: `http` or `https`, with a host and without a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverUrl(Uri);

/// A text that is not the URL of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a URL such as https://host:port/path")]
pub struct UrlError;

impl FromStr for ReceiverUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError)?;
        let plain = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        if is_http && plain { Ok(Self(uri)) } else { Err(UrlError) }
    }
}

impl ReceiverUrl {
    /// Whether its certificate is looked at.
    pub fn is_secure(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The host's name or address, and the port.
    pub(super) fn address(&self) -> (&str, u16) {
        let host = self.0.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let usual = if self.is_secure() { 443 } else { 80 };
        (host, self.0.port_u16().unwrap_or(usual))
    }

    /// What stands in a request's `Host`.
    pub(super) fn authority(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// What stands in a request's first line.
    pub(super) fn target(&self) -> &str {
        self.0.path_and_query().map_or("/", |target| target.as_str())
    }

    /// The path alone.
    pub(super) fn path(&self) -> &str {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_named_by_plain_urls() {
        for (url, address) in [
            ("http://127.0.0.1:8080/hook?x=1", ("127.0.0.1", 8080)),
            ("http://[::1]/", ("::1", 80)),
            ("https://receiver.example/", ("receiver.example", 443)),
        ] {
            let url: ReceiverUrl = url.parse().unwrap();
            assert_eq!(url.address(), address);
        }
        for url in ["", "/hook", "ftp://h/", "http://", "https://user@h/", "http://h b"] {
            assert_eq!(url.parse::<ReceiverUrl>(), Err(UrlError), "{url}");
        }
    }
}
