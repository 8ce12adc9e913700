//! Ends this process by a signal, as the one that it stands for has ended.

use std::process::ExitCode;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use signal_hook::low_level::emulate_default_handler;

/// Ends this process by `signal`, without a core file of its own: that of the process which the
/// signal came to is there already. Returns where the signal ends nothing: as shells say it.
pub(crate) fn by(signal: Signal) -> ExitCode {
    // Where it fails there is a core file too many.
    let _ = prctl::set_dumpable(false);
    let _ = emulate_default_handler(signal as i32);
    ExitCode::from(128 + signal as u8)
}
