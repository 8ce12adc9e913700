//! Colors, or none.

use console::Style as Paint;

use crate::runner::verdict::Verdict;

/// Whether text gets colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// Text alone.
    Plain,
    /// Colors as terminals know them.
    Colored,
}

impl Style {
    fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colored => paint.force_styling(true).apply_to(text).to_string(),
        }
    }

    /// For a verdict's word.
    pub(crate) fn verdict(self, verdict: Verdict, text: &str) -> String {
        let paint = Paint::new().bold();
        let paint = match verdict {
            Verdict::Pass => paint.green(),
            Verdict::Slow | Verdict::Leak | Verdict::Skip => paint.yellow(),
            Verdict::Fail
            | Verdict::Hang
            | Verdict::Stuck
            | Verdict::ExitHang
            | Verdict::ListHang
            | Verdict::Crash => paint.red(),
        };
        self.paint(paint, text)
    }

    /// For what matters.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(Paint::new().bold(), text)
    }

    /// For what went well.
    pub(crate) fn bold_green(self, text: &str) -> String {
        self.paint(Paint::new().bold().green(), text)
    }

    /// For what did not.
    pub(crate) fn bold_red(self, text: &str) -> String {
        self.paint(Paint::new().bold().red(), text)
    }

    /// For places.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint(Paint::new().cyan(), text)
    }

    /// For names of binaries.
    pub(crate) fn magenta(self, text: &str) -> String {
        self.paint(Paint::new().magenta(), text)
    }

    /// For what may be skipped.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Paint::new().dim(), text)
    }
}
