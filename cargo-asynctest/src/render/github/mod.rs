//! GitHub Actions: an annotation a hang, the job summary, groups in the log, reports to upload.
//!
//! While tests print, the runner is told to obey no commands: what a test or a source line says
//! must not steer the job. Annotations follow at the end.
//!
//! - [`job`]: the job we run in
//! - [`failure`]: what is told of a test
//! - [`annotation`]: the commands that annotate lines
//! - [`summary`]: the job summary
//! - [`artifact`]: the folder to upload

mod annotation;
mod artifact;
mod failure;
mod job;
mod summary;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::Render;
use crate::plan::{Output, Plan, RunOptions};
use crate::runner::event::{Event, Examination};
use crate::runner::verdict::Totals;
use artifact::Artifact;
use failure::Failure;

pub(crate) use job::Job;

/// Writes for GitHub.
pub(super) struct GitHub<'plan> {
    plan: &'plan Plan,
    options: &'plan RunOptions,
    job: &'plan Job,
    failures: Vec<Failure>,
    artifact: Artifact,
}

impl<'plan> GitHub<'plan> {
    /// Writes to stderr, which the job's runner reads too, and into the summary's file.
    pub(super) fn new(
        plan: &'plan Plan,
        options: &'plan RunOptions,
        job: &'plan Job,
    ) -> GitHub<'plan> {
        let artifact = Artifact::new(&plan.output);
        GitHub { plan, options, job, failures: Vec::new(), artifact }
    }

    fn begun(&mut self) {
        let stop = self.job.stop();
        say(&stop);
        // Tests that print straight to our stdout are read from there.
        if self.options.output == Output::Streamed {
            let _ = io::stdout().write_all(stop.as_bytes());
        }
        if let Err(error) = self.artifact.clear() {
            super::complain(self.artifact.folder(), &error.to_string());
        }
    }

    /// Puts the report where it will be uploaded from.
    fn examined(&mut self, examination: &Examination) {
        if let Ok(examined) = &examination.outcome
            && let Err(error) = self.artifact.take(&self.plan.output, &examined.folder)
        {
            super::complain(self.artifact.folder(), &error.to_string());
        }
    }

    fn finished(&mut self, totals: &Totals) {
        self.failures
            .extend(self.plan.unlisted.iter().map(|one| Failure::unlisted(self.plan, one)));
        let root = self.job.root.as_deref();
        let commands = annotation::all(&self.failures, self.plan.workspace.as_deref(), root);
        say(&format!("{}{commands}", self.job.resume()));
        if let Err(error) = self.write_summary(totals) {
            let path = self.job.summary.as_deref().unwrap_or(Path::new(""));
            super::complain(path, &error.to_string());
        }
        if let Err(error) = self.write_output() {
            let path = self.job.output.as_deref().unwrap_or(Path::new(""));
            super::complain(path, &error.to_string());
        }
    }

    fn write_summary(&self, totals: &Totals) -> io::Result<()> {
        let Some(path) = &self.job.summary else {
            return Ok(());
        };
        if self.failures.is_empty() {
            return Ok(());
        }
        let taken = std::fs::metadata(path).map_or(0, |facts| facts.len());
        append(path, &summary::text(&self.failures, totals, summary::room(taken)))
    }

    /// Tells later steps where the reports are.
    fn write_output(&self) -> io::Result<()> {
        let Some(path) = &self.job.output else {
            return Ok(());
        };
        append(path, &format!("reports={}\n", self.artifact.folder().display()))
    }
}

impl Render for GitHub<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun => self.begun(),
            Event::Slow { examination, .. } | Event::Asked { examination, .. } => {
                self.examined(examination);
            }
            Event::Ended { test, result, .. } => {
                for examination in &result.examinations {
                    self.examined(examination);
                }
                self.failures.extend(Failure::of(self.plan, *test, result));
            }
            Event::Finished { totals, .. } => self.finished(totals),
            Event::Interrupted { .. } | Event::Tick { .. } => {}
        }
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

fn say(text: &str) {
    // Nobody may be reading any more.
    let _ = io::stderr().write_all(text.as_bytes());
}
