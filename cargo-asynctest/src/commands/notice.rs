//! What the command itself has to say, in cargo's manner.

use std::fmt::Display;
use std::io::{self, Write};

use console::Style;

/// Something the user should know and may want to change.
pub(crate) fn warning(text: impl Display) {
    say(Style::new().yellow().bold(), "warning", text);
}

/// Something the user may want to know.
pub(crate) fn note(text: impl Display) {
    say(Style::new().cyan().bold(), "note", text);
}

/// What keeps the command from going on.
pub(crate) fn error(text: impl Display) {
    say(Style::new().red().bold(), "error", text);
}

fn say(style: Style, word: &str, text: impl Display) {
    let word = style.for_stderr().apply_to(word);
    // There is nobody else to tell when that fails.
    let _ = writeln!(io::stderr(), "{word}: {text}");
}
