//! Which tests run, and as what: from built binaries to the [`crate::plan::Plan`].
//!
//! [`binary`] names them, [`harness`] says what they understand, [`list`] asks them for their tests, [`filter`] chooses as
//! libtest would, [`plan`] puts it together.

pub(crate) mod binary;
pub(crate) mod filter;
pub(crate) mod harness;
pub(crate) mod list;
pub(crate) mod partition;
pub(crate) mod plan;
