//! Where drawn numbers come from: the caller lends a source, so that the same numbers give the same
//! decision. Does not know what is drawn.

/// A source of numbers for identifiers, name tokens and addresses.
///
/// Identifiers are names, not secrets: nobody gains a right by guessing one.
pub trait Draw {
    /// The next 64 bits, all of them equally likely.
    fn bits(&mut self) -> u64;

    /// A number below `bound`, or 0 if `bound` is 0. The bias of the remainder is below 2^-32 for
    /// the bounds met here (subnet sizes and list lengths).
    fn below(&mut self, bound: u32) -> u32 {
        match bound {
            0 => 0,
            _ => u32::try_from(self.bits() % u64::from(bound)).unwrap_or(0),
        }
    }

    /// The next 128 bits.
    fn wide(&mut self) -> u128 {
        (u128::from(self.bits()) << 64) | u128::from(self.bits())
    }
}
