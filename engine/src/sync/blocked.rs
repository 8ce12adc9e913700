//! A thread that is blocked in a system call, with what tells why.

use crate::address::Address;
use crate::arch;
use crate::futures::simplified;
use crate::model::Amount;
use crate::program::Program;
use crate::snapshot::{self, Syscall};
use crate::stack::{self, Local, ThreadStack};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee};

/// A blocked thread.
pub(super) struct Blocked<'program> {
    pub(super) program: &'program Program<'program>,
    pub(super) thread: &'program snapshot::Thread,
    pub(super) syscall: Syscall,
    stack: &'program ThreadStack,
    /// The paths of its functions without generics, innermost first, each with its frame.
    functions: Vec<(usize, String)>,
}

/// Where a futex is waited for, and until when.
pub(super) struct Futex {
    /// The word.
    pub(super) word: Address,
    /// The value that the thread found in it.
    pub(super) value: u64,
    /// Nanoseconds until it stops waiting, if it does.
    pub(super) fires_in: Option<i64>,
}

/// `FUTEX_WAIT` and `FUTEX_WAIT_BITSET`. Source: Linux `include/uapi/linux/futex.h`.
const FUTEX_WAIT: u64 = 0;
const FUTEX_WAIT_BITSET: u64 = 9;
const FUTEX_CLOCK_REALTIME: u64 = 256;
const FUTEX_COMMAND: u64 = 127;

impl<'program> Blocked<'program> {
    pub(super) fn new(
        program: &'program Program<'program>,
        thread: &'program snapshot::Thread,
        stack: &'program ThreadStack,
    ) -> Option<Blocked<'program>> {
        let syscall = thread.syscall?;
        let frames = stack.frames.iter().enumerate();
        let functions = frames
            .flat_map(|(index, (_, functions))| functions.iter().map(move |one| (index, one)))
            .map(|(index, function)| (index, simplified(&function.name)))
            .collect();
        Some(Blocked { program, thread, syscall, stack, functions })
    }

    /// The name of the system call.
    pub(super) fn call(&self) -> String {
        arch::syscall_name(self.syscall.number)
    }

    /// The frame of the innermost function that is one of `ends`: a crate's name, and the last
    /// segments of a path in it.
    pub(super) fn inside(&self, crate_name: &str, ends: &[&str]) -> Option<usize> {
        let is_it = |path: &str| {
            path.split("::").next() == Some(crate_name)
                && ends.iter().any(|end| ends_with(path, end))
        };
        self.functions.iter().find(|(_, path)| is_it(path)).map(|(frame, _)| *frame)
    }

    /// Whether the thread waits on behalf of a runtime: of the functions that are not std's or a lock
    /// library's, the innermost one is the runtime's. `is_runtimes` says that of the path of a function;
    /// nothing of one that only wraps those below it.
    pub(super) fn is_for_runtime(&self, is_runtimes: &dyn Fn(&str) -> Option<bool>) -> bool {
        let above = above(self.functions.iter().map(|(_, path)| path.as_str()));
        above.filter_map(|path| is_runtimes(path.trim_start_matches('<'))).next() == Some(true)
    }

    /// The futex that it waits for.
    pub(super) fn futex(&self) -> Option<Futex> {
        let [word, operation, value, timeout, ..] = self.syscall.arguments;
        let command = operation & FUTEX_COMMAND;
        if self.call() != "futex" || ![FUTEX_WAIT, FUTEX_WAIT_BITSET].contains(&command) {
            return None;
        }
        let clock = &self.program.snapshot.facts.clock;
        let now = match (command, operation & FUTEX_CLOCK_REALTIME) {
            (FUTEX_WAIT, _) => None,
            (_, 0) => Some(clock.monotonic),
            _ => Some(clock.realtime),
        };
        let until = (timeout != 0).then(|| self.duration(Address(timeout))).flatten();
        let fires_in = until.and_then(|until| {
            // How much of a relative timeout has passed is not known.
            let left = i128::from(until) - i128::from(now?);
            i64::try_from(left).ok()
        });
        Some(Futex { word: Address(word), value: value & u64::from(u32::MAX), fires_in })
    }

    /// The `struct timespec` at this address, in nanoseconds.
    fn duration(&self, at: Address) -> Option<u64> {
        const NANOSECONDS: u64 = 1_000_000_000;
        let seconds = self.program.read_unsigned(at, 8).ok()?;
        let rest = self.program.read_unsigned(at.offset(8), 8).ok()?;
        seconds.checked_mul(NANOSECONDS)?.checked_add(rest)
    }

    /// The type that the parameter `self` of this function refers to: known also where optimized
    /// code keeps the parameter nowhere.
    pub(super) fn receiver_type(&self, crate_name: &str, ends: &[&str]) -> Option<Place<'program>> {
        let own = self.receiver(crate_name, ends)?;
        // Of no address yet: only its type counts here.
        let reference = Place::new(self.program, own.image, Address(0), own.type_id?)?;
        target_type(&reference)
    }

    /// What the parameter `self` of this function refers to, where the parameter lies in memory.
    pub(super) fn receiver_value(
        &self,
        crate_name: &str,
        ends: &[&str],
    ) -> Option<Place<'program>> {
        let own = self.receiver(crate_name, ends)?;
        let Ok(stack::Place::Memory(address)) = own.place else { return None };
        referent(&Place::new(self.program, own.image, address, own.type_id?)?)
    }

    fn receiver(&self, crate_name: &str, ends: &[&str]) -> Option<Local> {
        let index = self.inside(crate_name, ends)?;
        let (frame, functions) = self.stack.frames.get(index)?;
        let is_it = |name: &str| {
            let path = simplified(name);
            ends.iter().any(|end| ends_with(&path, end))
        };
        let depth = functions.iter().position(|function| is_it(&function.name))?;
        let locals = stack::locals(self.program, frame);
        locals.into_iter().find(|local| {
            local.depth == depth && matches!(local.name.as_deref(), Some("self" | "lock"))
        })
    }
}

/// Those of these functions that are not std's or a lock library's.
pub(super) fn above<'path>(
    paths: impl Iterator<Item = &'path str>,
) -> impl Iterator<Item = &'path str> {
    const BELOW: [&str; 9] = [
        "std",
        "core",
        "alloc",
        "parking_lot",
        "parking_lot_core",
        "lock_api",
        "crossbeam_channel",
        "libc",
        "mio",
    ];
    // What has no debug info has no path either: `syscall`, `__futex_abstimed_wait`.
    paths.filter(|path| {
        let path = path.trim_start_matches('<');
        path.contains("::") && !BELOW.contains(&path.split("::").next().unwrap_or_default())
    })
}

/// A value of the type that this reference or thin pointer points to, at address 0.
fn target_type<'program>(reference: &Place<'program>) -> Option<Place<'program>> {
    match reference.innermost().type_.kind {
        Kind::Pointer { target } => reference.cast(target?),
        _ => None,
    }
}

/// What a reference leads to, if that is of a type with a size.
pub(super) fn referent<'program>(reference: &Place<'program>) -> Option<Place<'program>> {
    match reference.pointee()? {
        Pointee::Thin(place) => Some(place),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}

/// Whether this type is one of std's with this name, wherever in std it lives: std moves them.
pub(super) fn is_std(type_: &Type, name: &str) -> bool {
    let own = type_.own_name.split('<').next().unwrap_or_default();
    own == name && type_.crate_name() == Some("std")
}

/// Until when a wait lasts at most.
pub(super) fn amounts(futex: &Futex) -> Vec<Amount> {
    futex.fires_in.map(Amount::FiresIn).into_iter().collect()
}

fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
}
