//! The `cargo asynctest` command: knows cargo, terminals, GitHub and JUnit; nothing of DWARF, ptrace or Tokio's insides.

#![expect(dead_code, reason = "the command line that uses the runner is not here yet")]

mod plan;
mod render;
mod runner;

fn main() {}
