//! Compiler flags that the user has set, which go over every profile.

use std::env;
use std::fmt;

use toml::Value;

use super::config::Config;

/// A flag that takes debug info away, whatever the profiles say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    /// Where it is set.
    place: String,
    /// What `-C` is followed by.
    flag: String,
}

impl fmt::Display for Taken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Taken { place, flag } = self;
        write!(formatter, "`{place}` has `-C {flag}`; take it out, and profiles count")
    }
}

/// The flag of the user's that takes debug info away, if there is one.
pub(crate) fn taken(config: &Config, triple: &str) -> Option<Taken> {
    let variables = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];
    let of_variables = variables.into_iter().filter_map(|name| {
        let value = env::var(name).ok()?;
        let words = value.split([' ', '\x1f']).map(str::to_owned).collect();
        Some((name.to_owned(), words))
    });
    let build = config.value("build.rustflags");
    let target = config.table("target").and_then(|targets| targets.get(triple)?.get("rustflags"));
    let of_files = [
        build.map(|value| ("build.rustflags".to_owned(), words(value))),
        target.map(|value| (format!("target.{triple}.rustflags"), words(value))),
    ];
    of_variables.chain(of_files.into_iter().flatten()).find_map(|(place, words)| {
        let flag = taking(&words)?;
        Some(Taken { place, flag })
    })
}

/// The words of a list of flags, which may be one string.
fn words(value: &Value) -> Vec<String> {
    let text = value.as_str().into_iter().flat_map(str::split_whitespace);
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    text.chain(list).map(str::to_owned).collect()
}

/// The last flag of each kind counts; the first kind that takes something away is it.
fn taking(words: &[String]) -> Option<String> {
    let joined = words.iter().filter_map(|word| word.strip_prefix("-C")?.trim().split_once('='));
    let apart = words.windows(2).filter_map(|pair| match pair {
        [switch, flag] if switch == "-C" || switch == "--codegen" => flag.split_once('='),
        _ => None,
    });
    let given: Vec<(&str, &str)> = joined.chain(apart).collect();
    ["debuginfo", "strip", "split-debuginfo"].into_iter().find_map(|kind| {
        let (_, value) = given.iter().rfind(|(key, _)| *key == kind)?;
        let is_harmless = match kind {
            "debuginfo" => matches!(*value, "2" | "full"),
            "strip" => *value == "none",
            _ => *value == "off",
        };
        (!is_harmless).then(|| format!("{kind}={value}"))
    })
}

#[cfg(test)]
mod tests {
    use super::taking;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(taking(&words).as_deref(), expected, "{line}");
    }

    #[test]
    fn only_flags_that_take_something_away_count() {
        check("-C debuginfo=0", Some("debuginfo=0"));
        check("-Cdebuginfo=line-tables-only -C opt-level=1", Some("debuginfo=line-tables-only"));
        check("--codegen strip=symbols", Some("strip=symbols"));
        check("-C split-debuginfo=packed", Some("split-debuginfo=packed"));
        check("-C debuginfo=0 -C debuginfo=2", None);
        check("-C debuginfo=2 -C strip=none -C split-debuginfo=off --cfg tokio_unstable", None);
        check("", None);
    }
}
