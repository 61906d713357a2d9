//! One attempt: a connection, a request, its answer's status. HTTP/1.1, over TLS if the URL says
//! so.

use std::{io, time::Duration};

use bytes::Bytes;
use control_core::resource::Message;
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    client::conn::http1,
    header::{CONNECTION, HOST, HeaderValue, USER_AGENT},
    http,
};
use hyper_util::rt::TokioIo;
use model::{RegionName, Timestamp};
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{Form, ReceiverUrl, Trust, publish, webhook};

/// How long an attempt may take in all (SNS gives a receiver 15 s).
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes kept of an answer's head; its body is not read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Postern/", env!("CARGO_PKG_VERSION")));

/// Where and how messages of one topic are handed over.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) url: ReceiverUrl,
    pub(super) form: Form,
    pub(super) region: RegionName,
    pub(super) trust: Trust,
}

/// Why an attempt failed.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// Nobody answers there.
    #[error("connect to the receiver")]
    Connect(#[source] io::Error),
    /// Whoever answers is not the receiver, or does not speak TLS.
    #[error("make the connection to the receiver secure")]
    Secure(#[source] io::Error),
    /// The connection broke, or it is not HTTP.
    #[error("speak with the receiver")]
    Speak(#[source] hyper::Error),
    /// The request cannot be made.
    #[error("make the request")]
    Make(#[source] http::Error),
    /// It took too long.
    #[error("the receiver takes too long")]
    TimedOut,
    /// The receiver answered with something else than success.
    #[error("the receiver answered {0}")]
    Status(StatusCode),
}

impl Receiver {
    /// Hands a message over, and says whether the receiver has it.
    pub(super) async fn send(&self, message: &Message, at: Timestamp) -> Result<(), Failure> {
        timeout(ATTEMPT_TIMEOUT, self.attempt(message, at)).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Whether trying again is of no use. As with SNS, a subscriber's word that the request is
    /// wrong counts, unless it only means "later". SNS itself says so also of a key that is to be
    /// put right.
    pub(super) fn is_final(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Status(status) => {
                matches!(self.form, Form::Webhook { .. })
                    && status.is_client_error()
                    && *status != StatusCode::TOO_MANY_REQUESTS
                    && *status != StatusCode::REQUEST_TIMEOUT
            }
            Failure::Make(_) => true,
            Failure::Connect(_) | Failure::Secure(_) | Failure::Speak(_) | Failure::TimedOut => {
                false
            }
        }
    }

    async fn attempt(&self, message: &Message, at: Timestamp) -> Result<(), Failure> {
        let request = self.request(message, at).map_err(Failure::Make)?;
        let (host, port) = self.url.address();
        let stream = TcpStream::connect((host, port)).await.map_err(Failure::Connect)?;
        if !self.url.is_secure() {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other);
        let name = name.map_err(Failure::Secure)?;
        let connector = self.trust.connector().map_err(Failure::Secure)?;
        let stream = connector.connect(name, stream).await.map_err(Failure::Secure)?;
        exchange(stream, request).await
    }

    fn request(&self, message: &Message, at: Timestamp) -> http::Result<Request<Full<Bytes>>> {
        let (url, region) = (&self.url, &self.region);
        let mut request = match &self.form {
            Form::Webhook { secret } => {
                webhook::request(url, secret.as_ref(), region, message, at)?
            }
            Form::Publish(key) => publish::request(url, key, region, message, at)?,
        };
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(url.authority())?);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(USER_AGENT, AGENT);
        Ok(request)
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, config::AccessKey};

    #[test]
    fn only_a_subscribers_own_refusal_is_final() {
        let receiver = |form| Receiver {
            url: "https://h/".parse().unwrap(),
            form,
            region: "us-east-1".parse().unwrap(),
            trust: Trust::default(),
        };
        let webhook = receiver(Form::Webhook { secret: None });
        let secret_access_key = Secret("s".to_owned());
        let key = AccessKey { access_key_id: "AKID".to_owned(), secret_access_key };
        let publish = receiver(Form::Publish(key));
        for (status, is_final) in
            [(400, true), (404, true), (408, false), (429, false), (500, false), (503, false)]
        {
            let failure = Failure::Status(StatusCode::from_u16(status).unwrap());
            assert_eq!(webhook.is_final(&failure), is_final, "{status}");
            assert!(!publish.is_final(&failure), "{status}");
        }
        assert!(!webhook.is_final(&Failure::TimedOut));
    }
}
