//! What the compiler says of its target.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use super::command;
use super::config::Config;
use super::error::Error;

/// The target that tests are built for, as rustc knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Its triple.
    pub(crate) triple: String,
    /// The folder of its standard library.
    pub(crate) library: PathBuf,
}

impl Target {
    /// Asks the compiler that cargo uses: for `triple`, or for its own host.
    pub(crate) fn find(config: &Config, triple: Option<&str>) -> Result<Target, Error> {
        let mut words = vec!["--print", "target-libdir"];
        words.extend(triple.into_iter().flat_map(|triple| ["--target", triple]));
        let printed = ask(config, &words)?;
        let library = PathBuf::from(printed.trim());
        // The folder is `<sysroot>/lib/rustlib/<triple>/lib`.
        let triple = triple.map(str::to_owned).or_else(|| {
            let folder = library.parent()?.file_name()?;
            Some(folder.to_str()?.to_owned())
        });
        let Some(triple) = triple else {
            return Err(Error::Answer { program: "rustc".to_owned(), what: printed });
        };
        Ok(Target { triple, library })
    }
}

/// The `cfg`s of a target, a line each.
pub(crate) fn cfgs(config: &Config, triple: &str) -> Result<String, Error> {
    ask(config, &["--print", "cfg", "--target", triple])
}

/// What the compiler that cargo uses says of itself.
pub(crate) fn version(config: &Config) -> Result<String, Error> {
    Ok(ask(config, &["--version"])?.trim().to_owned())
}

fn ask(config: &Config, words: &[&str]) -> Result<String, Error> {
    let program = env::var_os("RUSTC")
        .or_else(|| config.program("build.rustc"))
        .unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(&program);
    for variable in command::leaked() {
        rustc.env_remove(variable);
    }
    let named = || program.to_string_lossy().into_owned();
    let output =
        rustc.args(words).output().map_err(|source| Error::Program { program: named(), source })?;
    if !output.status.success() {
        return Err(Error::Answer {
            program: named(),
            what: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    String::from_utf8(output.stdout)
        .map_err(|error| Error::Answer { program: named(), what: error.to_string() })
}
