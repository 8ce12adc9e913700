//! Which addresses stop which threads.

use std::collections::BTreeMap;

use crate::address::{Address, ThreadId};
use crate::arch::{Access, HardwareTrap, TRAP_SLOTS, TrapSlots};
use crate::process::{Error, Traced};

/// More traps were asked for than a thread has registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "there are {wanted} addresses to watch at once, and this CPU has registers for {TRAP_SLOTS}"
)]
pub struct TooManyTraps {
    /// How many were asked for.
    pub wanted: usize,
}

/// The traps of all threads, and those of single ones.
///
/// Invariant: no thread has more than there are slots.
#[derive(Debug, Default)]
pub struct Traps {
    everywhere: Vec<HardwareTrap>,
    local: BTreeMap<ThreadId, Vec<HardwareTrap>>,
}

impl Traps {
    /// Sets the traps of every thread, those still to be born included; arm each afterwards.
    pub fn set_everywhere(&mut self, traps: Vec<HardwareTrap>) -> Result<(), TooManyTraps> {
        let local = self.local.values().map(Vec::len).max().unwrap_or(0);
        check(traps.len() + local)?;
        self.everywhere = traps;
        Ok(())
    }

    /// Sets further traps of one thread.
    pub fn set_local(
        &mut self,
        thread: ThreadId,
        traps: Vec<HardwareTrap>,
    ) -> Result<(), TooManyTraps> {
        check(traps.len() + self.everywhere.len())?;
        match traps.is_empty() {
            true => drop(self.local.remove(&thread)),
            false => drop(self.local.insert(thread, traps)),
        }
        Ok(())
    }

    /// How many more traps a thread can have.
    pub fn left(&self) -> usize {
        TRAP_SLOTS.saturating_sub(self.everywhere.len())
    }

    /// Arms a stopped thread.
    pub fn arm(&self, traced: &mut Traced, thread: ThreadId) -> Result<(), Error> {
        traced.arm(thread, &self.slots(thread))
    }

    /// Arms all threads; those that run are stopped for it and run on.
    pub fn arm_all(&self, traced: &mut Traced) -> Result<(), Error> {
        let running: Vec<ThreadId> =
            traced.threads().filter(|thread| !traced.is_stopped(*thread)).collect();
        for thread in traced.stop_all()? {
            self.arm(traced, thread)?;
        }
        for thread in running {
            traced.go_on(thread)?;
        }
        Ok(())
    }

    fn slots(&self, thread: ThreadId) -> TrapSlots {
        let local = self.local.get(&thread).into_iter().flatten();
        let mut slots = [None; TRAP_SLOTS];
        for (slot, trap) in slots.iter_mut().zip(self.everywhere.iter().chain(local)) {
            *slot = Some(*trap);
        }
        slots
    }
}

fn check(wanted: usize) -> Result<(), TooManyTraps> {
    if wanted > TRAP_SLOTS { Err(TooManyTraps { wanted }) } else { Ok(()) }
}

/// A trap before the instruction at this address.
pub fn execute(address: Address) -> HardwareTrap {
    HardwareTrap { address, access: Access::Execute }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread_slots(traps: &Traps, thread: i32) -> Vec<u64> {
        let slots = traps.slots(ThreadId(thread));
        slots.iter().flatten().map(|trap| trap.address.0).collect()
    }

    #[test]
    fn a_thread_has_its_own_traps_behind_those_of_all() {
        let mut traps = Traps::default();
        traps.set_everywhere(vec![execute(Address(1))]).unwrap();
        traps.set_local(ThreadId(7), vec![execute(Address(2)), execute(Address(3))]).unwrap();
        assert_eq!(thread_slots(&traps, 7), [1, 2, 3]);
        assert_eq!(thread_slots(&traps, 8), [1]);
        traps.set_local(ThreadId(7), Vec::new()).unwrap();
        assert_eq!(thread_slots(&traps, 7), [1]);
    }

    #[test]
    fn more_than_there_are_registers_are_refused() {
        let mut traps = Traps::default();
        let three = [1, 2, 3].map(|number| execute(Address(number))).to_vec();
        traps.set_everywhere(three.clone()).unwrap();
        assert_eq!(traps.set_local(ThreadId(7), three), Err(TooManyTraps { wanted: 6 }));
        assert_eq!(traps.left(), 1);
        traps.set_local(ThreadId(7), vec![execute(Address(4))]).unwrap();
        let five = vec![execute(Address(9)); 4];
        assert_eq!(traps.set_everywhere(five), Err(TooManyTraps { wanted: 5 }));
    }
}
