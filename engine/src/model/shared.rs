//! Values with several owners.

use super::World;
use super::resource::Holder;
use crate::address::Address;
use crate::evidence::Certainty;

/// A value that several have together, by a pointer that counts its owners.
#[derive(Clone, PartialEq, Debug)]
pub struct Shared {
    /// Where it lies, with its counts.
    pub address: Address,
    /// How many bytes that is.
    pub size: u64,
    /// How many owners it has; absent when that could not be read, or when it has pointers that do not
    /// own it: each of these may become an owner.
    pub count: Option<u64>,
    /// Its owners, as far as they were found, by where their pointers lie.
    pub owners: Vec<Owner>,
}

/// One of the owners of a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Owner {
    /// Where its pointer lies.
    pub address: Address,
    /// Who has that.
    pub holder: Holder,
    /// The future in whose state it lies, as in [`super::Holding::within`].
    pub within: Option<Address>,
    /// How sure it is that the pointer is alive.
    pub certainty: Certainty,
}

impl Shared {
    /// Whether the value at this address is part of it.
    pub fn has(&self, address: Address) -> bool {
        (self.address..self.address.offset(self.size)).contains(&address)
    }
}

impl World {
    /// The value with several owners that lies at this address.
    pub fn shared_at(&self, address: u64) -> Option<&Shared> {
        let index = self.shared.binary_search_by_key(&address, |shared| shared.address.0).ok()?;
        self.shared.get(index)
    }

    /// The value with several owners that this address lies in.
    pub fn shared_around(&self, address: u64) -> Option<&Shared> {
        let after = self.shared.partition_point(|shared| shared.address.0 <= address);
        let shared = self.shared.get(after.checked_sub(1)?)?;
        shared.has(Address(address)).then_some(shared)
    }
}
