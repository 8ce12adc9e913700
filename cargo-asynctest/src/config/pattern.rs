//! Names of tests, in which `*` stands for any letters.

/// Names of which one has to fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Patterns(Vec<String>);

impl Patterns {
    /// These names.
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Patterns {
        Patterns(names.into_iter().collect())
    }

    /// Whether one of them is the test's name, or its binary's and its own with `::` between, as a
    /// report has it.
    pub(super) fn matches(&self, binary: &str, test: &str) -> bool {
        let whole = format!("{binary}::{test}");
        self.0.iter().any(|pattern| fits(pattern, test) || fits(pattern, &whole))
    }
}

/// Whether the whole of `name` is as `pattern` says.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        // The first place leaves most to those that follow.
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Patterns, fits};

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
    }

    #[test]
    fn a_name_is_meant_as_a_whole() {
        check("db::reads", "db::reads", true);
        check("reads", "db::reads", false);
        check("db", "db::reads", false);
        check("", "", true);
        check("", "a", false);
    }

    #[test]
    fn a_star_stands_for_any_letters() {
        check("*", "", true);
        check("db::*", "db::reads::all", true);
        check("*reads", "db::reads", true);
        check("*::reads::*", "db::reads", false);
        check("a*b*a", "aba", true);
        check("a*a", "a", false);
        check("a*b*c", "a-c-b", false);
        check("**x**", "x", true);
        check("*ab", "aab", true);
    }

    #[test]
    fn the_binary_may_be_named_too() {
        let patterns = Patterns::new(["app::it::*".to_owned(), "alone".to_owned()]);
        assert!(patterns.matches("app::it", "reads"));
        assert!(patterns.matches("other", "alone"));
        assert!(!patterns.matches("app", "reads"));
    }
}
