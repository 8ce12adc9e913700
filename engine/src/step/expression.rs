//! What the user asks to have watched: a variable, and fields in it.

use std::collections::BTreeMap;

use crate::value::{Place, Pointee, is_secret, search};

/// `variable.field.0`: a variable's name, and names of fields, one in the other. Stars in front of it
/// are allowed and change nothing: references and boxes are followed by themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Expression {
    /// As the user wrote it.
    pub(super) text: String,
    variable: String,
    fields: Vec<String>,
}

/// Most references that are followed for one field.
const MOST_REFERENCES: usize = 8;

/// How deep in wrappers a field is looked for.
const DEPTH: usize = 6;

impl Expression {
    /// Reads what the user gave; none when it is no variable and fields of it.
    pub(super) fn parse(given: &str) -> Option<Expression> {
        let path = given.trim().trim_start_matches('*');
        let mut segments = path.split('.').map(str::trim).map(str::to_owned);
        let is_word = |segment: &String| {
            let mut letters = segment.chars();
            letters.next().is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
                && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        };
        let variable = segments.next().filter(is_word)?;
        let fields: Vec<String> = segments.collect();
        let is_variable = !variable.starts_with(|letter: char| letter.is_ascii_digit());
        (is_variable && fields.iter().all(is_word)).then(|| Expression {
            text: given.trim().to_owned(),
            variable,
            fields,
        })
    }

    /// Whether its value is likely to be a secret.
    pub(super) fn is_secret(&self) -> bool {
        is_secret(&self.text)
    }

    /// Its variable's name.
    pub(super) fn variable(&self) -> &str {
        &self.variable
    }

    /// Where its value lies, among these variables.
    pub(super) fn find<'program>(
        &self,
        variables: &BTreeMap<String, Place<'program>>,
    ) -> Option<Place<'program>> {
        self.inside(variables.get(&self.variable)?)
    }

    /// Where its value lies in its variable.
    pub(super) fn inside<'program>(&self, variable: &Place<'program>) -> Option<Place<'program>> {
        self.fields.iter().try_fold(variable.clone(), |place, field| find_field(&place, field))
    }
}

/// The field of this name in a value, in what it refers to, or in the one wrapper that has it.
fn find_field<'program>(place: &Place<'program>, name: &str) -> Option<Place<'program>> {
    let is_number = name.bytes().all(|digit| digit.is_ascii_digit());
    let name = if is_number { format!("__{name}") } else { name.to_owned() };
    let mut place = place.clone();
    for _ in 0..MOST_REFERENCES {
        if let Some(field) = place.field(&name) {
            return Some(field);
        }
        let holders = search(&place, DEPTH, &|type_| type_.member(&name).is_some());
        match holders.as_slice() {
            [only] => return only.field(&name),
            [] => {}
            _ => return None,
        }
        place = match place.pointee().or_else(|| reference_inside(&place)?.pointee())? {
            Pointee::Thin(target) | Pointee::Dynamic(target) => target,
            Pointee::UnknownDynamic(_) => return None,
        };
    }
    None
}

/// The one reference in a value that is more than that, such as a guard.
fn reference_inside<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let found = search(place, DEPTH, &|type_| {
        type_.own_name.starts_with('&') || type_.is("core::ptr::non_null::NonNull")
    });
    match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_a_variable_and_fields() {
        let check = |given: &str, expected: Option<(&str, &[&str])>| {
            let parsed = Expression::parse(given);
            let parts = parsed.as_ref().map(|parsed| (parsed.variable.as_str(), &parsed.fields));
            let expected = expected.map(|(variable, fields)| {
                (variable, fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>())
            });
            let expected = expected.as_ref().map(|(variable, fields)| (*variable, fields));
            assert_eq!(parts, expected, "{given}");
        };
        check("count", Some(("count", &[])));
        check("*guard", Some(("guard", &[])));
        check("self.store.0.hits", Some(("self", &["store", "0", "hits"])));
        check("", None);
        check("a..b", None);
        check("a + b", None);
        check("a[1]", None);
        check("0.a", None);
    }
}
