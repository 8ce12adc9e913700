//! Time limits that have passed.

/// Whether a text says that a time limit of Tokio's has passed, as a panic does that comes of
/// `timeout(..).await.unwrap()`.
///
/// Source: tokio 1.20 and 1.54 `time/error.rs` (`Elapsed`, `Debug` and `Display`).
pub fn is_elapsed(text: &str) -> bool {
    text.contains("Elapsed(())") || text.contains("deadline has elapsed")
}

#[cfg(test)]
mod tests {
    use super::is_elapsed;

    #[test]
    fn what_unwrap_and_expect_say_is_known() {
        assert!(is_elapsed("called `Result::unwrap()` on an `Err` value: Elapsed(())"));
        assert!(is_elapsed("the server answers: Elapsed(())"));
        assert!(is_elapsed("deadline has elapsed"));
        assert!(!is_elapsed("called `Option::unwrap()` on a `None` value"));
    }
}
