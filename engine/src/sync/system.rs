//! System calls that wait for the outside world: descriptors, children, time.

use super::blocked::Blocked;
use crate::model::{Amount, EndedBy, Wait};

/// Calls whose first argument is the descriptor that is waited for.
const ON_DESCRIPTOR: [&str; 14] = [
    "read", "write", "pread64", "pwrite64", "readv", "writev", "connect", "accept", "accept4",
    "sendto", "recvfrom", "sendmsg", "recvmsg", "flock",
];

pub(super) fn wait(blocked: &Blocked<'_>) -> Option<Wait> {
    let call = blocked.call();
    let [first, ..] = blocked.syscall.arguments;
    if ON_DESCRIPTOR.contains(&call.as_str()) {
        let number = i32::try_from(first).ok()?;
        let descriptors = &blocked.program.snapshot.facts.descriptors;
        let target = descriptors.iter().find(|known| known.number == number);
        let target = target.map_or("unknown", |known| &known.target);
        return Some(Wait {
            kind: format!("blocking {call}"),
            by: EndedBy::World,
            type_name: format!("descriptor {number} ({target})"),
            amounts: vec![Amount::Descriptor(u64::from(number.unsigned_abs()))],
            ..Wait::default()
        });
    }
    let (kind, by, type_name) = match call.as_str() {
        "wait4" | "waitid" => ("child process", EndedBy::World, "std::process::Child"),
        "nanosleep" | "clock_nanosleep" => ("thread::sleep", EndedBy::Time, "thread::sleep"),
        _ => return None,
    };
    Some(Wait { kind: kind.to_owned(), by, type_name: type_name.to_owned(), ..Wait::default() })
}
