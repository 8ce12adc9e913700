//! Runs a plan: a process a test, deadlines, captures of what hangs, and nothing left behind.
//!
//! One thread waits for everything ([`reactor`]); only captures have threads of their own. The
//! runner prints nothing: it says what happens as [`event::Event`]s, which `render` shows.
//!
//! - [`verdict`], [`event`]: what can happen, in words that the renderers use
//! - [`sentinel`]: the parent process that outlives us and cleans up
//! - [`signals`], [`reactor`]: what the loop waits for
//! - [`processes`]: all descendants of a process, and their end
//! - [`output`]: what a test printed, bounded in memory
//! - [`isolation`]: how a test becomes a process
//! - [`timing`]: when a test is looked at
//! - [`examine`], [`folders`]: captures, on threads of their own, and where their files go
//! - [`again`]: how to run one test again
//! - [`running`], [`mod@run`]: the loop
//! - [`held`], [`stepped`]: one test, while one of its tasks is followed

pub(crate) mod again;
pub(crate) mod event;
pub(crate) mod examine;
mod folders;
pub(crate) mod held;
mod isolation;
pub(crate) mod output;
mod processes;
mod reactor;
mod run;
mod running;
pub(crate) mod sentinel;
mod signals;
pub(crate) mod stepped;
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

/// The same, with captures taken in a given way.
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
