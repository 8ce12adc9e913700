//! What the rules of the system let this process trace, before anything is traced.

use std::path::PathBuf;

use crate::process::Refusal;
use crate::process::refusal::{is_capable, yama_scope};

/// The rules, as far as they can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permissions {
    /// The value of `kernel.yama.ptrace_scope`; none on a kernel without Yama.
    pub yama: Option<u32>,
    /// Whether this process has `CAP_SYS_PTRACE`.
    pub is_capable: bool,
}

impl Permissions {
    /// Reads them.
    pub fn read() -> Permissions {
        Permissions { yama: yama_scope(), is_capable: is_capable() }
    }

    /// The rule that keeps us from a process of the same user that we have not started.
    pub fn strangers(&self) -> Option<Refusal> {
        let program = || std::env::current_exe().unwrap_or_else(|_| PathBuf::from("THIS_PROGRAM"));
        match self.yama {
            Some(3) => Some(Refusal::YamaNever),
            Some(2) if !self.is_capable => Some(Refusal::YamaCapability { program: program() }),
            Some(1) if !self.is_capable => Some(Refusal::YamaAncestors { program: program() }),
            Some(_) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Permissions;

    #[track_caller]
    fn check(yama: Option<u32>, is_capable: bool, rule: Option<&str>) {
        let refusal = Permissions { yama, is_capable }.strangers().map(|rule| rule.to_string());
        assert_eq!(refusal.is_some(), rule.is_some(), "{refusal:?}");
        assert!(refusal.unwrap_or_default().contains(rule.unwrap_or_default()));
    }

    #[test]
    fn strangers_are_refused_by_the_rule_that_tracing_them_would_name() {
        check(None, false, None);
        check(Some(0), false, None);
        check(Some(1), false, Some("ptrace_scope is 1 "));
        check(Some(2), false, Some("ptrace_scope is 2 "));
        check(Some(3), true, Some("ptrace_scope is 3,"));
        check(Some(1), true, None);
        check(Some(2), true, None);
    }
}
