//! Names of types in sentences.

/// Longest name of a type that is shown as it is, in characters.
const LONGEST: usize = 120;

/// Most levels of brackets that are tried to be kept.
const MOST_LEVELS: usize = 3;

/// The name of a type for a sentence: of one that is made around much only as many levels as a person
/// reads, with `..` for the rest.
pub fn short_type(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let shorter = (1..=MOST_LEVELS).rev().map(|levels| cut(name, levels));
    let fits = shorter.into_iter().find(|name| name.chars().count() <= LONGEST);
    fits.unwrap_or_else(|| cut(name, 0))
}

/// `name` with `..` for what is deeper in brackets than `levels`.
fn cut(name: &str, levels: usize) -> String {
    let mut kept = String::with_capacity(LONGEST);
    let mut depth = 0usize;
    let mut before = ' ';
    for character in name.chars() {
        let last = std::mem::replace(&mut before, character);
        // The arrow of a function's type closes nothing.
        let closes = character == '>' && last != '-';
        if closes {
            depth = depth.saturating_sub(1);
        }
        if depth <= levels {
            kept.push(character);
        }
        if character == '<' {
            depth += 1;
            if depth == levels + 1 {
                kept.push_str("..");
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_stays() {
        assert_eq!(short_type("a::B<c::D<e::F>>"), "a::B<c::D<e::F>>");
    }

    #[test]
    fn as_many_levels_are_kept_as_fit() {
        let long = "x".repeat(90);
        assert_eq!(
            short_type(&format!("a::B<c::D<{long}>, e::F<{long}>>")),
            "a::B<c::D<..>, e::F<..>>"
        );
        assert_eq!(short_type(&format!("a::B<{long}, {long}>")), "a::B<..>");
        assert_eq!(
            short_type(&format!("a::B<fn(u8) -> c::D<{long}{long}>>")),
            "a::B<fn(u8) -> c::D<..>>"
        );
    }

    #[test]
    fn a_long_path_without_brackets_is_all_that_there_is() {
        let long = "x".repeat(200);
        assert_eq!(short_type(&long), long);
    }
}
