//! What the load tool and its back end say to each other.
//!
//! A connection opens with one request of 64 bytes; its first byte says what follows, the next
//! eight how much. An echo is answered by 64 bytes and followed by further echoes. An upload is
//! answered by 64 bytes once all of it has arrived, a download by itself. All other bytes are zero.

/// Bytes of a request and of a reply.
pub const MESSAGE: usize = 64;
/// The bytes that one call moves in bulk, either way.
pub const CHUNK: usize = 256 * 1024;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Answer with 64 bytes.
    Echo,
    /// This many bytes follow; answer with 64 bytes when they are all here.
    Upload(u64),
    /// Send this many bytes.
    Download(u64),
}

impl Request {
    /// As bytes.
    pub fn encode(self) -> [u8; MESSAGE] {
        let (kind, amount) = match self {
            Self::Echo => (b'E', 0),
            Self::Upload(bytes) => (b'U', bytes),
            Self::Download(bytes) => (b'D', bytes),
        };
        let mut message = [0; MESSAGE];
        message[0] = kind;
        message[1..9].copy_from_slice(&amount.to_be_bytes());
        message
    }

    /// Of the first 64 bytes; none if they are no request.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.first_chunk::<MESSAGE>()?.split_first()?;
        let amount = u64::from_be_bytes(*rest.first_chunk()?);
        match kind {
            b'E' => Some(Self::Echo),
            b'U' => Some(Self::Upload(amount)),
            b'D' => Some(Self::Download(amount)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_back() {
        for request in [Request::Echo, Request::Upload(7), Request::Download(u64::MAX)] {
            assert_eq!(Request::decode(&request.encode()), Some(request));
        }
        assert_eq!(Request::decode(&[b'E'; MESSAGE - 1]), None);
        assert_eq!(Request::decode(&[b'X'; MESSAGE]), None);
    }
}
