//! Runs a plan: a process a test, deadlines, captures of what hangs, and nothing left behind.
//!
//! One thread waits for everything ([`reactor`]); only captures have threads of their own. The
//! runner prints nothing: it says what happens as [`event::Event`]s, which `render` shows.
//!
//! - [`verdict`], [`event`]: what can happen, in words that the renderers use
//! - [`sentinel`]: the parent process that outlives us and cleans up
//! - [`death`]: our own end, by the signal that a program has ended by
//! - [`signals`], [`terminal`], [`reactor`]: what the loop waits for
//! - [`processes`]: all descendants of a process, and their end
//! - [`output`]: what a test printed, bounded in memory
//! - [`isolation`]: how a test becomes a process
//! - [`timing`]: when a test is looked at
//! - [`inside`]: tests that are threads of one program
//! - [`examine`], [`folders`]: captures, on threads of their own, and where their files go
//! - [`again`]: how to run one test again
//! - [`running`], [`mod@run`]: the loop
//! - [`held`], [`attended`]: tests that are traced while they run
//! - [`stepped`]: one test, while one of its tasks is followed

pub(crate) mod again;
mod attended;
pub(crate) mod death;
pub(crate) mod event;
pub(crate) mod examine;
mod folders;
pub(crate) mod held;
mod inside;
mod isolation;
pub(crate) mod output;
mod processes;
mod reactor;
mod run;
mod running;
pub(crate) mod sentinel;
mod signals;
pub(crate) mod stepped;
mod terminal;
mod timing;
pub(crate) mod verdict;

use crate::plan::{Plan, RunOptions};
use crate::render;

pub(crate) use run::Error;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    /// What the command exits with.
    pub(crate) exit: u8,
}

/// Runs all tests of `plan` and shows what happens.
pub(crate) fn run(
    plan: Plan,
    options: &RunOptions,
    render: &render::Options,
) -> Result<Outcome, Error> {
    run_with(plan, options, render, examine::Captures::live())
}

/// What came of the one program that another runner has us run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrapped {
    /// The verdict; `None` when we were asked to end.
    pub(crate) verdict: Option<verdict::Verdict>,
    /// How its process ended.
    pub(crate) exit: verdict::Exit,
}

/// Runs the one test of `plan` for another runner: only reports are shown.
pub(crate) fn run_wrapped(
    plan: &Plan,
    options: &RunOptions,
    render: &render::Options,
) -> Result<Wrapped, Error> {
    let mut reports = render::Renderers::reports(plan, options, render);
    let setup =
        run::Setup { captures: examine::Captures::live(), files: render::FILES, tick: None };
    let mut wrapped = Wrapped { verdict: None, exit: verdict::Exit::Lost };
    let mut show = |event: event::Event<'_>| {
        if let event::Event::Ended { result, .. } = &event {
            wrapped = Wrapped { verdict: result.verdict, exit: result.exit.clone() };
        }
        reports.show(&event);
    };
    run::Run::new(plan, options, setup, &mut show)?.finish_all()?;
    Ok(wrapped)
}

/// The same as [`run()`], with captures taken in a given way.
pub(crate) fn run_with(
    plan: Plan,
    options: &RunOptions,
    render: &render::Options,
    captures: examine::Captures,
) -> Result<Outcome, Error> {
    let mut renderers = render::Renderers::new(&plan, options, render);
    let files = render::FILES;
    let setup = run::Setup { captures, files, tick: renderers.tick() };
    let totals =
        run::Run::new(&plan, options, setup, &mut |event| renderers.show(&event))?.finish_all()?;
    Ok(Outcome { exit: totals.exit_code() })
}
