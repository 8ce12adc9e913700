//! Which tests a program has in it: asked when it has run for a while, since most end sooner.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use asynctest_engine::symbols::Object;

use crate::plan::{Harness, Inside, TestBinary, Told};
use crate::select::binary::Binary;
use crate::select::list::{self, ListOptions};

/// When a program is asked.
const AFTER: Duration = Duration::from_millis(300);

/// How long it may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// A part of the name of libtest's main function, in either mangling.
const LIBTEST: &str = "4test16test_main_static";

/// Has it told what the program at `path` has in it.
pub(super) fn ask(path: &Path) -> Told {
    let told = Told::default();
    let (answer, path) = (told.clone(), path.to_owned());
    let work = move || {
        thread::sleep(AFTER);
        let _ = answer.set(inside(path));
    };
    // Without a thread nothing is told, and no test has a deadline.
    let _ = thread::Builder::new().name("inside".to_owned()).spawn(work);
    told
}

/// A program with a `main` of its own would run it whatever it is asked for: its symbols must show
/// libtest's.
fn inside(path: PathBuf) -> Inside {
    let Ok(object) = Object::open(&path) else { return Inside::Unknown };
    let is = |part: &str| !object.symbols_named(|name| name.contains(part)).is_empty();
    if !is(LIBTEST) {
        let is_stripped = object.symbols_named(|_| true).is_empty();
        let is_unknown = is_stripped || is("libtest_mimic");
        return if is_unknown { Inside::Unknown } else { Inside::One };
    }
    let answers = list::list(&[&binary(path)], ListOptions { jobs: 1, limit: Some(LIMIT) });
    match answers.into_iter().next() {
        Some(Ok(tests)) => Inside::Tests(tests.into_iter().map(|test| test.name).collect()),
        Some(Err(_)) | None => Inside::Unknown,
    }
}

fn binary(path: PathBuf) -> Binary {
    Binary {
        executable: path.clone(),
        test: TestBinary {
            id: String::new(),
            selection: Vec::new(),
            path,
            folder: PathBuf::from("."),
            environment: Vec::new(),
            unset: Vec::new(),
            is_optimized: false,
            harness: Harness::Libtest,
        },
        prefix: Vec::new(),
        target: String::new(),
    }
}
