//! Any bytes are a form or are refused, in both Query protocols; reading it as operations do is
//! bounded.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    control::query::parse_form(bytes);
});
