//! Which futures end an await chain, and which values hold what they wait for: Tokio's, and those of
//! the crates that are used beside it.

use super::resource;
use crate::futures::LeafTables;
use crate::sync;

/// All kinds of leaves that are known.
pub const LEAVES: LeafTables = LeafTables {
    tables: &[resource::LEAVES, sync::LEAVES],
    otherwise: resource::polled,
    otherwise_resource: resource::polled_resource,
};
