//! Names for entries of `.debug_info`, so that a type is never taken for a function.

use gimli::DebugInfoOffset;

/// A type's entry: its offset in `.debug_info`, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u64);

/// A function's entry (`DW_TAG_subprogram`): its offset in `.debug_info`, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub u64);

impl TypeId {
    pub(crate) fn offset(self) -> DebugInfoOffset {
        DebugInfoOffset(usize::try_from(self.0).unwrap_or(usize::MAX))
    }
}

impl FunctionId {
    pub(crate) fn offset(self) -> DebugInfoOffset {
        DebugInfoOffset(usize::try_from(self.0).unwrap_or(usize::MAX))
    }
}

impl From<DebugInfoOffset> for TypeId {
    fn from(offset: DebugInfoOffset) -> TypeId {
        TypeId(offset.0 as u64)
    }
}

impl From<DebugInfoOffset> for FunctionId {
    fn from(offset: DebugInfoOffset) -> FunctionId {
        FunctionId(offset.0 as u64)
    }
}
