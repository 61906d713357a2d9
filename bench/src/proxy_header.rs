//! Finds the end of a PROXY protocol header, so that the back end can skip it. Reads no addresses:
//! whether they are right is for the data plane's tests.

/// The twelve bytes that open version 2 (PROXY protocol 2.2).
const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2: signature, version and command, family, length.
const V2_FIXED: usize = 16;
/// How version 1 opens (2.1).
const V1_PREFIX: &[u8; 6] = b"PROXY ";
/// The longest version 1 line with its CR LF (2.1).
const V1_MAX: usize = 107;

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// More bytes are needed to say.
    Incomplete,
    /// A header of this many bytes; zero if the connection has none.
    Header(usize),
    /// The beginning of a header that goes wrong.
    Malformed,
}

/// Looks at the first bytes of a connection.
pub fn opening(bytes: &[u8]) -> Opening {
    if is_start_of(bytes, V2_SIGNATURE) {
        return version_2(bytes);
    }
    if is_start_of(bytes, V1_PREFIX) {
        return version_1(bytes);
    }
    Opening::Header(0)
}

fn is_start_of(bytes: &[u8], signature: &[u8]) -> bool {
    let shared = bytes.len().min(signature.len());
    bytes[..shared] == signature[..shared]
}

fn version_2(bytes: &[u8]) -> Opening {
    let Some(fixed) = bytes.first_chunk::<V2_FIXED>() else {
        return Opening::Incomplete;
    };
    let length = V2_FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if bytes.len() < length { Opening::Incomplete } else { Opening::Header(length) }
}

fn version_1(bytes: &[u8]) -> Opening {
    match bytes.iter().take(V1_MAX).position(|b| *b == b'\n') {
        Some(end) if bytes[..end].ends_with(b"\r") => Opening::Header(end + 1),
        Some(_) => Opening::Malformed,
        None if bytes.len() >= V1_MAX => Opening::Malformed,
        None => Opening::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_where_the_protocol_says() {
        let mut v2 = V2_SIGNATURE.to_vec();
        v2.extend([0x21, 0x11, 0, 12]);
        v2.extend([0; 12]);
        let v1 = b"PROXY TCP4 127.0.0.1 127.0.0.2 1 2\r\n";
        let long = [b"PROXY ".as_slice(), &[b'x'; 101]].concat();
        let cases: [(&[u8], Opening); 8] = [
            (b"", Opening::Incomplete),
            (b"E\0\0", Opening::Header(0)),
            (v1, Opening::Header(v1.len())),
            (&v1[..v1.len() - 1], Opening::Incomplete),
            (b"PROXY TCP4\n", Opening::Malformed),
            (&long, Opening::Malformed),
            (&v2, Opening::Header(28)),
            (&v2[..27], Opening::Incomplete),
        ];
        for (bytes, expected) in cases {
            assert_eq!(opening(bytes), expected, "{bytes:?}");
        }
    }
}
