//! Any bytes are a PROXY header, the start of one, or neither; never a panic, never more than was
//! given.
#![no_main]

use dataplane_core::proxy_header::{PARSED_BYTES_MAX, Parsed, parse};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(Parsed::Header(header)) = parse(bytes) {
        assert!(header.length <= bytes.len().min(PARSED_BYTES_MAX));
        // What follows the header is payload and changes nothing.
        assert_eq!(parse(&bytes[..header.length]), Ok(Parsed::Header(header)));
    }
});
