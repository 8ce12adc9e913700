//! The workspace that the tests share, and ways to run the command in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A file's name and its text.
pub(crate) type File = (&'static str, &'static str);

/// The workspace's files. `one` has every kind of target, `two` a test of the same name, `macros` is a
/// procedural macro, `extra` is no default member and has doctests alone.
const FILES: &[File] = &[
    (
        "Cargo.toml",
        "[workspace]\nresolver = '3'\nmembers = ['one', 'two', 'macros', 'extra']\n\
         default-members = ['one', 'two', 'macros']\n\
         [profile.ci]\ninherits = 'release'\nstrip = true\n",
    ),
    (
        ".cargo/config.toml",
        "[env]\nPLAIN = 'plain'\nHOME = 'not forced'\nUSER = { value = 'forced', force = true }\n\
         PLACE = { value = 'x', relative = true }\nCARGO_PKG_NAME = 'never'\n",
    ),
    (
        ".config/asynctest.toml",
        "[profile.quick]\ntimeout = '9s'\nfail-fast = true\n\
         [profile.over]\nglobal-timeout = 0.000001\n",
    ),
    (
        "one/Cargo.toml",
        "[package]\nname = 'one'\nversion = '1.2.3-rc.1'\nedition = '2024'\n\
         authors = ['A', 'B']\ndescription = 'two words'\nrust-version = '1.85'\n\
         license = 'MIT'\n[[test]]\nname = 'whole'\nharness = false\n\
         [[bench]]\nname = 'speed'\nharness = false\n[features]\nmore = []\n",
    ),
    (
        "one/build.rs",
        "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n\
         println!(\"cargo::rustc-env=FROM_SCRIPT=value\");\n\
         println!(\"cargo::rustc-link-search=native={out}/b\");\n\
         println!(\"cargo::rustc-link-search={out}/a\");\n\
         println!(\"cargo::rustc-link-search=/usr/lib\");\n}\n",
    ),
    (
        "one/src/lib.rs",
        "#[test] fn same() {}\n#[test] #[ignore] fn left_out() {}\n\
         #[cfg(feature = \"more\")] #[test] fn more() {}\n",
    ),
    ("one/src/main.rs", "fn main() {}\n#[test] fn in_program() {}\n"),
    ("one/examples/shown.rs", "fn main() {}\n#[test] fn in_example() {}\n"),
    (
        "one/tests/it.rs",
        "#[test] fn same() {}\n#[test] fn dump() {\n\
         let Some(file) = std::env::var_os(\"DUMP\") else { return };\n\
         let mut lines: Vec<_> = std::env::vars().map(|(k, v)| format!(\"{k}={v}\")).collect();\n\
         lines.push(format!(\"cwd {:?}\", std::env::current_dir()));\n\
         lines.push(format!(\"program {:?}\", std::env::args().next()));\n\
         std::fs::write(file, lines.join(\"\\n\")).unwrap();\n}\n",
    ),
    (
        "one/tests/whole.rs",
        "fn main() {\n    let words: Vec<_> = std::env::args().skip(1).collect();\n\
         assert!(!words.contains(&\"--list\".to_owned()));\n\
         if words.contains(&\"--fail\".to_owned()) { std::process::exit(7) }\n}\n",
    ),
    ("one/benches/speed.rs", "fn main() {}\n"),
    ("two/Cargo.toml", "[package]\nname = 'two'\nversion = '0.1.0'\nedition = '2024'\n"),
    ("two/src/lib.rs", "#[test] fn same() {}\n"),
    (
        "macros/Cargo.toml",
        "[package]\nname = 'macros'\nversion = '0.1.0'\nedition = '2024'\n\
         [lib]\nproc-macro = true\n",
    ),
    ("macros/src/lib.rs", "#[test] fn expands() {}\n"),
    ("extra/Cargo.toml", "[package]\nname = 'extra'\nversion = '0.1.0'\nedition = '2024'\n"),
    ("extra/src/lib.rs", "//! ```\n//! ```\n"),
];

/// The workspace's folder, below the one that cargo gives to tests.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| written("cargo-workspace", FILES))
}

/// A folder of this name with these files.
pub(crate) fn written(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (name, text) in files {
        let path = folder.join(name);
        // Cargo compiles again what was written again.
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A command in the workspace, without what the cargo that runs this test has set.
fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let set_by_cargo = name.starts_with("CARGO_") && name != "CARGO_HOME";
        if set_by_cargo || name == "OUT_DIR" || name.starts_with("RUST_TEST") {
            command.env_remove(&*name);
        }
    }
    command
}

/// `cargo asynctest` with these words, as cargo calls it.
pub(crate) fn asynctest(words: &str) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_cargo-asynctest"));
    command.arg("asynctest").args(words.split_whitespace());
    command
}

/// `cargo test` with these words.
pub(crate) fn cargo_test(words: &str) -> Command {
    let mut command = bare(&std::env::var("CARGO").unwrap());
    command.arg("test").args(words.split_whitespace());
    command
}

/// What a command printed to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The tests with this verdict, as `<binary> <test>`.
pub(crate) fn with_verdict(output: &Output, verdict: &str) -> BTreeSet<String> {
    let lines = stderr(output);
    let names = lines.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix(verdict)?;
        let (_, rest) = rest.trim().split_once(']')?;
        let rest = rest.trim();
        // The number of the test, which a skipped one has not.
        let name = rest.split_once(") ").map_or(rest, |(_, name)| name);
        Some(name.trim().to_owned())
    });
    names.collect()
}
