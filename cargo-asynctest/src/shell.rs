//! Command lines as a shell reads them.

use std::ffi::OsStr;

/// These words as one line that a shell takes apart into them again.
pub(crate) fn line(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let words: Vec<String> =
        words.into_iter().map(|word| quoted(&word.as_ref().to_string_lossy())).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=/.,:@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: &str) {
        assert_eq!(line(words), expected);
    }

    #[test]
    fn only_what_needs_quotes_gets_them() {
        check(&["cargo", "test", "--config=a.b"], "cargo test --config=a.b");
        check(&["bank::moves"], "bank::moves");
        check(&["a b", "", "it's (odd)", "*"], r"'a b' '' 'it'\''s (odd)' '*'");
    }
}
