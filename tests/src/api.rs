//! A signed caller of the API, fast enough for thousands of calls: one TCP connection per call,
//! signed by the AWS SDK's own signer.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::postern::REGION;

/// An account's access key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The account's id.
    pub account: &'static str,
    /// The access key id.
    pub id: &'static str,
    /// The secret access key.
    pub secret: &'static str,
}

/// An error as the API sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status; 0 where the caller does not see it.
    pub status: u16,
    /// The error code.
    pub code: String,
    /// The message.
    pub message: String,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.message)
    }
}

/// A raw HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The text of the first element of this name.
    pub fn text(&self, element: &str) -> Option<String> {
        self.texts(element).into_iter().next()
    }

    /// The texts of all elements of this name.
    pub fn texts(&self, element: &str) -> Vec<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let inner = |part: &str| part.split_once(&close).map(|(text, _)| text.to_owned());
        self.body.split(&open).skip(1).filter_map(inner).collect()
    }
}

/// A caller with one key.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// Where the API listens.
    pub addr: SocketAddr,
    key: Key,
}

impl Api {
    /// A caller of the API at an address.
    pub fn new(addr: SocketAddr, key: Key) -> Self {
        Self { addr, key }
    }

    /// Calls an EC2 action.
    pub fn ec2(&self, action: &str, members: &[(&str, &str)]) -> Result<Answer, ApiError> {
        self.call("ec2", "2016-11-15", action, members)
    }

    /// Calls an Elastic Load Balancing action.
    pub fn elb(&self, action: &str, members: &[(&str, &str)]) -> Result<Answer, ApiError> {
        self.call("elasticloadbalancing", "2015-12-01", action, members)
    }

    fn call(
        &self,
        service: &str,
        version: &str,
        action: &str,
        members: &[(&str, &str)],
    ) -> Result<Answer, ApiError> {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in members {
            form.push_str(&format!("&{}={}", encode(name), encode(value)));
        }
        let answer = self.send(service, form.as_bytes()).map_err(|error| ApiError {
            status: 0,
            code: "NoAnswer".to_owned(),
            message: error.to_string(),
        })?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let text = |element| answer.text(element).unwrap_or_default();
        Err(ApiError { status: answer.status, code: text("Code"), message: text("Message") })
    }

    /// Sends a body, signed for a service, whatever it holds.
    pub fn send(&self, service: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut request =
            format!("POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.addr);
        request.push_str("content-type: application/x-www-form-urlencoded; charset=utf-8\r\n");
        request.push_str(&format!("content-length: {}\r\n", body.len()));
        for (name, value) in self.signature(service, body) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        exchange(self.addr, &[request.as_bytes(), body].concat())
    }

    /// The headers that sign a POST of this body.
    #[expect(clippy::disallowed_methods, reason = "signatures carry the time of day")]
    pub fn signature(&self, service: &str, body: &[u8]) -> Vec<(String, String)> {
        let identity = Credentials::from_keys(self.key.id, self.key.secret, None).into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = format!("http://{}/", self.addr);
        let headers = [
            ("host", self.addr.to_string()),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
        ];
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request =
            SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Sends raw bytes to an HTTP server that closes after its answer.
#[expect(clippy::disallowed_methods, reason = "the rig may block")]
pub fn exchange(addr: SocketAddr, request: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    // A server may answer and close before it has read all of a request that it refuses.
    let sent = stream.write_all(request);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        sent?;
        read?;
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("the server sent no HTTP answer"))?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
