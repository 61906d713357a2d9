//! Any text is an identifier or is refused, and an identifier reads back what it writes.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<model::VpcEndpointId>() {
        assert_eq!(id.to_string(), text);
    }
});
