//! What evaluating a DWARF expression needs to know of the unit it was found in.
//!
//! Evaluating it in a frame is for [`crate::stack`].

use gimli::{DebugAddrIndex, Encoding, UnitOffset, ValueType};

use super::object::Object;
use super::variables::Expression;
use crate::address::FileAddress;

impl Object {
    /// How `expression` is encoded.
    pub(crate) fn encoding(&self, expression: &Expression) -> Option<Encoding> {
        self.with_debug_info(|info| Some(info.unit(expression.unit)?.encoding()))
    }

    /// The address with this index in the table of the expression's unit.
    pub(crate) fn indexed_address(
        &self,
        expression: &Expression,
        index: DebugAddrIndex,
    ) -> Option<FileAddress> {
        self.with_debug_info(|info| {
            let unit = info.unit(expression.unit)?;
            info.dwarf.address(&unit, index).ok().map(FileAddress)
        })
    }

    /// The kind of number that the type at `offset` of the expression's unit is.
    pub(crate) fn base_type(
        &self,
        expression: &Expression,
        offset: UnitOffset,
    ) -> Option<ValueType> {
        self.with_debug_info(|info| {
            let unit = info.unit(expression.unit)?;
            let entry = unit.entry(offset).ok()?;
            ValueType::from_entry(&entry).ok().flatten()
        })
    }
}
