//! `cargo asynctest completions SHELL`: what makes a shell complete the command's words.

use std::io::{self, Write};

use crate::cli::{self, CompletionsArguments};
use crate::commands::exit::Exit;

/// Prints the script for a shell.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Exit {
    // Whoever reads it may have read enough: `| head`.
    let _ = io::stdout().write_all(&script(arguments.shell));
    Exit::Success
}

fn script(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::whole(), cli::PROGRAM, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Shell;

    use super::script;

    #[test]
    fn every_shell_gets_the_flags_and_the_commands() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for word in ["cargo-asynctest", "stuck-after", "attach", "doctor", "manifest-path"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
