//! One attempt: a connection, a signed request, its answer's status. HTTP/1.1 without TLS.

use std::{str::FromStr, time::Duration};

use bytes::Bytes;
use control_core::resource::Message;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{
    Request, StatusCode, Uri,
    client::conn::http1,
    header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use model::{RegionName, Timestamp};
use sha2::Sha256;
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};

use super::{ReceiverUrl, document};
use crate::Secret;

/// How long an attempt may take in all (SNS gives a receiver 15 s).
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes kept of an answer's head; its body is not read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Carries the signature: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`.
const SIGNATURE: &str = "x-postern-signature";

/// A text that is not the URL of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a URL such as http://host:port/path")]
pub struct UrlError;

impl FromStr for ReceiverUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError)?;
        let plain = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
        if uri.scheme_str() == Some("http") && plain { Ok(Self(uri)) } else { Err(UrlError) }
    }
}

/// Where and how messages of one topic are posted.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) url: ReceiverUrl,
    pub(super) secret: Option<Secret>,
    pub(super) region: RegionName,
}

/// Why an attempt failed.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// Nobody answers there.
    #[error("connect to the receiver")]
    Connect(#[source] std::io::Error),
    /// The connection broke, or it is not HTTP.
    #[error("speak with the receiver")]
    Speak(#[source] hyper::Error),
    /// The request cannot be made.
    #[error("make the request")]
    Make(#[source] hyper::http::Error),
    /// It took too long.
    #[error("the receiver takes too long")]
    TimedOut,
    /// The receiver answered with something else than success.
    #[error("the receiver answered {0}")]
    Status(StatusCode),
}

impl Failure {
    /// Whether trying again is of no use: as with SNS, the receiver's word that the request is
    /// wrong counts, unless it only means "later".
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Status(status) => {
                status.is_client_error()
                    && *status != StatusCode::TOO_MANY_REQUESTS
                    && *status != StatusCode::REQUEST_TIMEOUT
            }
            Self::Make(_) => true,
            Self::Connect(_) | Self::Speak(_) | Self::TimedOut => false,
        }
    }
}

impl Post {
    /// Posts a message, and says whether the receiver has it.
    pub(super) async fn send(&self, message: &Message, at: Timestamp) -> Result<(), Failure> {
        timeout(ATTEMPT_TIMEOUT, self.exchange(message, at)).await.unwrap_or(Err(Failure::TimedOut))
    }

    async fn exchange(&self, message: &Message, at: Timestamp) -> Result<(), Failure> {
        let request = self.request(message, at).map_err(Failure::Make)?;
        let uri = &self.url.0;
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80)))
            .await
            .map_err(Failure::Connect)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(ANSWER_BYTES_MAX)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(Failure::Speak)?;
        let answer = async {
            let answer = sender.send_request(request).await.map_err(Failure::Speak)?;
            let status = answer.status();
            if status.is_success() { Ok(()) } else { Err(Failure::Status(status)) }
        };
        // The connection moves the bytes; when it ends first, the answer says how.
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }

    fn request(
        &self,
        message: &Message,
        at: Timestamp,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let body = document::body(message, &self.region);
        let uri = &self.url.0;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::post(target)
            .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
            .header(CONNECTION, "close")
            // As SNS sends it, so that its subscribers parse it.
            .header(CONTENT_TYPE, "text/plain; charset=UTF-8")
            .header(USER_AGENT, concat!("Postern/", env!("CARGO_PKG_VERSION")))
            .header("x-amz-sns-message-type", "Notification")
            .header("x-amz-sns-message-id", message.id.to_string())
            .header("x-amz-sns-topic-arn", message.topic.as_str());
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, at, &body));
        }
        request.body(Full::new(body.into()))
    }
}

/// The time is signed with the body, so that a receiver can refuse what is old.
fn signature(secret: &Secret, at: Timestamp, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).expect("HMAC takes keys of any length");
    let seconds = at.as_secs();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_documentation() {
        let secret = Secret("postern".to_owned());
        let signed = signature(&secret, Timestamp(1_795_230_366_999), b"{}");
        // printf '1795230366.{}' | openssl dgst -sha256 -hmac postern
        let expected = "7e62f3ce69a9b563716aaa790c7877023e693a092038bbc15db435cd56a4442b";
        assert_eq!(signed, format!("t=1795230366,v1={expected}"));
    }

    #[test]
    fn receivers_are_named_by_plain_urls() {
        for url in ["http://127.0.0.1:8080/hook?x=1", "http://[::1]:80", "http://receiver.example/"]
        {
            assert!(url.parse::<ReceiverUrl>().is_ok(), "{url}");
        }
        for url in
            ["", "/hook", "https://h/", "ftp://h/", "http://", "http://user@h/", "http://h b"]
        {
            assert_eq!(url.parse::<ReceiverUrl>(), Err(UrlError), "{url}");
        }
    }

    #[test]
    fn only_the_receivers_own_refusal_is_final() {
        for (status, is_final) in
            [(400, true), (404, true), (408, false), (429, false), (500, false), (503, false)]
        {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Failure::Status(status).is_final(), is_final, "{status}");
        }
        assert!(!Failure::TimedOut.is_final());
    }
}
