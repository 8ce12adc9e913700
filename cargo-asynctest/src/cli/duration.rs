//! Durations as users write them.

use std::time::Duration;

/// Reads `5s`, `1m 30s`, `250ms` or a bare number of seconds; `0` is none at all.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .map_err(|_| "a duration is zero or more, and not endless".to_owned());
    }
    humantime::parse_duration(text)
        .map_err(|_| "expected a duration, such as `30s`, `2m` or `500ms`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Duration>) {
        assert_eq!(duration(text).ok(), expected, "{text}");
    }

    #[test]
    fn a_bare_number_is_seconds() {
        check("5", Some(Duration::from_secs(5)));
        check("0", Some(Duration::ZERO));
        check("0.25", Some(Duration::from_millis(250)));
    }

    #[test]
    fn units_are_read() {
        check("250ms", Some(Duration::from_millis(250)));
        check("1m 30s", Some(Duration::from_secs(90)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "-1", "soon", "inf", "nan", "5 parsecs"] {
            check(text, None);
        }
    }
}
