//! What ends a test at once, in words.

use super::words::{Words, at_place};
use crate::diagnosis::Finding;
use crate::model::Blow;

/// Most letters of a panic's message in a sentence.
const MOST: usize = 300;

/// What happened to whom, and where: `the test body panicked at src/bank.rs:41: no such account`.
pub(super) fn blow(words: &Words<'_, '_>, finding: &Finding) -> String {
    let Some(step) = finding.steps.first() else { return String::new() };
    let who = words.who(step.who);
    let place = words.place(step.who);
    let place = at_place(place.as_ref());
    match words.blow(step.who) {
        Some(Blow::Panic { message, is_timeout }) => {
            let message = message.as_deref().map(|text| format!(": {}", short(text)));
            let gone = match is_timeout {
                true => {
                    "; the future that had this limit was dropped before that, so it is not shown"
                }
                false => "",
            };
            format!("{who} panicked{place}{}{gone}", message.unwrap_or_default())
        }
        Some(Blow::Signal { name, origin }) => {
            let origin = origin.as_ref().map(|origin| format!(": {origin}")).unwrap_or_default();
            format!("{who} got {name}{place}{origin}")
        }
        None => format!("{who} ended{place}"),
    }
}

/// A message in one line of bearable length.
fn short(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.join("; ");
    if line.chars().count() <= MOST {
        return line;
    }
    let kept: String = line.chars().take(MOST).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::{MOST, short};

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(short("a wrong sum\n  left: 2\n right: 3\n"), "a wrong sum; left: 2; right: 3");
        let long = "ä".repeat(MOST + 1);
        assert_eq!(short(&long).chars().count(), MOST + 3);
    }
}
