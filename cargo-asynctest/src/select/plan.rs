//! The plan of a run, from binaries and their answers.

use std::ffi::OsString;

use super::binary::Binary;
use super::filter::{Choice, Filter};
use super::list::{Answer, Kind, LIST, Listed};
use crate::cli::Benchmarks;
use crate::plan::{Harness, Plan, TestCase, Unlisted};
use crate::shell;

/// What all binaries of a run are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Which tests.
    pub(crate) filter: Filter,
    /// The words that cargo would pass to each binary: those with a `main` of their own get them.
    pub(crate) words: Vec<OsString>,
}

/// Fills the plan's binaries and tests. `answers` are those of the binaries that take libtest's
/// arguments, in their order.
pub(crate) fn fill(plan: &mut Plan, binaries: Vec<Binary>, answers: Vec<Answer>, wanted: &Wanted) {
    plan.words = wanted.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut answers = answers.into_iter();
    for binary in binaries {
        let index = plan.binaries.len();
        match binary.test.harness {
            Harness::Whole => plan.tests.push(whole(index, &binary, wanted)),
            Harness::Libtest => match answers.next() {
                Some(Ok(listed)) => add(plan, index, &binary, &listed, wanted),
                Some(Err(why)) => plan.unlisted.push(Unlisted {
                    binary: index,
                    why,
                    reproduce: reproduce(&binary),
                }),
                None => (),
            },
        }
        plan.binaries.push(binary.test);
    }
}

/// A binary that is one test.
fn whole(index: usize, binary: &Binary, wanted: &Wanted) -> TestCase {
    TestCase {
        binary: index,
        name: binary.target.clone(),
        arguments: binary.prefix.iter().chain(&wanted.words).cloned().collect(),
    }
}

fn add(plan: &mut Plan, index: usize, binary: &Binary, listed: &[Listed], wanted: &Wanted) {
    for test in listed {
        let case = TestCase {
            binary: index,
            name: test.name.clone(),
            arguments: arguments(binary, test, wanted.filter.benchmarks),
        };
        match wanted.filter.choice(test) {
            Choice::Run => plan.tests.push(case),
            Choice::Skip => plan.skipped.push(case),
        }
    }
}

/// The arguments that run one test.
///
/// One thread, because the test then has its own, with its name, and libtest's waits for it without
/// a timeout. Nothing is captured by libtest: what it has captured it prints at the end, and a test
/// that is killed would take all it had printed with it.
fn arguments(binary: &Binary, test: &Listed, benchmarks: Benchmarks) -> Vec<OsString> {
    let mut arguments = binary.prefix.clone();
    arguments.extend(["--exact".into(), OsString::from(&test.name)]);
    arguments.extend(["--test-threads=1", "--nocapture"].map(OsString::from));
    if test.ignored {
        arguments.push("--include-ignored".into());
    }
    match (test.kind, benchmarks) {
        (Kind::Benchmark, Benchmarks::Measured | Benchmarks::Alone) => {
            arguments.push("--bench".into());
        }
        (Kind::Test, _) | (Kind::Benchmark, Benchmarks::Once) => (),
    }
    arguments
}

fn reproduce(binary: &Binary) -> String {
    let program = [binary.test.path.clone().into_os_string()];
    let words = program.into_iter().chain(binary.prefix.iter().cloned());
    let folder = shell::line([&binary.test.folder]);
    let command = shell::line(words.chain(LIST.map(OsString::from)));
    format!("cd {folder} && {command}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Ignored, LibtestArguments};
    use crate::plan::{ListFailure, TestBinary};

    fn binary(id: &str, harness: Harness, prefix: &[&str]) -> Binary {
        Binary {
            test: TestBinary {
                id: id.to_owned(),
                selection: Vec::new(),
                path: format!("/{id}").into(),
                folder: "/a b".into(),
                environment: Vec::new(),
                unset: Vec::new(),
                is_optimized: false,
                harness,
            },
            executable: format!("/{id}").into(),
            prefix: prefix.iter().map(OsString::from).collect(),
            target: id.to_owned(),
        }
    }

    fn listed(name: &str, ignored: bool) -> Listed {
        Listed { name: name.to_owned(), kind: Kind::Test, ignored }
    }

    fn lines(tests: &[TestCase]) -> Vec<String> {
        let line = |test: &TestCase| {
            let arguments = shell::line(&test.arguments);
            format!("{} {}: {arguments}", test.binary, test.name)
        };
        tests.iter().map(line).collect()
    }

    #[test]
    fn each_binary_gets_what_it_understands() {
        let binaries = vec![
            binary("one", Harness::Libtest, &[]),
            binary("two", Harness::Whole, &["--now", "/two"]),
            binary("three", Harness::Libtest, &["/three"]),
        ];
        let answers =
            vec![Ok(vec![listed("a", false), listed("b", true)]), Ok(vec![listed("a", false)])];
        let mut plan = Plan::default();
        let wanted = Wanted { filter: Filter::default(), words: vec!["x".into()] };
        fill(&mut plan, binaries, answers, &wanted);
        assert_eq!(
            lines(&plan.tests),
            [
                "0 a: --exact a --test-threads=1 --nocapture",
                "1 two: --now /two x",
                "2 a: /three --exact a --test-threads=1 --nocapture",
            ]
        );
        assert_eq!(plan.words, ["x"]);
        let skipped = "0 b: --exact b --test-threads=1 --nocapture --include-ignored";
        assert_eq!(lines(&plan.skipped), [skipped]);
    }

    #[test]
    fn ignored_tests_are_run_as_such() {
        let mut plan = Plan::default();
        let words = ["--include-ignored".into()];
        let arguments = LibtestArguments::parse_words(&words).unwrap();
        assert_eq!(arguments.ignored(), Ignored::Include);
        let wanted = Wanted { filter: Filter::new(None, &arguments), words: words.to_vec() };
        let answers = vec![Ok(vec![listed("b", true)])];
        fill(&mut plan, vec![binary("one", Harness::Libtest, &[])], answers, &wanted);
        let expected = "0 b: --exact b --test-threads=1 --nocapture --include-ignored";
        assert_eq!(lines(&plan.tests), [expected]);
    }

    #[test]
    fn what_did_not_list_is_kept_with_its_command() {
        let mut plan = Plan::default();
        let answers = vec![Err(ListFailure::Hung(String::new()))];
        let binaries = vec![binary("one", Harness::Libtest, &[])];
        fill(&mut plan, binaries, answers, &Wanted::default());
        let reproduce = plan.unlisted.first().map(|unlisted| unlisted.reproduce.as_str());
        assert_eq!(reproduce, Some("cd '/a b' && /one --list --format terse"));
    }
}
