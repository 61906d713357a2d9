//! Which datagrams the kernel can be given as one: those of one size on their way to one place.
//!
//! Linux cuts what it is told into segments of one length (UDP_SEGMENT, udp(7)), of which only the
//! last may be shorter: a way through the stack for many datagrams. Works on sizes alone. Does not
//! know what is in them, nor how they are sent.

use std::{num::NonZeroU16, ops::Range};

/// Segments in one piece; the kernel takes 64 since 4.18, and 128 since 6.2.
pub const SEGMENTS_MAX: usize = 64;
/// The bytes of an IPv4 packet without its header and UDP's.
pub const BYTES_MAX: usize = 65_535 - 20 - 8;

/// Datagrams that go out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub datagrams: Range<usize>,
    /// The size of all but the last; none if there is only one.
    pub segment: Option<NonZeroU16>,
}

/// Joins datagrams in their order. `describe` tells a datagram's size, and who it is for: those
/// that differ in that, or are `None`, are never joined.
pub fn runs<P: PartialEq>(
    count: usize,
    mut describe: impl FnMut(usize) -> (usize, Option<P>),
    mut told: impl FnMut(Run),
) {
    let mut at = 0;
    while at < count {
        let (size, place) = describe(at);
        let (mut end, mut bytes) = (at + 1, size);
        let segment = u16::try_from(size).ok().and_then(NonZeroU16::new);
        if place.is_some() && segment.is_some() {
            while end < count && end - at < SEGMENTS_MAX {
                let (next, whose) = describe(end);
                if next == 0 || next > size || bytes + next > BYTES_MAX || whose != place {
                    break;
                }
                bytes += next;
                end += 1;
                if next < size {
                    break;
                }
            }
        }
        let is_alone = end == at + 1;
        told(Run { datagrams: at..end, segment: segment.filter(|_| !is_alone) });
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Datagram = (usize, Option<u8>);
    type Joined = (Range<usize>, Option<u16>);

    fn joined(sizes: &[Datagram]) -> Vec<Joined> {
        let mut all = Vec::new();
        let told = |run: Run| all.push((run.datagrams, run.segment.map(NonZeroU16::get)));
        runs(sizes.len(), |at| sizes[at], told);
        all
    }

    #[test]
    fn equal_sizes_are_joined_and_a_shorter_one_ends_it() {
        let one = |size| (size, Some(1));
        let cases: &[(&[Datagram], &[Joined])] = &[
            (&[], &[]),
            (&[one(9)], &[(0..1, None)]),
            (&[one(9), one(9), one(9)], &[(0..3, Some(9))]),
            (&[one(9), one(9), one(4), one(9)], &[(0..3, Some(9)), (3..4, None)]),
            (&[one(4), one(9), one(9)], &[(0..1, None), (1..3, Some(9))]),
            (&[one(9), one(0), one(0)], &[(0..1, None), (1..2, None), (2..3, None)]),
            (&[one(9), (9, Some(2)), (9, Some(2))], &[(0..1, None), (1..3, Some(9))]),
            (&[(9, None), (9, None)], &[(0..1, None), (1..2, None)]),
            (&[one(40_000), one(40_000)], &[(0..1, None), (1..2, None)]),
        ];
        for (sizes, expected) in cases {
            assert_eq!(joined(sizes), *expected, "{sizes:?}");
        }
        let many = joined(&[one(1); SEGMENTS_MAX + 1]);
        assert_eq!(many, [(0..SEGMENTS_MAX, Some(1)), (SEGMENTS_MAX..SEGMENTS_MAX + 1, None)]);
    }

    proptest! {
        /// Cut as the kernel cuts, runs are the datagrams that went in.
        #[test]
        fn what_is_joined_comes_apart_the_same(
            sizes in prop::collection::vec(
                (prop_oneof![Just(0_usize), Just(8), Just(9), Just(1400), 0..65_507_usize],
                 prop_oneof![Just(None), (0_u8..2).prop_map(Some)]), 0..200),
        ) {
            let mut apart = Vec::new();
            for (range, segment) in joined(&sizes) {
                prop_assert_eq!(range.start, apart.len());
                let of = &sizes[range.clone()];
                let mut bytes: usize = of.iter().map(|(size, _)| size).sum();
                prop_assert!(of.len() <= SEGMENTS_MAX && (of.len() == 1 || bytes <= BYTES_MAX));
                prop_assert!(of.iter().all(|(_, place)| *place == of[0].1));
                match segment {
                    None => apart.extend(of.iter().map(|(size, _)| *size)),
                    Some(segment) => while bytes > 0 {
                        let size = bytes.min(usize::from(segment));
                        apart.push(size);
                        bytes -= size;
                    },
                }
            }
            let expected: Vec<_> = sizes.iter().map(|(size, _)| *size).collect();
            prop_assert_eq!(apart, expected);
        }
    }
}
