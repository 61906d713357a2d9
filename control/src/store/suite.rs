//! What every store must pass. Panics at the first thing that is wrong.
