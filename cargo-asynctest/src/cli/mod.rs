//! The command line: what was asked for, as types. Does nothing itself; see [`crate::commands`].

mod build;
mod command;
mod duration;
mod libtest;
mod partition;
mod runner;
mod test;
mod values;

pub(crate) use build::{BuildArguments, Color, MessageFormat, Packages, Targets};
pub(crate) use command::{
    AttachArguments, Command, CompletionsArguments, DoctorArguments, ExplainArguments, PROGRAM,
    ReportArguments, ReportFormat, calls_runner, is_runner, parse, whole,
};
pub(crate) use duration::duration;
pub(crate) use libtest::{Benchmarks, Ignored, LibtestArguments};
pub(crate) use partition::{By, Partition};
pub(crate) use runner::RunnerArguments;
pub(crate) use test::{StepBy, StepInto, TestArguments, TraceWhen};
pub(crate) use values::Values;
