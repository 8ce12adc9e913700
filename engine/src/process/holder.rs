//! The thread that holds a process still: it is the tracer, and while it lives nothing moves.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, gettid};

use crate::address::{ProcessId, ThreadId};
use crate::process::freeze::Freeze;
use crate::process::stopped::Standing;
use crate::process::{Error, procfs};

/// How long the holder may be silent before it is looked after.
const SILENCE: Duration = Duration::from_millis(20);

/// Holds a process still until dropped.
pub(super) struct Holder {
    thread: ThreadId,
    /// Dropped to let go; the holder waits for its other end to close.
    hold: Option<Sender<()>>,
    join: Option<JoinHandle<()>>,
}

/// What the holder has to say: its own id, then how the freeze went.
enum Message {
    Started(ThreadId),
    Done(Result<Standing, Error>),
}

impl Holder {
    /// Stops the process, and holds it.
    pub(super) fn start(process: ProcessId) -> Result<(Holder, Standing), Error> {
        let (hold, held) = channel();
        let (messages, inbox) = channel();
        let join = thread::Builder::new()
            .name("holder".to_owned())
            .spawn(move || hold_still(process, &messages, &held))
            .map_err(|source| Error::NoThread { process, source })?;
        let mut holder = Holder { thread: ThreadId(0), hold: Some(hold), join: Some(join) };
        loop {
            match inbox.recv_timeout(SILENCE) {
                Ok(Message::Started(thread)) => holder.thread = thread,
                Ok(Message::Done(result)) => return Ok((holder, result?)),
                Err(RecvTimeoutError::Timeout) => reap_dead_threads(process),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Gone(process)),
            }
        }
    }
}

impl Drop for Holder {
    /// Lets the process run on, and returns when it does.
    fn drop(&mut self) {
        self.hold = None;
        let Some(join) = self.join.take() else { return };
        // It has nothing to return, and a panic of its own is printed by then.
        let _ = join.join();
        // A thread counts as joined a little before the kernel lets go of what it traced, and its
        // entry vanishes a little after.
        let entry = format!("/proc/self/task/{}", self.thread);
        while Path::new(&entry).exists() {
            thread::yield_now();
        }
    }
}

/// The holder thread: stops the process, and ends when the other end of `held` is dropped.
fn hold_still(process: ProcessId, messages: &Sender<Message>, held: &Receiver<()>) {
    // The other side waits for both messages, so sending cannot fail.
    let _ = messages.send(Message::Started(ThreadId(gettid().as_raw())));
    let _ = messages.send(Message::Done(Freeze::run(process)));
    let _ = held.recv();
}

/// Buries traced threads that have died.
///
/// A thread that calls `exec` waits until all others are buried, and `PTRACE_SEIZE` on it waits for
/// the `exec`: were only the holder to bury what it traces, each would wait for the other for ever.
/// The first thread is left alone, for its exit status is its parent's.
fn reap_dead_threads(process: ProcessId) {
    for thread in procfs::threads(process).unwrap_or_default() {
        let dead = procfs::stat(process, thread).is_ok_and(|stat| stat.is_dead());
        if dead && thread != procfs::leader(process) {
            bury(thread);
        }
    }
}

/// Buries a traced thread that has died. Never to be called for the first thread, nor for a live
/// one: the stop that it is in would count as handled, and the signal that it was stopped at be lost.
pub(super) fn bury(thread: ThreadId) {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
    // One that is not ours, or that somebody else has buried, is no matter.
    let _ = waitid(Id::Pid(Pid::from_raw(thread.0)), flags);
}
