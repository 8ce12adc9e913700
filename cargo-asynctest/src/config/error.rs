//! What can be wrong with the configuration.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key or a value of it makes no sense.
    #[error("{path}:{line}:{column}: {what}\n{excerpt}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The letter in it, from 1.
        column: usize,
        /// What is wrong.
        what: String,
        /// The line with what is wrong marked.
        excerpt: String,
    },
    /// There is no profile of the name that was asked for.
    #[error("{path} has no profile `{name}`; there are: {}", .known.join(", "))]
    NoProfile {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
}

impl Error {
    /// What the parser says of `text`, with its place.
    pub(super) fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or(0..0);
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let begun = before.rsplit('\n').next().unwrap_or_default();
        Error::Malformed {
            path: path.to_owned(),
            line,
            column: begun.chars().count() + 1,
            what: error.message().to_owned(),
            excerpt: excerpt(text, line, begun, &span),
        }
    }
}

/// The line, and below it a mark under the part that is meant.
fn excerpt(text: &str, line: usize, begun: &str, span: &Range<usize>) -> String {
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let meant = text.get(span.clone()).unwrap_or_default();
    let length = meant.lines().next().map_or(1, |meant| meant.chars().count().max(1));
    let gutter = " ".repeat(line.to_string().len());
    let indent: String =
        begun.chars().map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
    format!("{line} | {shown}\n{gutter} | {indent}{}", "^".repeat(length))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Error;
    use crate::config::file::File;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = toml::from_str::<File>(text).unwrap_err();
        let said = Error::malformed(Path::new("c.toml"), text, &error).to_string();
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn the_place_of_what_is_wrong_is_named() {
        check(
            "[profile.default]\ntimeuot = '5s'\n",
            "c.toml:2:1: unknown field `timeuot`, expected one of `timeout`, ",
        );
        check(
            "[profile.default]\n  timeout = 'soon'\n",
            "c.toml:2:13: expected a duration, such as `30s`, `2m` or `500ms`\n\
             2 |   timeout = 'soon'\n  |             ^^^^^^",
        );
        check(
            "[profile.x]\nfail-fast = 1\n",
            "c.toml:2:13: invalid type: integer `1`, expected a b",
        );
        check("[profile.x]\ntest-threads = 0\n", "c.toml:2:16: invalid value: integer `0`");
        check("[profile.x]\ntimeout = true\n", "c.toml:2:11: invalid type: boolean `true`, expec");
        check("[profile.x]\ntimeout = -1\n", "c.toml:2:11: a duration is zero or more");
        check("[profiles.x]\n", "c.toml:1:2: unknown field `profiles`, expected `profile`");
        check("[profile.x]\ntimeout = \n", "c.toml:2:11: ");
        check(
            "[[profile.x.overrides]]\ntests = []\n",
            "c.toml:2:9: invalid length 0, expected a name of tests",
        );
        check("[[profile.x.overrides]]\ntimeout = 1\n", "c.toml:1:1: missing field `tests`");
        check(
            "[[profile.x.overrides]]\ntests = 'a'\nfail-fast = true\n",
            "c.toml:3:1: unknown field `fail-fast`, expected one of `tests`",
        );
    }
}
