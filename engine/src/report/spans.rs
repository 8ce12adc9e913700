//! Spans of time in words.

/// From how many milliseconds on tenths of a second say enough.
const LONG: u64 = 1000;

/// `3 ms`, `1.5 s`.
pub fn span(milliseconds: u64) -> String {
    match milliseconds {
        ..LONG => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn short_spans_are_not_nothing() {
        assert_eq!(span(3), "3 ms");
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(1000), "1.0 s");
        assert_eq!(span(61_500), "61.5 s");
    }
}
