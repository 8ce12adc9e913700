//! Variables that there is one of in the whole program.

use super::place::Place;
use crate::program::Program;

/// The static variables of this name in the main executable: one for each version of the crate.
pub fn statics<'program>(
    program: &'program Program<'program>,
    path: &str,
    crate_name: &str,
) -> Vec<Place<'program>> {
    let Some((id, image)) = program.executable() else { return Vec::new() };
    let variables = image.object.statics(path, crate_name).into_iter();
    variables
        .filter_map(|(address, type_id)| Place::new(program, id, image.address(address), type_id))
        .collect()
}
