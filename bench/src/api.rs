//! A signed caller of Postern's API over one kept-alive connection, as an SDK's client is.
//!
//! Knows the wire: Signature Version 4, the Query form, enough of HTTP/1.1 to read an answer with a
//! stated length. Does not know what is asked, nor how fast.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::clock;

/// The Region that the benches' gateways are configured with.
pub const REGION: &str = "us-east-1";
/// How long an answer may take before the caller gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer read: a page of 1,000 endpoints is some 2 MiB.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// An access key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its id.
    pub id: &'static str,
    /// Its secret.
    pub secret: &'static str,
}

/// The API of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// EC2.
    Ec2,
    /// Elastic Load Balancing, version 2.
    Elb,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Elb => "elasticloadbalancing",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::Elb => "2015-12-01",
        }
    }
}

/// The document of an answer with status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(pub String);

impl Document {
    /// The text of the first element of this name.
    pub fn text(&self, element: &str) -> Option<&str> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let (_, rest) = self.0.split_once(&open)?;
        rest.split_once(&close).map(|(text, _)| text)
    }

    /// The same, of an answer that must have it.
    pub fn required(&self, element: &str) -> io::Result<&str> {
        let missing = || io::Error::other(format!("an answer without {element}: {}", self.0));
        self.text(element).ok_or_else(missing)
    }
}

/// A caller with one key and one connection.
#[derive(Debug)]
pub struct Caller {
    addr: SocketAddr,
    key: Key,
    stream: TcpStream,
    /// The signing key with the day and service that it is for.
    signing: Option<(String, Service, Vec<u8>)>,
    received: Vec<u8>,
}

impl Caller {
    /// Connects.
    pub fn connect(addr: SocketAddr, key: Key) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { addr, key, stream, signing: None, received: Vec::new() })
    }

    /// Calls an action; an answer other than 200 is an error with its body.
    pub fn call(
        &mut self,
        service: Service,
        action: &str,
        members: &[(&str, &str)],
    ) -> io::Result<Document> {
        let mut form = format!("Action={action}&Version={}", service.version());
        for (name, value) in members {
            form.push_str(&format!("&{name}={}", encoded(value)));
        }
        let request = self.request(service, &form);
        self.stream.write_all(request.as_bytes())?;
        let (status, body) = self.answer()?;
        if status == 200 {
            Ok(Document(body))
        } else {
            Err(io::Error::other(format!("{action}: {status} {body}")))
        }
    }

    fn request(&mut self, service: Service, form: &str) -> String {
        let (host, at) = (self.addr, clock::amz_date());
        let (day, _) = at.split_at(8);
        let canonical = format!(
            "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{at}\n\n\
             content-type;host;x-amz-date\n{}",
            hex::encode(Sha256::digest(form))
        );
        let scope = format!("{day}/{REGION}/{}/aws4_request", service.name());
        let hashed = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
        let signature = hex::encode(mac(self.signing_key(day, service), &to_sign));
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: {CONTENT_TYPE}\r\n\
             content-length: {}\r\nx-amz-date: {at}\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential={}/{scope}, SignedHeaders=content-type;host;x-amz-date, \
             Signature={signature}\r\n\r\n{form}",
            form.len(),
            self.key.id
        )
    }

    fn signing_key(&mut self, day: &str, service: Service) -> &[u8] {
        let is_kept = |kept: &(String, Service, _)| kept.0 == day && kept.1 == service;
        if !self.signing.as_ref().is_some_and(is_kept) {
            let secret = format!("AWS4{}", self.key.secret);
            let parts = [day, REGION, service.name(), "aws4_request"];
            let key = parts.iter().fold(secret.into_bytes(), |key, part| mac(&key, part));
            self.signing = Some((day.to_owned(), service, key));
        }
        self.signing.as_ref().map(|(_, _, key)| key.as_slice()).unwrap_or_default()
    }

    fn answer(&mut self) -> io::Result<(u16, String)> {
        self.received.clear();
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.received[..at]).to_ascii_lowercase();
                let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
                let length = head.split("content-length: ").nth(1);
                let length = length.and_then(|it| it.split("\r\n").next()?.parse::<usize>().ok());
                let (status, length) = (status.ok_or_else(bad)?, length.ok_or_else(bad)?);
                self.fill(at + 4 + length)?;
                let body = self.received.split_off(at + 4);
                return Ok((status, String::from_utf8(body).map_err(|_| bad())?));
            }
            self.fill(self.received.len() + 1)?;
        }
    }

    /// Reads until there are so many bytes.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        if count > ANSWER_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut buffer = [0; 64 * 1024];
        while self.received.len() < count {
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.received.extend_from_slice(&buffer[..read]),
            }
        }
        Ok(())
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A value as forms carry it.
fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_and_elements_found() {
        assert_eq!(encoded("com.a:b/c d"), "com.a%3Ab%2Fc%20d");
        let document = Document("<a><b>1</b><b>2</b></a>".to_owned());
        assert_eq!(document.text("b"), Some("1"));
        assert!(document.required("c").is_err());
    }

    #[test]
    fn signing_keys_are_the_documented_ones() {
        // The example of AWS's guide "Create a signed AWS API request".
        let parts = ["20150830", "us-east-1", "iam", "aws4_request"];
        let secret = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        let key = parts.iter().fold(secret, |key, part| mac(&key, part));
        assert_eq!(
            hex::encode(key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }
}
