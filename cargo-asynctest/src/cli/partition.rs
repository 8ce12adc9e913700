//! `--partition`: which part of the tests a machine of several runs.

use std::str::FromStr;

/// One of several parts, in nextest's spelling: `hash:1/3`, `count:2/3`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Partition {
    /// How the parts are made.
    pub(crate) by: By,
    /// Which part, from 0. Invariant: less than `parts`.
    pub(crate) part: u64,
    /// How many parts there are.
    pub(crate) parts: u64,
}

/// How parts are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// By each test's name: a test stays in its part when others come or go.
    Hash,
    /// In turn, within each binary: parts of a binary differ by one test at most.
    Count,
}

impl FromStr for Partition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Partition, &'static str> {
        const EXPECTED: &str = "expected `hash:M/N` or `count:M/N`, with M from 1 to N";
        let (by, share) = text.split_once(':').ok_or(EXPECTED)?;
        let by = match by {
            "hash" => By::Hash,
            "count" => By::Count,
            _ => return Err(EXPECTED),
        };
        let (part, parts) = share.split_once('/').ok_or(EXPECTED)?;
        let (part, parts): (u64, u64) =
            (part.parse().map_err(|_| EXPECTED)?, parts.parse().map_err(|_| EXPECTED)?);
        match part.checked_sub(1).filter(|part| *part < parts) {
            Some(part) => Ok(Partition { by, part, parts }),
            None => Err(EXPECTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{By, Partition};

    #[test]
    fn parts_are_counted_from_one() {
        let third = Partition { by: By::Hash, part: 0, parts: 3 };
        assert_eq!("hash:1/3".parse(), Ok(third));
        let last = Partition { by: By::Count, part: 2, parts: 3 };
        assert_eq!("count:3/3".parse(), Ok(last));
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in
            ["", "1/3", "hash:0/3", "hash:4/3", "hash:1/0", "slice:1/3", "count:1", "hash:-1/3"]
        {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
    }
}
