//! Variables that there is one of in the whole program.

use super::place::Place;
use crate::program::Program;
use crate::snapshot::Mapping;
use crate::symbols::Symbol;

/// All static variables in the main executable that can be changed, each with its path.
pub fn all_statics<'program>(
    program: &'program Program<'program>,
) -> Vec<(String, Place<'program>)> {
    let Some((id, image)) = program.executable() else { return Vec::new() };
    let mappings = &program.snapshot.facts.mappings;
    let is_wanted = |symbol: &Symbol| {
        let at = image.address(symbol.address);
        let can_change =
            |mapping: &Mapping| mapping.writable && (mapping.start..mapping.end).contains(&at);
        symbol.size > 0 && mappings.iter().any(can_change)
    };
    let variables = image.object.all_statics(&is_wanted).into_iter();
    variables
        .filter_map(|(symbol, type_id)| {
            let place = Place::new(program, id, image.address(symbol.address), type_id)?;
            Some((symbol.demangled(), place))
        })
        .collect()
}

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
