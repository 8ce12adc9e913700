//! Asks test binaries for their tests, several at once and each with a time limit.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::binary::Binary;
use crate::plan::ListFailure;

/// One test as its binary lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Test or benchmark.
    pub(crate) kind: Kind,
    /// Whether it is marked `#[ignore]`; not asked, and so false, where that is all one.
    pub(crate) ignored: bool,
}

/// Test or benchmark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `#[test]`.
    Test,
    /// `#[bench]`.
    Benchmark,
}

/// The arguments that make a test binary list its tests.
pub(crate) const LIST: [&str; 3] = ["--list", "--format", "terse"];

/// How listing is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListOptions {
    /// How many binaries at once.
    pub(crate) jobs: usize,
    /// How long each may take.
    pub(crate) limit: Option<Duration>,
}

/// What a binary answered.
pub(crate) type Answer = Result<Vec<Listed>, ListFailure>;

/// The tests of each of these binaries, in their order.
pub(crate) fn list(binaries: &[&Binary], options: ListOptions) -> Vec<Answer> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, binaries.len().max(1)) {
            scope.spawn(|| {
                while let Some((index, binary)) = take(&next, binaries) {
                    let answer = tests(binary, options.limit);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.push((index, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn take<'all, T>(next: &AtomicUsize, all: &'all [T]) -> Option<(usize, &'all T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, all.get(index)?))
}

/// The tests of one binary. Which are ignored is a second question.
fn tests(binary: &Binary, limit: Option<Duration>) -> Answer {
    let mut tests = parse(&ask(binary, &[], limit)?);
    let ignored = parse(&ask(binary, &["--ignored"], limit)?);
    let ignored: HashSet<String> = ignored.into_iter().map(|test| test.name).collect();
    for test in &mut tests {
        test.ignored = ignored.contains(&test.name);
    }
    Ok(tests)
}

/// Lines such as `module::name: test`. What else a binary prints is its own affair.
fn parse(text: &str) -> Vec<Listed> {
    let test = |line: &str| {
        let (name, kind) = line.rsplit_once(": ")?;
        let kind = match kind {
            "test" => Kind::Test,
            "benchmark" => Kind::Benchmark,
            _ => return None,
        };
        Some(Listed { name: name.to_owned(), kind, ignored: false })
    };
    text.lines().filter_map(test).collect()
}

/// The command that runs a test binary with these arguments.
pub(crate) fn command(binary: &Binary) -> Command {
    let mut command = Command::new(&binary.test.path);
    command.args(&binary.prefix).current_dir(&binary.test.folder);
    for name in &binary.test.unset {
        command.env_remove(name);
    }
    command.envs(binary.test.environment.iter().map(|(name, value)| (name, value)));
    command
}

/// What a binary prints when it is asked to list.
fn ask(binary: &Binary, more: &[&str], limit: Option<Duration>) -> Result<String, ListFailure> {
    let unstarted = |error: io::Error| {
        ListFailure::Failed(format!("could not be started: {error}"), String::new())
    };
    let (stdout, stderr) =
        (tempfile::tempfile().map_err(unstarted)?, tempfile::tempfile().map_err(unstarted)?);
    let mut child = command(binary)
        .args(LIST)
        .args(more)
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(unstarted)?)
        .stderr(stderr.try_clone().map_err(unstarted)?)
        .process_group(0)
        .spawn()
        .map_err(unstarted)?;
    match wait(&mut child, limit).map_err(unstarted)? {
        Some(status) if status.success() => Ok(contents(stdout)),
        Some(status) => Err(ListFailure::Failed(how(status), contents(stderr))),
        None => Err(ListFailure::Hung(contents(stderr))),
    }
}

/// Waits for the end of the child; past the limit it is killed, with all its process group, and
/// there is no status.
fn wait(child: &mut Child, limit: Option<Duration>) -> io::Result<Option<ExitStatus>> {
    let Some(limit) = limit else {
        return child.wait().map(Some);
    };
    let pid = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            // The child is left unreaped, so that its id stays its own until it is killed.
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
            while waitid(Id::Pid(pid), flags) == Err(nix::Error::EINTR) {}
            let _ = ended.send(());
        });
        let in_time = end.recv_timeout(limit).is_ok();
        if !in_time {
            // It may have ended by itself meanwhile.
            let _ = killpg(pid, Signal::SIGKILL);
        }
        let status = child.wait()?;
        Ok(in_time.then_some(status))
    })
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match Signal::try_from(signal) {
            Ok(signal) => format!("signal {signal}"),
            Err(_) => format!("signal {signal}"),
        },
        (None, None) => "an unknown end".to_owned(),
    }
}

/// What a child has written to this file; what is no text in it is replaced.
fn contents(mut file: File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(cannot be read: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Harness, TestBinary};

    /// A binary that is this script of the shell's.
    fn script(script: &str) -> Binary {
        Binary {
            test: TestBinary {
                id: script.to_owned(),
                selection: Vec::new(),
                path: "/bin/sh".into(),
                folder: "/".into(),
                environment: vec![("NAME".into(), "named".into())],
                unset: Vec::new(),
                is_optimized: false,
                harness: Harness::Libtest,
            },
            executable: "/bin/sh".into(),
            prefix: ["-c", script, "sh"].map(Into::into).into(),
            target: script.to_owned(),
        }
    }

    #[track_caller]
    fn check(scripts: &[&str], limit: Option<Duration>, expected: &[&str]) {
        let scripts: Vec<Binary> = scripts.iter().copied().map(script).collect();
        let scripts: Vec<&Binary> = scripts.iter().collect();
        let word = |answer: Answer| match answer {
            Ok(tests) => {
                let word = |test: &Listed| match test.ignored {
                    true => format!("{} ignored", test.name),
                    false => test.name.clone(),
                };
                tests.iter().map(word).collect::<Vec<_>>().join(", ")
            }
            Err(ListFailure::Hung(stderr)) => format!("hung {stderr}"),
            Err(ListFailure::Failed(how, stderr)) => format!("{how} {stderr}"),
        };
        let answers = list(&scripts, ListOptions { jobs: 2, limit });
        let answers: Vec<String> = answers.into_iter().map(word).collect();
        assert_eq!(answers, expected);
    }

    #[test]
    fn binaries_are_asked_twice_and_answer_in_order() {
        let ignored = "test \"$4\" = --ignored || echo a: test; echo $NAME: test";
        let expected = ["", "a, named ignored", "x ignored"];
        check(&["true", ignored, "echo x: test"], None, &expected);
    }

    #[test]
    fn what_hangs_or_fails_is_told_with_its_words() {
        let limit = Some(Duration::from_millis(200));
        check(&["echo why >&2; sleep 1000"], limit, &["hung why\n"]);
        let limit = Some(Duration::from_secs(600));
        check(
            &["echo why >&2; exit 3", "kill -SEGV $$"],
            limit,
            &["exit code 3 why\n", "signal SIGSEGV "],
        );
    }

    #[test]
    fn tests_and_benchmarks_are_read() {
        let listed = parse("hello\na::b: test\nodd: name: benchmark\nx: other\n\n");
        let listed: Vec<_> = listed.iter().map(|test| (test.name.as_str(), test.kind)).collect();
        assert_eq!(listed, [("a::b", Kind::Test), ("odd: name", Kind::Benchmark)]);
    }
}
