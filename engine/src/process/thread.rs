//! One thread: what `/proc` says of it while it still runs, and its registers once it stands.

use serde::{Deserialize, Serialize};

use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::Registers;
use crate::process::procfs;

/// One thread at a stop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// Its name (`comm`): at most 15 bytes.
    pub name: String,
    /// Its registers.
    pub registers: Registers,
    /// The state letter of `/proc/PID/stat` before the stop: `R` running, `S` sleeping, `D` in the
    /// kernel.
    pub state: char,
    /// The system call it was blocked in before the stop.
    pub syscall: Option<Syscall>,
    /// CPU time it has used, in nanoseconds.
    pub cpu: u64,
    /// How often it went to sleep of itself.
    pub voluntary_switches: u64,
    /// How often it was preempted.
    pub involuntary_switches: u64,
}

impl Thread {
    /// Whether it had not ended when it was looked at.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// A system call that a thread is blocked in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Syscall {
    /// Its number on this CPU.
    pub number: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// What `/proc/PID/task/T/syscall` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blocked {
    /// In a system call.
    In { syscall: Syscall, pc: Address, sp: Address },
    /// In the kernel for another reason, such as a page fault.
    Elsewhere { pc: Address, sp: Address },
}

impl Blocked {
    /// Reads the file's one line; `None` for a thread that was running.
    pub(super) fn parse(line: &str) -> Option<Blocked> {
        let mut words = line.split_ascii_whitespace();
        let first = words.next()?;
        let mut hexadecimal = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
        if first == "-1" {
            let (sp, pc) = (hexadecimal()?, hexadecimal()?);
            return Some(Blocked::Elsewhere { pc: Address(pc), sp: Address(sp) });
        }
        let number = first.parse().ok()?;
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = hexadecimal()?;
        }
        let (sp, pc) = (hexadecimal()?, hexadecimal()?);
        Some(Blocked::In {
            syscall: Syscall { number, arguments },
            pc: Address(pc),
            sp: Address(sp),
        })
    }

    /// The registers that are known without stopping the thread.
    pub(super) fn registers(self) -> Registers {
        let (Blocked::In { pc, sp, .. } | Blocked::Elsewhere { pc, sp }) = self;
        Registers::from_pc_and_sp(pc, sp, 0)
    }
}

/// What `/proc` says of this thread now; its registers are yet to come. What cannot be read is
/// empty or 0.
///
/// To be called before the thread is interrupted: a wait with a timeout shows as `restart_syscall`
/// afterwards.
pub(super) fn observe(process: ProcessId, id: ThreadId) -> Thread {
    let blocked = blocked(process, id);
    let stat = procfs::stat(process, id).ok();
    let status = procfs::read(process, id, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let number = |key| procfs::field(&status, key).and_then(|value| value.parse().ok());
    Thread {
        id,
        registers: Registers::default(),
        syscall: match blocked {
            Some(Blocked::In { syscall, .. }) => Some(syscall),
            Some(Blocked::Elsewhere { .. }) | None => None,
        },
        cpu: cpu(process, id),
        voluntary_switches: number("voluntary_ctxt_switches").unwrap_or(0),
        involuntary_switches: number("nonvoluntary_ctxt_switches").unwrap_or(0),
        state: stat.as_ref().map_or('?', |stat| stat.state),
        name: stat.map(|stat| stat.name).unwrap_or_default(),
    }
}

/// What the thread is blocked in now.
pub(super) fn blocked(process: ProcessId, id: ThreadId) -> Option<Blocked> {
    let line = procfs::read(process, id, "syscall").ok()?;
    Blocked::parse(&String::from_utf8_lossy(&line))
}

/// CPU time used, in nanoseconds.
fn cpu(process: ProcessId, id: ThreadId) -> u64 {
    let line = procfs::read(process, id, "schedstat").unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    line.split_ascii_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Blocked, Syscall};
    use crate::address::Address;

    #[test]
    fn a_blocked_thread_shows_its_call() {
        let line = "202 0x7f10 0x80 0x2 0x0 0x0 0xffffffff 0x7ffc00 0x7f55\n";
        let expected = Blocked::In {
            syscall: Syscall { number: 202, arguments: [0x7f10, 0x80, 2, 0, 0, 0xffff_ffff] },
            sp: Address(0x7ffc00),
            pc: Address(0x7f55),
        };
        assert_eq!(Blocked::parse(line), Some(expected));
    }

    #[test]
    fn a_thread_in_a_page_fault_shows_where() {
        let expected = Blocked::Elsewhere { sp: Address(0x10), pc: Address(0x20) };
        assert_eq!(Blocked::parse("-1 0x10 0x20\n"), Some(expected));
    }

    #[test]
    fn a_running_or_garbled_thread_shows_nothing() {
        for line in ["running\n", "", "202 0x1", "202 1 2 3 4 5 6 7 8", "-1 0x1"] {
            assert_eq!(Blocked::parse(line), None, "{line:?}");
        }
    }
}
