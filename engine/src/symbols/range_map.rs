//! Which of many address ranges hold an address, by binary search.
//!
//! Ranges may nest, overlap and repeat: compilers and linkers produce all of these.

/// Values by the address ranges they hold.
///
/// Invariant: `entries` are in order of their first address, and `reach` of each is the greatest
/// end of it and all before it.
pub(super) struct RangeMap<T> {
    entries: Vec<Entry<T>>,
}

struct Entry<T> {
    begin: u64,
    end: u64,
    reach: u64,
    value: T,
}

impl<T: Copy> RangeMap<T> {
    /// A map of these `(begin, end, value)`; empty ranges are dropped.
    pub(super) fn new(ranges: impl IntoIterator<Item = (u64, u64, T)>) -> RangeMap<T> {
        let mut entries: Vec<Entry<T>> = ranges
            .into_iter()
            .filter(|(begin, end, _)| begin < end)
            .map(|(begin, end, value)| Entry { begin, end, reach: end, value })
            .collect();
        entries.sort_by_key(|entry| entry.begin);
        let mut reach = 0;
        for entry in &mut entries {
            reach = entry.end.max(reach);
            entry.reach = reach;
        }
        RangeMap { entries }
    }

    /// The ranges that hold `address`, the one that begins last first.
    pub(super) fn holding(&self, address: u64) -> impl Iterator<Item = (u64, u64, T)> {
        let behind = self.entries.partition_point(|entry| entry.begin <= address);
        self.entries
            .get(..behind)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(move |entry| entry.reach > address)
            .filter(move |entry| entry.end > address)
            .map(|entry| (entry.begin, entry.end, entry.value))
    }

    /// The value of the innermost range that holds `address`.
    pub(super) fn find(&self, address: u64) -> Option<T> {
        self.holding(address).next().map(|(_, _, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::RangeMap;

    fn check(ranges: &[(u64, u64, char)], address: u64, expected: &str) {
        let map = RangeMap::new(ranges.iter().copied());
        let found: String = map.holding(address).map(|(_, _, value)| value).collect();
        assert_eq!(found, expected, "at {address} of {ranges:?}");
    }

    #[test]
    fn the_range_that_begins_last_comes_first() {
        let nested = [(10, 50, 'a'), (20, 30, 'b'), (60, 70, 'c')];
        check(&nested, 9, "");
        check(&nested, 10, "a");
        check(&nested, 20, "ba");
        check(&nested, 30, "a");
        check(&nested, 50, "");
        check(&nested, 69, "c");
    }

    #[test]
    fn a_range_is_found_behind_shorter_ones_that_begin_later() {
        check(&[(0, 100, 'a'), (1, 2, 'b'), (3, 4, 'c')], 99, "a");
    }

    #[test]
    fn empty_and_reversed_ranges_hold_nothing() {
        check(&[(5, 5, 'a'), (9, 3, 'b')], 5, "");
    }
}
