//! Stops a process, reads it and lets it run on: the only door to the running world.
//!
//! A [`Process`] is stopped into a [`Stopped`]; a [`Traced`] one is followed thread by thread from its
//! first instruction. Between two stops nothing traces a [`Process`], so it receives its signals and
//! starts its threads at full speed. Nothing here knows what the bytes mean or
//! remembers them: [`crate::snapshot`] does.
//!
//! The rules of ptrace that this module relies on, all from the kernel's `kernel/ptrace.c` and
//! `kernel/signal.c`:
//!
//! - ptrace answers only the thread that seized. Each stop has a thread of its own for that, the
//!   holder, and ends when the holder ends: the kernel then lets go of every thread at once,
//!   delivers the signal that a thread was stopped at, puts a thread that `SIGSTOP` had stopped back
//!   into that stop, and takes back an interrupt that a thread has not answered yet. It does so too
//!   when the tool is killed, so no path leaves a stopped thread behind.
//! - No wait status is ever consumed but those of dead threads other than the first. A process's own
//!   exit status stays for its parent, also when that is another thread of the tool.

mod clock;
mod cpu;
mod description;
mod error;
mod family;
mod freeze;
mod holder;
mod memory;
mod permissions;
mod procfs;
mod pulse;
mod refusal;
mod sockets;
mod stopped;
mod surroundings;
mod target;
mod thread;
mod traced;
mod unix_peers;

pub use clock::Clock;
pub use cpu::cpu_time;
pub use error::Error;
pub use family::{descendants, is_alive};
pub use memory::Memory;
pub use permissions::Permissions;
pub use pulse::Pulse;
pub use refusal::Refusal;
pub use sockets::Socket;
pub use stopped::Stopped;
pub use surroundings::{Surroundings, Watched};
pub use target::Process;
pub use thread::{Syscall, Thread};
pub use traced::{Ending, Event, Gate, Resume, Traced, Trapped};
