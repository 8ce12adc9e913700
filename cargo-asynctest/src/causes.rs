//! Errors with what they come from.

use std::error::Error;

/// An error with its causes, outermost first, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read it")]
    struct Outer(#[source] io::Error);

    #[test]
    fn every_cause_is_told_once() {
        assert_eq!(chain(&Outer(io::Error::other("no disk"))), "cannot read it: no disk");
    }
}
