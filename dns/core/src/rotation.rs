//! The order of addresses in an answer (RFC 1794).
//!
//! Records of equal length are laid out once so that every order that is ever sent is one slice
//! of the layout: an answer is then a single copy. Up to three records have all their
//! permutations, so that losing the first address spreads its clients evenly over the others;
//! more have their rotations. Knows no record's content.

/// A layout of three in which every permutation stands somewhere: 0 1 2 0 1 0 2 1 0.
const ALL_OF_THREE: [usize; 9] = [0, 1, 2, 0, 1, 0, 2, 1, 0];
/// Where the six permutations start in it.
const STARTS_OF_THREE: [usize; 6] = [0, 1, 2, 4, 5, 6];

/// Lays out `count` records: which record stands at each place.
pub(crate) fn layout(count: usize) -> impl Iterator<Item = usize> {
    let at = move |place| if count == 3 { ALL_OF_THREE[place] } else { place % count };
    (0..layout_len(count)).map(at)
}

/// How many places the layout of `count` records has.
pub(crate) const fn layout_len(count: usize) -> usize {
    match count {
        0 => 0,
        3 => ALL_OF_THREE.len(),
        _ => 2 * count - 1,
    }
}

/// The place in the layout at which to start, spread evenly over all orders as `turn` is over all
/// numbers.
pub(crate) fn start(count: usize, turn: u32) -> usize {
    match count {
        0 | 1 => 0,
        3 => STARTS_OF_THREE[scale(turn, STARTS_OF_THREE.len())],
        _ => scale(turn, count),
    }
}

/// Scales a number of the whole 32-bit range down to below `bound`.
fn scale(turn: u32, bound: usize) -> usize {
    let product = u64::from(turn) * u64::try_from(bound).unwrap_or(u64::MAX >> 32);
    usize::try_from(product >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_order_is_whole_and_equally_likely() {
        for (count, orders) in [(1, 1), (2, 2), (3, 6), (4, 4), (8, 8)] {
            let layout: Vec<_> = layout(count).collect();
            let mut seen = BTreeMap::<Vec<usize>, u32>::new();
            let turns = 48_000;
            for turn in 0..turns {
                let start = start(count, turn * (u32::MAX / turns));
                let order = layout[start..start + count].to_vec();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>());
                *seen.entry(order).or_default() += 1;
            }
            assert_eq!(seen.len(), orders, "{count} records");
            let fair = turns / u32::try_from(orders).unwrap();
            assert!(seen.values().all(|n| n.abs_diff(fair) < 10), "{seen:?}");
        }
    }
}
