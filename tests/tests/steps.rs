//! Steps a task of each program in `fixtures/tests/steps`, and compares the story with the one in
//! `tests/goldens/steps`, which has the source lines and no line numbers. With `BLESS=1` a story that
//! differs is written there. In release a few are stepped whose lines are the same each time.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, process};

use asynctest_tests::Error;
use asynctest_tests::command::workspace;
use asynctest_tests::matrix::{NEWEST, Profile, Setting, TOKIOS, Toolchain};
use asynctest_tests::stories::{STEPPED, Stepped, difference, story};
use libtest_mimic::{Arguments, Failed, Trial};

/// The versions of Tokio on which they are stepped.
const STEPPED_ON: [&str; 3] = ["tokio-1.28", "tokio-1.38", "tokio-newest"];

/// Those that are stepped in release too, on the newest Tokio.
const OPTIMIZED: [&str; 4] = ["aborted", "panicking", "local_set", "woken_by"];

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
                let name = format!("{}::{}::{golden}{beside}", tokio.name, profile.name());
                trials
                    .push(Trial::test(name, move || check(stepped, setting, profile, is_written)));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(
    stepped: Stepped,
    setting: Setting,
    profile: Profile,
    is_written: bool,
) -> Result<(), Failed> {
    let _alone = ONE_AT_A_TIME.lock();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = temporary.parent().unwrap_or(temporary);
    let story = story(stepped, setting, profile, target)?;
    let path = golden(stepped, profile);
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if story == golden {
        return Ok(());
    }
    if is_written {
        return Ok(fs::write(&path, story).map_err(Error::file(&path))?);
    }
    Err(difference(&golden, &story).into())
}

/// Where the story is that it should be.
fn golden(stepped: Stepped, profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "",
        Profile::Release | Profile::ThinLto => "optimized/",
    };
    workspace().join(format!("tests/goldens/steps/{folder}{}.txt", stepped.golden))
}
