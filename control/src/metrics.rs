//! What control counts.
