//! The settings that fixtures are tried in: versions of Tokio, profiles and toolchains, and a package
//! for each of them.

mod package;
mod setting;

pub use package::{Package, Targets};
pub use setting::{NEWEST, Profile, Setting, TOKIOS, Tokio, Toolchain, Version, settings};
