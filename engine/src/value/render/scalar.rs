//! Numbers, letters and truth values.

use super::Renderer;
use crate::symbols::Encoding;
use crate::value::Place;

impl Renderer<'_> {
    /// A value of a base type.
    pub(super) fn base(&mut self, place: &Place<'_>, encoding: Encoding) -> Option<()> {
        let text = scalar(place, encoding)?;
        self.push(&text);
        Some(())
    }

    /// The variant of an enum without fields.
    pub(super) fn plain(
        &mut self,
        place: &Place<'_>,
        enumerators: &[(String, i128)],
    ) -> Option<()> {
        let bits = bits(place)?;
        let width = u32::try_from(place.type_.size.checked_mul(8)?).ok()?;
        let is_same = |value: i128| match width {
            128 => value.cast_unsigned() == bits,
            _ => value.cast_unsigned() & ((1 << width) - 1) == bits,
        };
        let name = enumerators.iter().find(|(_, value)| is_same(*value)).map(|(name, _)| name);
        match name {
            Some(name) => self.push(name.rsplit("::").next().unwrap_or(name)),
            None => self.push(&format!("<{bits}>")),
        }
        Some(())
    }
}

/// The bits of a value of at most 16 bytes.
fn bits(place: &Place<'_>) -> Option<u128> {
    let size = usize::try_from(place.type_.size).ok()?;
    let mut bytes = [0; 16];
    let slice = bytes.get_mut(..size)?;
    if !slice.is_empty() {
        place.program.read(place.address, slice).ok()?;
    }
    Some(u128::from_le_bytes(bytes))
}

fn scalar(place: &Place<'_>, encoding: Encoding) -> Option<String> {
    let bits = bits(place)?;
    let size = place.type_.size;
    Some(match encoding {
        _ if size == 0 => "()".to_owned(),
        Encoding::Boolean => match bits {
            0 => "false".to_owned(),
            1 => "true".to_owned(),
            other => format!("<bool {other}>"),
        },
        Encoding::Character => match u32::try_from(bits).ok().and_then(char::from_u32) {
            Some(letter) => format!("{letter:?}"),
            None => format!("<char {bits:#x}>"),
        },
        Encoding::Float if size == 4 => {
            format!("{:?}", f32::from_bits(u32::try_from(bits).ok()?))
        }
        Encoding::Float if size == 8 => {
            format!("{:?}", f64::from_bits(u64::try_from(bits).ok()?))
        }
        Encoding::Float => format!("<float {bits:#x}>"),
        Encoding::Signed => {
            let unused = 128u32.checked_sub(u32::try_from(size.checked_mul(8)?).ok()?)?;
            format!("{}", bits.cast_signed().checked_shl(unused)?.checked_shr(unused)?)
        }
        Encoding::Unsigned => format!("{bits}"),
    })
}
