//! Captures without a debugger.

use std::path::Path;
use std::time::Duration;

use asynctest_engine::report::{Certainty, Counts, Graph, Headline, Looks, Report};
use asynctest_engine::session::Request;
use serde::{Deserialize, Serialize};

use crate::runner::examine::{Examination, Examine};

/// What comes of a capture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Fake {
    /// A report; nothing moved.
    Still,
    /// A report; something moved.
    Moves,
    /// An error.
    Fails,
    /// A panic.
    Panics,
    /// Nothing, ever.
    Never,
    /// A report, once the process has ended by itself.
    AfterTheEnd,
}

impl Examine for Fake {
    fn examine(&self, request: &Request) -> Result<Box<dyn Examination>, String> {
        match self {
            Fake::Still | Fake::Moves => {}
            Fake::Fails => return Err("ptrace is not permitted".to_owned()),
            Fake::Panics => panic!("on purpose"),
            Fake::Never => loop {
                std::thread::park();
            },
            Fake::AfterTheEnd => {
                let stat = format!("/proc/{}/stat", request.process.0);
                while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        let moved = match self {
            Fake::Moves => vec!["thread 1 used 5 ms of CPU".to_owned()],
            _ => Vec::new(),
        };
        Ok(Box::new(Taken(Report {
            version: 1,
            tool: "0".to_owned(),
            subject: request.subject.clone(),
            headline: Headline {
                finding: "undetermined".to_owned(),
                sentence: "made up".to_owned(),
                certainty: Certainty::Possible,
            },
            looks: Looks { count: 2, apart_ms: 1000, moved, next_timer_ms: None, stirs: None },
            counts: Counts::default(),
            findings: Vec::new(),
            graph: Graph::default(),
            runtimes: Vec::new(),
            tasks: Vec::new(),
            threads: Vec::new(),
            holdings: Vec::new(),
            gaps: Vec::new(),
            children: Vec::new(),
        })))
    }
}

struct Taken(Report);

impl Examination for Taken {
    fn report(&self) -> Report {
        self.0.clone()
    }

    fn set_verdict(&mut self, verdict: &str) {
        self.0.subject.verdict = verdict.to_owned();
    }

    fn set_test(&mut self, test: &str, again: String) {
        self.0.subject.test = Some(test.to_owned());
        self.0.subject.again = Some(again);
    }

    fn save(&self, path: &Path) -> Result<(), String> {
        std::fs::write(path, "made up").map_err(|error| error.to_string())
    }
}
