//! Which lines are told: from one on, up to one, at most so many.

use super::event::{Event, Place};
use super::names::{file_and_line, is_file};
use super::request::Request;
use super::story::Story;

/// Whether lines are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Telling {
    /// Not before the line at which that begins.
    NotYet,
    /// They are.
    Now,
    /// No more.
    NoMore,
}

impl Telling {
    /// How a story begins.
    pub(super) fn new(request: &Request) -> Telling {
        if request.from.is_some() { Telling::NotYet } else { Telling::Now }
    }

    /// What was asked for and did not come, in words: the line to begin at, or the one to end at.
    pub(super) fn missed(self, request: &Request) -> Option<String> {
        let line = match self {
            Telling::NotYet => request.from.as_ref(),
            Telling::Now => request.until.as_ref(),
            Telling::NoMore => None,
        };
        line.map(|line| format!("it did not come to {line}"))
    }
}

impl Story<'_> {
    /// Tells what belongs to a line, as far as lines are to be told.
    pub(super) fn tell_line(&mut self, event: Event) {
        let line = match &event {
            Event::Line { at, .. } => Some(at.clone()),
            Event::Entered { at, .. } => at.clone(),
            _ => None,
        };
        let is_at = |wanted: &Option<String>| {
            wanted.as_deref().zip(line.as_ref()).is_some_and(|(wanted, at)| is_line(wanted, at))
        };
        if self.track.telling == Telling::NotYet && is_at(&self.request.from) {
            self.track.telling = Telling::Now;
        }
        if self.track.telling != Telling::Now {
            return;
        }
        let is_last = is_at(&self.request.until);
        let is_line = matches!(event, Event::Line { .. });
        self.tell(event);
        self.track.lines += u64::from(is_line);
        if is_last || (is_line && self.request.limit == Some(self.track.lines)) {
            self.track.telling = Telling::NoMore;
            self.tell(Event::LimitReached);
        }
    }
}

/// Whether a place is the line that was asked for.
fn is_line(wanted: &str, at: &Place) -> bool {
    file_and_line(wanted)
        .is_some_and(|(file, line)| at.line == line && is_file(at.file.as_ref(), file))
}
