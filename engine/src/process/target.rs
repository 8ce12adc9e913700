//! A process that can be stopped.

use std::io;

use crate::address::{ProcessId, ThreadId};
use crate::process::holder::Holder;
use crate::process::stopped::Hold;
use crate::process::thread::observe;
use crate::process::{Error, Memory, Stopped, Thread, procfs, refusal};

/// A process that we may trace. Nothing traces it until it is stopped, nor afterwards.
#[derive(Debug)]
pub struct Process {
    id: ProcessId,
    /// When it started, so that another process with the same id is not taken for it.
    started: u64,
}

impl Process {
    /// Finds a process and makes sure that it lives and that we may look into it. Does not disturb
    /// it.
    pub fn open(id: ProcessId) -> Result<Process, Error> {
        let Ok(stat) = procfs::stat(id, procfs::leader(id)) else {
            return Err(Error::Gone(id));
        };
        let process = Process { id, started: stat.started };
        process.memory()?;
        Ok(process)
    }

    /// Its id.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Stops every thread, those started meanwhile included. Blocks until all stand still: some
    /// microseconds a thread.
    ///
    /// The process's parent is told nothing but its end. Where the parent is this program itself, it
    /// must not wait for the process before that has ended (its pidfd tells): the kernel gives the
    /// stops of a traced process to every thread of the tracer's program that waits, and to
    /// [`std::process::Child::wait`] they look like an exit.
    ///
    /// Threads blocked in `epoll_wait` or a few other calls see them end with `EINTR` afterwards, as
    /// after `SIGSTOP` and `SIGCONT`.
    pub fn stop(&self) -> Result<Stopped<'_>, Error> {
        self.check_identity()?;
        let (holder, standing) = Holder::start(self.id)?;
        Ok(Stopped::new(self, standing, Hold::Holder { _holder: holder }))
    }

    /// What `/proc` says of its threads while they run.
    pub fn observe(&self) -> Result<Vec<Thread>, Error> {
        self.check_identity()?;
        let threads = procfs::threads(self.id).map_err(|_| refusal::ended(self.id))?;
        Ok(threads.into_iter().map(|thread| observe(self.id, thread)).collect())
    }

    /// Its memory, which changes while it is read unless the process is stopped.
    pub fn memory(&self) -> Result<Memory, Error> {
        let thread = self.live_thread()?;
        Memory::open(self.id, thread).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => refusal::explain(self.id, thread),
            _ if refusal::is_kernel_thread(self.id) => refusal::explain(self.id, thread),
            // It has given its memory back already, on its way out.
            _ => refusal::ended(self.id),
        })
    }

    /// A thread that has not ended: the first one while it lives.
    pub(super) fn live_thread(&self) -> Result<ThreadId, Error> {
        let leader = procfs::leader(self.id);
        let is_live =
            |thread: &ThreadId| procfs::stat(self.id, *thread).is_ok_and(|stat| !stat.is_dead());
        if is_live(&leader) {
            return Ok(leader);
        }
        let threads = procfs::threads(self.id).unwrap_or_default();
        let other = threads.into_iter().find(is_live);
        other.ok_or_else(|| refusal::ended(self.id))
    }

    fn check_identity(&self) -> Result<(), Error> {
        match procfs::stat(self.id, procfs::leader(self.id)) {
            Ok(stat) if stat.started == self.started => Ok(()),
            Ok(_) | Err(_) => Err(Error::Gone(self.id)),
        }
    }
}
