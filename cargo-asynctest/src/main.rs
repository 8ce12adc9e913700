//! The `cargo asynctest` command: knows cargo, terminals, GitHub and JUnit; nothing of DWARF, ptrace or Tokio's insides.

fn main() {}
