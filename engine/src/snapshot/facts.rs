//! What `/proc` and ptrace say of a stopped process.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::address::{Address, ProcessId, ThreadId};
use crate::process::{Clock, Socket, Surroundings, Thread};

/// Everything about a stop but its memory.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The process.
    pub process: ProcessId,
    /// When it was stopped.
    pub clock: Clock,
    /// The file it runs, as `/proc/PID/exe` names it.
    pub executable: PathBuf,
    /// Its threads, the first one first.
    pub threads: Vec<Thread>,
    /// Its memory map, in order of address.
    pub mappings: Vec<Mapping>,
    /// Its open files, in order of number.
    pub descriptors: Vec<Descriptor>,
    /// The sockets among them, in order of inode.
    #[serde(default)]
    pub sockets: Vec<Socket>,
    /// What can wake it from outside, if that was looked at.
    #[serde(default)]
    pub surroundings: Option<Surroundings>,
    /// How many threads have ended while it was being stopped: what is known of the others may be from
    /// before such an end has woken one of them.
    #[serde(default)]
    pub ended: usize,
    /// What it was stopped at, if it was not just stopped.
    #[serde(default)]
    pub moment: Option<Moment>,
}

/// What had just happened to one of the threads when a process was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// The thread.
    pub thread: ThreadId,
    /// What happened to it.
    pub occasion: Occasion,
}

/// What can happen to a thread that a process is stopped at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Occasion {
    /// It has panicked, and is about to unwind.
    Panic,
    /// It is about to get the signal of this number, which ends the process.
    Signal(i32),
}

impl Facts {
    /// What an open file's number leads to.
    pub fn descriptor(&self, number: i32) -> Option<&Descriptor> {
        let index = self.descriptors.binary_search_by_key(&number, |known| known.number).ok()?;
        self.descriptors.get(index)
    }

    /// The socket that an open file is.
    pub fn socket(&self, descriptor: &Descriptor) -> Option<&Socket> {
        let inode = descriptor.socket()?;
        self.sockets.iter().find(|socket| socket.inode == inode)
    }
}

/// One line of `/proc/PID/maps`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mapping {
    /// First address.
    pub start: Address,
    /// First address behind it.
    pub end: Address,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Whether it can be read.
    pub readable: bool,
    /// Whether it can be written.
    pub writable: bool,
    /// Whether it can be executed.
    pub executable: bool,
    /// Whether writes stay in this process.
    pub private: bool,
    /// The file's inode; 0 for anonymous memory.
    pub inode: u64,
    /// The file's path, or the kernel's name such as `[heap]`; empty for anonymous memory.
    pub path: String,
}

/// One open file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Descriptor {
    /// Its number.
    pub number: i32,
    /// What `/proc/PID/fd/N` points to, such as `socket:[123]`.
    pub target: String,
}

impl Descriptor {
    /// The inode of the socket that it is, if it is one.
    pub fn socket(&self) -> Option<u64> {
        self.target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }
}
