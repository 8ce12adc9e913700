//! Steps a task of each program in `fixtures/tests/steps`, and compares the story with the one in
//! `tests/goldens/steps`, which has the source lines and no line numbers. With `BLESS=1` a story that
//! differs is written there. In release a few are stepped whose lines are the same each time.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, process};

use asynctest_tests::Error;
use asynctest_tests::command::workspace;
use asynctest_tests::matrix::{NEWEST, Profile, Setting, TOKIOS, Toolchain};
use asynctest_tests::stories::{Means, STEPPED, Stepped, difference, story};
use libtest_mimic::{Arguments, Failed, Trial};

/// The versions of Tokio on which they are stepped.
const STEPPED_ON: [&str; 3] = ["tokio-1.28", "tokio-1.38", "tokio-newest"];

/// Those that are stepped in release too, on the newest Tokio.
const OPTIMIZED: [&str; 4] = ["aborted", "panicking", "local_set", "woken_by"];

/// How threads are stopped, and what the story is called by it. With breakpoints on the newest Tokio.
const MEANS: [(Means, &str); 2] =
    [(Means::Watchpoints, ""), (Means::Breakpoints, "::by_breakpoints")];

/// One story at a time: each needs a CPU for itself and one for the test.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let is_written = std::env::var_os("BLESS").is_some();
    let mut trials = Vec::new();
    for tokio in TOKIOS.into_iter().filter(|tokio| STEPPED_ON.contains(&tokio.name)) {
        let setting = Setting { tokio, toolchain: Toolchain::Default };
        for stepped in STEPPED {
            let is_optimized = tokio == NEWEST && OPTIMIZED.contains(&stepped.golden);
            let release = is_optimized.then_some(Profile::Release);
            for profile in [Some(Profile::Dev), release].into_iter().flatten() {
                let beside = stepped.beside.map(|_| "::and_another").unwrap_or_default();
                let golden = stepped.golden;
                for (means, by) in MEANS {
                    if means == Means::Breakpoints && tokio != NEWEST {
                        continue;
                    }
                    let name = format!("{}::{}::{golden}{beside}{by}", tokio.name, profile.name());
                    let case = Case { stepped, means, setting, profile };
                    trials.push(Trial::test(name, move || check(case, is_written)));
                }
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One story that is compared.
#[derive(Clone, Copy)]
struct Case {
    stepped: Stepped,
    means: Means,
    setting: Setting,
    profile: Profile,
}

fn check(case: Case, is_written: bool) -> Result<(), Failed> {
    let Case { stepped, means, setting, profile } = case;
    let _alone = ONE_AT_A_TIME.lock();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = temporary.parent().unwrap_or(temporary);
    let story = story(stepped, means, setting, profile, target)?;
    let path = golden(case);
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if story == golden {
        return Ok(());
    }
    if is_written {
        return Ok(fs::write(&path, story).map_err(Error::file(&path))?);
    }
    Err(difference(&golden, &story).into())
}

/// Where the story is that it should be: with breakpoints the same one, but for who writes to variables
/// that are watched.
fn golden(case: Case) -> PathBuf {
    let is_unseen = case.means == Means::Breakpoints && !case.stepped.watched.is_empty();
    let folder = match case.profile {
        Profile::Dev if is_unseen => "by_breakpoints/",
        Profile::Dev => "",
        Profile::Release | Profile::ThinLto => "optimized/",
    };
    workspace().join(format!("tests/goldens/steps/{folder}{}.txt", case.stepped.golden))
}
