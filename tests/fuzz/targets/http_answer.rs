//! Any bytes are an HTTP answer, the start of one, or neither; never a panic, and what is known of
//! an answer does not change with what follows.
#![no_main]

use dataplane_core::http_check::{Answer, read_answer};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = read_answer(bytes);
    if let Answer::Code(code) = whole {
        assert!((100..=999).contains(&code));
    }
    let half = read_answer(&bytes[..bytes.len() / 2]);
    assert!(half == Answer::Incomplete || half == whole);
});
