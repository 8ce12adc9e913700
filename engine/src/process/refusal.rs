//! Which rule of the system keeps a process from being traced, and what mends it.
//!
//! Sources: ptrace(2), "Ptrace access mode checking"; `Documentation/admin-guide/LSM/Yama.rst`.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::unistd::geteuid;

use crate::address::{ProcessId, ThreadId};
use crate::process::{Error, family, procfs};

/// The number of `CAP_SYS_PTRACE`.
const CAP_SYS_PTRACE: u32 = 19;

/// The kernel's flag of its own threads (`PF_KTHREAD`).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// The rule that refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is a thread of the kernel.
    KernelThread,
    /// It belongs to another user.
    OtherUser {
        /// Its user's number.
        theirs: u32,
        /// Our user's number.
        ours: u32,
        /// The program that lacks the capability: this one.
        program: PathBuf,
    },
    /// Yama allows tracing to ancestors only.
    YamaAncestors {
        /// The program that lacks the capability: this one.
        program: PathBuf,
    },
    /// Yama allows tracing to processes with `CAP_SYS_PTRACE` only.
    YamaCapability {
        /// The program that lacks the capability: this one.
        program: PathBuf,
    },
    /// Yama allows no tracing at all.
    YamaNever,
    /// The process is protected: its file cannot be read, it has capabilities, or it asked for it.
    NotDumpable {
        /// The program that lacks the capability: this one.
        program: PathBuf,
    },
    /// We may, as far as can be seen, and were refused nevertheless.
    Filter,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mend = |formatter: &mut fmt::Formatter<'_>, program: &PathBuf| {
            write!(formatter, "`sudo setcap cap_sys_ptrace=ep {}`", program.display())
        };
        match self {
            Refusal::KernelThread => write!(formatter, "it is a thread of the kernel"),
            Refusal::OtherUser { theirs, ours, program } => {
                write!(formatter, "it belongs to user {theirs} and this is user {ours}: ")?;
                mend(formatter, program)
            }
            Refusal::YamaAncestors { program } => {
                write!(
                    formatter,
                    "kernel.yama.ptrace_scope is 1 and it is no descendant of this process: \
                     `sudo sysctl kernel.yama.ptrace_scope=0` or "
                )?;
                mend(formatter, program)
            }
            Refusal::YamaCapability { program } => {
                write!(
                    formatter,
                    "kernel.yama.ptrace_scope is 2 and this process lacks CAP_SYS_PTRACE: "
                )?;
                mend(formatter, program)
            }
            Refusal::YamaNever => write!(
                formatter,
                "kernel.yama.ptrace_scope is 3, which holds until the next boot: \
                 look for it with `grep -r ptrace_scope /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d`, \
                 set it to 1 there and reboot"
            ),
            Refusal::NotDumpable { program } => {
                write!(
                    formatter,
                    "it is protected (its file cannot be read, it has capabilities of its own, or it \
                     set PR_SET_DUMPABLE to 0): "
                )?;
                mend(formatter, program)
            }
            Refusal::Filter => write!(
                formatter,
                "a seccomp filter or security module refuses ptrace; in a container: \
                 `docker run --cap-add=SYS_PTRACE --security-opt seccomp=unconfined ...`"
            ),
        }
    }
}

/// The error to give when a process has no live thread.
pub(super) fn ended(process: ProcessId) -> Error {
    match procfs::stat(process, procfs::leader(process)) {
        Ok(stat) if stat.is_dead() => Error::Zombie {
            process,
            parent: stat.parent,
            parent_name: name(ThreadId(stat.parent.0)),
        },
        Ok(_) | Err(_) => Error::Gone(process),
    }
}

/// Whether the process is a thread of the kernel, which has no memory of its own.
pub(super) fn is_kernel_thread(process: ProcessId) -> bool {
    procfs::stat(process, procfs::leader(process)).is_ok_and(|stat| stat.flags & KERNEL_THREAD != 0)
}

/// The error to give when the system refused to let us trace this thread.
pub(super) fn explain(process: ProcessId, thread: ThreadId) -> Error {
    match procfs::stat(process, thread) {
        Ok(stat) if !stat.is_dead() => {}
        Ok(_) | Err(_) => return ended(process),
    }
    if let Some(tracer) = tracer(process, thread) {
        return Error::Traced { process, tracer, tracer_name: name(tracer) };
    }
    let situation = Situation {
        kernel_thread: is_kernel_thread(process),
        capable: is_capable(),
        yama: yama_scope(),
        ours: geteuid().as_raw(),
        theirs: user(process, thread),
        descendant: family::descendants(ProcessId(std::process::id().cast_signed()))
            .contains(&process),
        protected: is_protected(process, thread),
    };
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("THIS_PROGRAM"));
    Error::Refused { process, refusal: situation.refusal(program) }
}

/// The thread that traces this one.
pub(super) fn tracer(process: ProcessId, thread: ThreadId) -> Option<ThreadId> {
    let status = procfs::read(process, thread, "status").ok()?;
    let number = procfs::field(&String::from_utf8_lossy(&status), "TracerPid")?.parse();
    number.ok().filter(|&number| number != 0).map(ThreadId)
}

/// What the rules look at.
struct Situation {
    kernel_thread: bool,
    capable: bool,
    yama: Option<u32>,
    ours: u32,
    theirs: Option<u32>,
    descendant: bool,
    protected: bool,
}

impl Situation {
    /// The first rule, in the kernel's order, that would refuse.
    fn refusal(&self, program: PathBuf) -> Refusal {
        if self.kernel_thread {
            return Refusal::KernelThread;
        }
        if self.yama == Some(3) {
            return Refusal::YamaNever;
        }
        if self.capable {
            return Refusal::Filter;
        }
        match (self.theirs, self.yama) {
            (Some(theirs), _) if theirs != self.ours => {
                Refusal::OtherUser { theirs, ours: self.ours, program }
            }
            (_, Some(2)) => Refusal::YamaCapability { program },
            (_, Some(1)) if !self.descendant => Refusal::YamaAncestors { program },
            _ if self.protected => Refusal::NotDumpable { program },
            _ => Refusal::Filter,
        }
    }
}

/// The value of `kernel.yama.ptrace_scope`; `None` on a kernel without Yama.
pub(super) fn yama_scope() -> Option<u32> {
    let text = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?;
    text.trim().parse().ok()
}

/// Whether this process has `CAP_SYS_PTRACE`.
pub(super) fn is_capable() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    procfs::field(&status, "CapEff")
        .and_then(|set| u64::from_str_radix(set, 16).ok())
        .is_some_and(|set| set >> CAP_SYS_PTRACE & 1 == 1)
}

/// The real user of a process.
fn user(process: ProcessId, thread: ThreadId) -> Option<u32> {
    let status = procfs::read(process, thread, "status").ok()?;
    let status = String::from_utf8_lossy(&status);
    let users = procfs::field(&status, "Uid")?;
    users.split_ascii_whitespace().next()?.parse().ok()
}

/// Whether a process is not dumpable: its files in `/proc` then belong to root (proc(5)) and not to
/// its own effective user. Where that is root anyhow this cannot be told.
fn is_protected(process: ProcessId, thread: ThreadId) -> bool {
    let status = procfs::read(process, thread, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let users = procfs::field(&status, "Uid").unwrap_or_default();
    let effective = users.split_ascii_whitespace().nth(1).and_then(|user| user.parse::<u32>().ok());
    // The folder of the process itself stays its user's; the files in it do not.
    let owner = fs::metadata(format!("/proc/{process}/status")).map(|facts| facts.uid());
    matches!((effective, owner), (Some(effective), Ok(owner)) if owner != effective)
}

/// A thread's name; empty when it has ended.
fn name(thread: ThreadId) -> String {
    fs::read_to_string(format!("/proc/{thread}/comm"))
        .map(|name| name.trim_end().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Situation;

    const STRANGER: Situation = Situation {
        kernel_thread: false,
        capable: false,
        yama: Some(1),
        ours: 1000,
        theirs: Some(1000),
        descendant: false,
        protected: false,
    };

    fn check(situation: &Situation, rule: &str, mend: &str) {
        let message = situation.refusal(PathBuf::from("/bin/tool")).to_string();
        assert!(message.contains(rule), "{message}");
        assert!(message.contains(mend), "{message}");
    }

    #[test]
    fn yama_is_named_with_its_value_and_its_mend() {
        let mend = "`sudo sysctl kernel.yama.ptrace_scope=0`";
        check(&STRANGER, "ptrace_scope is 1", mend);
        let capability = Situation { yama: Some(2), ..STRANGER };
        let mend = "`sudo setcap cap_sys_ptrace=ep /bin/tool`";
        check(&capability, "ptrace_scope is 2", mend);
        let never = Situation { yama: Some(3), capable: true, ..STRANGER };
        check(&never, "ptrace_scope is 3", "reboot");
    }

    #[test]
    fn another_user_is_named() {
        let other = Situation { theirs: Some(0), ..STRANGER };
        check(&other, "user 0 and this is user 1000", "setcap");
    }

    #[test]
    fn a_descendant_of_ours_that_refuses_is_protected() {
        let child = Situation { descendant: true, protected: true, ..STRANGER };
        check(&child, "protected", "setcap");
    }

    #[test]
    fn what_no_rule_refuses_is_refused_by_a_filter() {
        let child = Situation { descendant: true, ..STRANGER };
        check(&child, "seccomp", "docker run");
    }

    #[test]
    fn with_the_capability_only_a_filter_is_left() {
        let capable = Situation { capable: true, ..STRANGER };
        check(&capable, "seccomp", "docker run");
    }
}
