//! Where a test's files go: `<output>/<binary>/<test>/<attempt>-<why>/`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::event::Purpose;

/// What a file name may have, in bytes, is 255: this leaves room for a suffix.
const LONGEST: usize = 200;

/// The folder of one test of the binary `binary`; of the binary itself, where it runs whole.
pub(super) fn of_test(output: &Path, binary: &str, test: &str) -> PathBuf {
    let folder = output.join(file_name(&binary.replace("::", "-")));
    if test.is_empty() { folder } else { within(&folder, test) }
}

/// The folder of one test in that of its binary.
pub(super) fn within(binary: &Path, test: &str) -> PathBuf {
    binary.join(file_name(&test.replace("::", "__")))
}

/// The folder for one look at it.
pub(super) fn of_examination(test: &Path, attempt: u32, purpose: Purpose) -> PathBuf {
    let why = match purpose {
        Purpose::Slow | Purpose::Soft => "slow",
        Purpose::Asked => "signal",
        Purpose::Stuck => "stuck",
        Purpose::Stall => "stall",
        Purpose::Deadline => "deadline",
        Purpose::FirstPanic => "first-panic",
        Purpose::Panic => "panic",
        Purpose::Crash => "crash",
    };
    test.join(format!("{attempt}-{why}"))
}

/// `name` as one file name: test names may be any text where a harness makes them up.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            '/' | '\\' | '\0' => '-',
            letter if letter.is_control() => '-',
            letter => letter,
        })
        .collect();
    if plain.is_empty() || plain.starts_with('.') {
        return format!("_{plain}");
    }
    if plain.len() <= LONGEST {
        return plain;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let kept: String = plain.chars().take(LONGEST / 4).collect();
    format!("{kept}-{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file_name, of_test};

    #[test]
    fn names_become_folders_as_the_contract_says() {
        assert_eq!(
            of_test(Path::new("out"), "ledger::bin/serve", "bank::moves"),
            Path::new("out/ledger-bin-serve/bank__moves")
        );
    }

    #[test]
    fn no_name_leaves_its_folder() {
        assert_eq!(file_name(".."), "_..");
        assert_eq!(file_name(""), "_");
        assert_eq!(file_name("../../x"), "_..-..-x");
        assert_eq!(file_name("a\nb"), "a-b");
    }

    #[test]
    fn long_names_stay_different() {
        let one = file_name(&"ä".repeat(300));
        let two = file_name(&"ä".repeat(301));
        assert!(one.len() <= 255 && two.len() <= 255);
        assert_ne!(one, two);
    }
}
