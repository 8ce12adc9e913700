//! Whether a name that the user gave fits a function's or a place.

use std::path::Path;

/// What the user called a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// How it is known.
    pub(super) kind: WantedKind,
    /// Which of those that fit, from 1.
    pub(super) number: usize,
}

/// How a task is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum WantedKind {
    /// The test's body.
    Main,
    /// By the runtime's number.
    Id(u64),
    /// By a line of its body or the line that spawned it.
    Line(String, u32),
    /// By its function's path, or part of it.
    Function(String),
}

impl Wanted {
    /// Reads what the user gave: `NAME`, with `#N` for the N-th that it fits.
    pub(super) fn parse(given: &str) -> Wanted {
        let numbered = given.rsplit_once('#').and_then(|(name, number)| {
            let number = number.parse().ok().filter(|number| *number > 0)?;
            (!name.is_empty()).then_some((name, number))
        });
        let (name, number) = numbered.unwrap_or((given, 1));
        let kind = if name == "main" {
            WantedKind::Main
        } else if let Ok(id) = name.parse() {
            WantedKind::Id(id)
        } else if let Some((file, line)) = file_and_line(name) {
            WantedKind::Line(file.to_owned(), line)
        } else {
            WantedKind::Function(name.to_owned())
        };
        Wanted { kind, number }
    }
}

/// `file:line`, which a path of functions is not: a colon stands alone in it.
pub(super) fn file_and_line(text: &str) -> Option<(&str, u32)> {
    let (file, line) = text.rsplit_once(':')?;
    let line = line.parse().ok()?;
    (!file.is_empty() && !file.ends_with(':')).then_some((file, line))
}

/// Whether `file` ends with the path that the user gave, by whole folders.
pub(super) fn is_file(file: &Path, given: &str) -> bool {
    file.ends_with(Path::new(given))
}

/// How well a name fits a function's path; the greater, the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fit {
    /// It is somewhere in it.
    Part,
    /// It is its last segments.
    End,
    /// It is the path.
    Whole,
}

/// How well `name` fits the path of a function.
pub(super) fn fit(name: &str, path: &str) -> Option<Fit> {
    if path == name {
        return Some(Fit::Whole);
    }
    let before = path.strip_suffix(name);
    if before.is_some_and(|before| before.ends_with("::")) {
        return Some(Fit::End);
    }
    path.contains(name).then_some(Fit::Part)
}

/// Those of `all` that `name` fits best, and how well it does.
pub(super) fn best<T>(name: &str, all: Vec<T>, path: impl Fn(&T) -> &str) -> Option<(Fit, Vec<T>)> {
    let best = all.iter().filter_map(|one| fit(name, path(one))).max()?;
    Some((best, all.into_iter().filter(|one| fit(name, path(one)) == Some(best)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_is() {
        let check = |given: &str, kind: WantedKind, number: usize| {
            assert_eq!(Wanted::parse(given), Wanted { kind, number }, "{given}");
        };
        check("main", WantedKind::Main, 1);
        check("17", WantedKind::Id(17), 1);
        check("src/a.rs:12", WantedKind::Line("src/a.rs".to_owned(), 12), 1);
        check("a::b", WantedKind::Function("a::b".to_owned()), 1);
        check("a::12", WantedKind::Function("a::12".to_owned()), 1);
        check("serve#3", WantedKind::Function("serve".to_owned()), 3);
        check("serve#0", WantedKind::Function("serve#0".to_owned()), 1);
        check("a.rs:3#2", WantedKind::Line("a.rs".to_owned(), 3), 2);
    }

    #[test]
    fn the_best_fit_wins() {
        let check = |name: &str, expected: &[&str]| {
            let all = vec!["a::work", "b::work", "a::worker", "work"];
            let found = best(name, all, |path| path).map(|(_, found)| found).unwrap_or_default();
            assert_eq!(found, expected, "{name}");
        };
        check("work", &["work"]);
        check("a::work", &["a::work"]);
        check("worker", &["a::worker"]);
        check("ork", &["a::work", "b::work", "a::worker", "work"]);
        check("other", &[]);
    }

    #[test]
    fn files_are_compared_by_whole_folders() {
        let file = Path::new("/w/src/bank.rs");
        assert!(is_file(file, "bank.rs") && is_file(file, "src/bank.rs"));
        assert!(!is_file(file, "ank.rs") && !is_file(file, "lib/bank.rs"));
    }
}
