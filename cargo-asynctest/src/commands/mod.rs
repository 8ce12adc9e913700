//! The commands: each ties the rooms together and ends with an exit code.

pub(crate) mod attach;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod exit;
pub(crate) mod explain;
pub(crate) mod notice;
pub(crate) mod report;
pub(crate) mod runner;
pub(crate) mod test;
