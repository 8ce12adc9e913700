//! How much of values is printed.

use asynctest_engine::limits;
use clap::ValueEnum;

/// How much of values is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Values {
    /// Nothing.
    None,
    /// What fits on a line.
    Short,
    /// Everything.
    Full,
}

impl Values {
    /// What the engine is asked for.
    pub(crate) fn wanted(given: Option<Values>) -> limits::Values {
        match given {
            Some(Values::None) => limits::Values::None,
            None | Some(Values::Short) => limits::Values::Short,
            Some(Values::Full) => limits::Values::Full,
        }
    }
}
