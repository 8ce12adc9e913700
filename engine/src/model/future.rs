//! Futures as they are suspended in memory.

use std::path::PathBuf;

use super::wait::Wait;
use crate::address::Address;
use crate::evidence::Trust;

/// One link of an await chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Future {
    /// The function or type, as the user wrote it.
    pub name: String,
    /// What it is.
    pub kind: FutureKind,
    /// Its type, as the debug info names it.
    pub type_name: String,
    /// Where it lies.
    pub address: Address,
    /// Which state it is in, if it has states.
    pub state: Option<FutureState>,
    /// The line at which it is suspended.
    pub line: Option<Line>,
    /// What it waits for, if it is a leaf.
    pub wait: Option<Wait>,
    /// The futures that it polls: none for a leaf, several for `join!` and `select!`.
    pub children: Vec<Future>,
    /// Which of these must end before it goes on, where it polls several.
    pub needs: Needs,
    /// Whether it may be woken by something else than what was found in it, or around it where it is
    /// the only future of a type that is written by hand.
    pub is_partial: bool,
    /// Where its type is described, if it has states.
    pub described: Option<Described>,
    /// Its variables, where they were read.
    pub variables: Vec<Variable>,
}

/// Where debug info describes a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Described {
    /// In which of the files that the process has mapped, in order of address.
    pub image: usize,
    /// At which offset in its debug info, in bytes.
    pub offset: u64,
}

/// A variable of a suspended future.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Variable {
    /// What its user calls it.
    pub name: String,
    /// Its value, as its user would write it.
    pub value: String,
}

/// Which of the futures that are polled together must end before the one that polls them goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Needs {
    /// One is enough, or it cannot be told.
    #[default]
    Any,
    /// All of them, as in `join!`.
    All,
}

/// What a future is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FutureKind {
    /// The body of an `async fn`.
    AsyncFn,
    /// An `async` block.
    AsyncBlock,
    /// The body of an `async` closure.
    AsyncClosure,
    /// A type that implements `Future` by hand.
    Type,
}

/// Where in its life a coroutine is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FutureState {
    /// It was never polled.
    Unresumed,
    /// It waits at an `.await`.
    Suspended,
    /// It has ended.
    Returned,
    /// It ended by a panic.
    Panicked,
}

/// A line of source code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line {
    /// The file, as the debug info names it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// How it is known.
    pub trust: Trust,
}
