//! What cargo is asked to build is what runs, and as cargo would run it: on a small workspace
//! without dependencies, compared with `cargo test` itself where that is the measure.

#[cfg(test)]
mod debug_info;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod selection;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod workspace;
