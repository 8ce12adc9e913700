//! Cargo's configuration, merged as cargo merges it: `config.toml` files from the folder we are in
//! upward, then cargo's home, with `--config` above them all.
//!
//! Only what [`super`] needs is read from it; environment variables that stand for a key
//! (`CARGO_BUILD_TARGET`) are asked for by those who need the key.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::Error;

/// How deep `include` may nest.
const INCLUDE_DEPTH: usize = 16;

/// The merged configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    table: Table,
}

impl Config {
    /// Reads the configuration that cargo would read in `folder`, given these `--config` words.
    pub(crate) fn read(folder: &Path, words: &[String]) -> Result<Config, Error> {
        let mut table = Table::new();
        for file in files(folder) {
            let base = file.parent().and_then(Path::parent).unwrap_or(folder);
            if let Some(read) = read_file(&file, base, 0)? {
                merge(&mut table, read, Prefer::First);
            }
        }
        for word in words {
            merge(&mut table, read_word(word, folder)?, Prefer::Second);
        }
        Ok(Config { table })
    }

    /// The value at a dotted path of plain keys.
    pub(crate) fn value(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.table.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    /// The table at a dotted path of plain keys.
    pub(crate) fn table(&self, path: &str) -> Option<&Table> {
        self.value(path)?.as_table()
    }

    /// The program at a dotted path of plain keys.
    pub(crate) fn program(&self, path: &str) -> Option<OsString> {
        Some(self.value(path)?.as_str()?.into())
    }
}

/// The files that cargo reads, the first to be preferred.
fn files(folder: &Path) -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|up| up.join(".cargo")).collect();
    folders.extend(home.filter(|home| !folders.contains(home)));
    folders
        .iter()
        .filter_map(|folder| {
            // Cargo prefers the old name when both are there.
            ["config", "config.toml"]
                .iter()
                .map(|name| folder.join(name))
                .find(|file| file.is_file())
        })
        .collect()
}

/// Reads one file and what it includes; `base` is what its relative paths are relative to.
fn read_file(path: &Path, base: &Path, depth: usize) -> Result<Option<Table>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::File { path: path.to_owned(), source });
        }
    };
    let mut table = parse(&text, &path.display().to_string())?;
    resolve(&mut table, base);
    let folder = path.parent().unwrap_or(base);
    for included in included(&table).into_iter().filter(|_| depth < INCLUDE_DEPTH) {
        let file = folder.join(included);
        if let Some(read) = read_file(&file, base, depth + 1)? {
            merge(&mut table, read, Prefer::First);
        }
    }
    Ok(Some(table))
}

/// Reads what stands after one `--config`: a file, or `key=value`.
fn read_word(word: &str, folder: &Path) -> Result<Table, Error> {
    let file = folder.join(word);
    if file.is_file() {
        let base = file.parent().and_then(Path::parent).unwrap_or(folder);
        return Ok(read_file(&file, base, 0)?.unwrap_or_default());
    }
    let mut table = parse(word, &format!("--config {word}"))?;
    resolve(&mut table, folder);
    Ok(table)
}

fn parse(text: &str, place: &str) -> Result<Table, Error> {
    text.parse::<Table>()
        .map_err(|error| Error::Toml { place: place.to_owned(), what: error.message().to_owned() })
}

/// The files that a configuration includes, the last to be preferred.
fn included(table: &Table) -> Vec<String> {
    let path = |value: &Value| {
        let path = value.as_str().or_else(|| value.get("path")?.as_str());
        path.map(str::to_owned)
    };
    match table.get("include") {
        Some(Value::Array(values)) => values.iter().rev().filter_map(path).collect(),
        Some(value) => path(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Makes the paths of a file absolute, as they can no longer be once it is merged.
fn resolve(table: &mut Table, base: &Path) {
    let build = table.get_mut("build");
    if let Some(Value::String(program)) = build.and_then(|build| build.get_mut("rustc")) {
        resolve_program(program, base);
    }
    if let Some(variables) = table.get_mut("env").and_then(Value::as_table_mut) {
        variables.iter_mut().for_each(|(_, value)| resolve_variable(value, base));
    }
    if let Some(targets) = table.get_mut("target").and_then(Value::as_table_mut) {
        for (_, target) in targets.iter_mut() {
            resolve_runner(target.get_mut("runner"), base);
        }
    }
}

/// A program with a folder in its name is relative to the configuration's folder; a bare name is
/// looked up in `PATH`.
fn resolve_program(program: &mut String, base: &Path) {
    if program.contains('/') {
        *program = base.join(&*program).to_string_lossy().into_owned();
    }
}

fn resolve_variable(variable: &mut Value, base: &Path) {
    let relative = variable.get("relative").and_then(Value::as_bool);
    if let (Some(true), Some(Value::String(value))) = (relative, variable.get_mut("value")) {
        *value = base.join(&*value).to_string_lossy().into_owned();
    }
}

/// A runner is a list of words, or one string that cargo splits at spaces: made a list here.
fn resolve_runner(runner: Option<&mut Value>, base: &Path) {
    let Some(runner) = runner else { return };
    if let Value::String(words) = runner {
        let words = words.split_whitespace().map(Value::from).collect();
        *runner = Value::Array(words);
    }
    if let Some(Value::String(program)) = runner.as_array_mut().and_then(|words| words.first_mut())
    {
        resolve_program(program, base);
    }
}

/// Which of two values of one key is kept.
#[derive(Clone, Copy)]
enum Prefer {
    First,
    Second,
}

/// Adds the second table to the first, table by table.
fn merge(first: &mut Table, second: Table, prefer: Prefer) {
    for (key, value) in second {
        match (first.get_mut(&key), value) {
            (Some(Value::Table(first)), Value::Table(second)) => merge(first, second, prefer),
            (None, value) => {
                first.insert(key, value);
            }
            (Some(first), value) => {
                if let Prefer::Second = prefer {
                    *first = value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn nearer_files_and_words_are_preferred() {
        let folder = tempfile::tempdir().unwrap();
        let near = folder.path().join("near");
        let far = "profile.dev.debug=1\nprofile.dev.package.a.debug=1\nbuild.jobs=3";
        write(&folder.path().join(".cargo/config.toml"), far);
        write(&near.join(".cargo/config.toml"), "profile.dev.debug=2");
        let words = ["build.jobs=5".to_owned(), "build.rustc='x'".to_owned()];
        let config = Config::read(&near, &words).unwrap();
        let integer = |path| config.value(path).and_then(Value::as_integer);
        assert_eq!(integer("profile.dev.debug"), Some(2));
        assert_eq!(integer("profile.dev.package.a.debug"), Some(1));
        assert_eq!(integer("build.jobs"), Some(5));
        assert_eq!(config.program("build.rustc"), Some("x".into()));
    }

    #[test]
    fn relative_paths_are_relative_to_the_folder_of_the_dot_cargo_folder() {
        let folder = tempfile::tempdir().unwrap();
        write(
            &folder.path().join(".cargo/config.toml"),
            "env.A={value='x',relative=true}\ntarget.t.runner='./run --now'\nbuild.rustc='r'",
        );
        let config = Config::read(folder.path(), &[]).unwrap();
        let text = |path| config.value(path).and_then(Value::as_str).unwrap().to_owned();
        let base = folder.path().display();
        assert_eq!(text("env.A.value"), format!("{base}/x"));
        let runner = config.value("target.t.runner").and_then(Value::as_array).unwrap();
        assert_eq!(*runner, [Value::from(format!("{base}/./run")), Value::from("--now")]);
        assert_eq!(text("build.rustc"), "r");
    }

    #[test]
    fn includes_are_read_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".cargo/config.toml");
        write(&file, "include=['more.toml', 'config.toml']\nbuild.jobs=1");
        write(&folder.path().join(".cargo/more.toml"), "build.jobs=2\nterm.quiet=true");
        let config = Config::read(folder.path(), &[]).unwrap();
        assert_eq!(config.value("build.jobs").and_then(Value::as_integer), Some(1));
        assert_eq!(config.value("term.quiet").and_then(Value::as_bool), Some(true));
    }

    #[test]
    fn what_is_no_toml_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Config::read(folder.path(), &["a b".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("--config a b"), "{error}");
    }
}
