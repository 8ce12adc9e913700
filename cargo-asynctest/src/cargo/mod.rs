//! Everything that is known of cargo: how it is called, what it says, what it reads.
//!
//! Cargo itself selects and builds ([`build`]); of the rest only so much is done again as it does
//! not tell: where full debug info is needed ([`debug_info`]) and with which environment it would
//! run a test ([`environment`]).

pub(crate) mod build;
pub(crate) mod command;
pub(crate) mod config;
pub(crate) mod debug_info;
pub(crate) mod doctests;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod profile;
pub(crate) mod rustc;
pub(crate) mod rustflags;
pub(crate) mod spec;
pub(crate) mod target_runner;

pub(crate) use error::Error;
