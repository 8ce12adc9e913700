//! Lengths of time.
//!
//! Source: core 1.95 `time.rs` (`struct Duration { secs: u64, nanos: Nanoseconds }`).

use std::time::Duration;

use super::Known;
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] = &[("core::time::Duration", duration)];

fn duration(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    const SECOND: u32 = 1_000_000_000;
    let seconds = place.field("secs")?.unsigned()?;
    let nanos = place.field("nanos")?.innermost();
    let nanos = place.program.read_unsigned(nanos.address, 4).ok()?;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < SECOND)?;
    renderer.push(&format!("{:?}", Duration::new(seconds, nanos)));
    Some(())
}
