//! The CPU time of a process and of all that it has started.

use std::fs;
use std::time::Duration;

use super::family::descendants;
use crate::address::ProcessId;

/// What `/proc` counts CPU time in: `USER_HZ`, which is 100 on every Linux (proc(5), time(7)).
const TICK: Duration = Duration::from_millis(10);

/// The CPU time that a process and those that it has started have used, in steps of 10 ms; ended ones
/// that were waited for included. Absent when the process is gone.
pub fn cpu_time(process: ProcessId) -> Option<Duration> {
    let own = ticks(process)?;
    let ticks = descendants(process).into_iter().filter_map(ticks).fold(own, u64::saturating_add);
    Some(TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX)))
}

fn ticks(process: ProcessId) -> Option<u64> {
    let line = fs::read(format!("/proc/{process}/stat")).ok()?;
    parse(&String::from_utf8_lossy(&line))
}

/// The sum of `utime`, `stime`, `cutime` and `cstime`: fields 14 to 17 of proc(5), of which the first
/// behind the name is number 3.
fn parse(line: &str) -> Option<u64> {
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(14 - 3);
    let mut next = || fields.next()?.parse::<u64>().ok();
    (0..4).map(|_| next()).try_fold(0u64, |sum, ticks| Some(sum.saturating_add(ticks?)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_four_times_count() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 55 0 0";
        assert_eq!(parse(line), Some(127));
        assert_eq!(parse("7 (a) S 1"), None);
        assert_eq!(parse(""), None);
    }
}
